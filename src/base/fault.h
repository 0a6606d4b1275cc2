/* SPDX-License-Identifier: MIT */
/* fault.h - named points where a test makes this process stop, or an operation fail. Only in
 * builds with --enable-faults: in all others each point is the constant 0 and the compiler
 * removes it.
 * TMAIL_FAULT=PROGRAM:KIND:N[:forever] chooses: the N-th point of KIND that PROGRAM passes.
 *   exit   the process ends before the N-th step, as kill -9 ends it; a step is whatever changes
 *          what is on a disk or at a peer
 *   torn   it ends in the middle of the N-th write
 *   open read write full fsync rename connect recv send
 *          the operation fails with the errno of a broken disk, a full one (which takes half of
 *          the bytes), or a broken link, once or from then on
 * TMAIL_FAULT_HIT=FILE: the point's name is written there when it is reached, so that a loop knows
 * when it has run past the last one. A process that finds the file at its start came after it
 * happened: nothing fails in it, or all if it is for ever.
 * Must not know: what the operations are for. */
#ifndef TMAIL_BASE_FAULT_H
#define TMAIL_BASE_FAULT_H

#include <stddef.h>
#include <stdint.h>

enum fault_kind {
    FAULT_EXIT, /* a step between operations: nothing can fail there, only stop */
    FAULT_OPEN,
    FAULT_READ,
    FAULT_WRITE, /* EIO; as "full": ENOSPC */
    FAULT_FSYNC,
    FAULT_RENAME, /* rename, link, unlink, truncate */
    FAULT_CONNECT,
    FAULT_RECV,
    FAULT_SEND
};
#ifdef TMAIL_FAULTS
/* 0: go on. -1 with errno set: behave as if the operation had failed with it. May not return.
 * Thread-safe. */
int sys_fault(enum fault_kind kind, const char *point);
/* The same for n bytes that are about to be written: half of them may be, at that place of the file
 * (-1: where the descriptor stands). */
int sys_fault_write(int fd, const void *p, size_t n, int64_t at, const char *point);
/* For writes that are made by others: 1, and it is over after half of them; 2, half of them and
 * ENOSPC. */
int sys_fault_half(const char *point);
void sys_fault_stop(void);
#else
#define sys_fault(kind, point) ((void)(kind), (void)(point), 0)
#define sys_fault_write(fd, p, n, at, point) 0
#endif

#endif
