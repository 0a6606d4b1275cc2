/* SPDX-License-Identifier: MIT */
/* fault.h - named points where a test makes this process stop, or an operation fail. Only in
 * builds with --enable-faults: in all others each point is the constant 0 and the compiler
 * removes it.
 * TMAIL_FAULT=PROGRAM:KIND:N[:forever] chooses: the N-th point of KIND that PROGRAM passes. KIND is
 * "exit" (every point counts; the process ends there as kill -9 ends it) or the name of an
 * operation (it fails with the errno of a broken disk, a full one, or a broken link), once or from
 * then on. TMAIL_FAULT_HIT=FILE: one line with the point's name is appended when it is reached, so
 * that the loop knows when it has run past the last one.
 * Must not know: what the operations are for. */
#ifndef TMAIL_BASE_FAULT_H
#define TMAIL_BASE_FAULT_H

enum fault_kind {
    FAULT_EXIT, /* a point between operations: nothing can fail there, only stop */
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
#else
#define sys_fault(kind, point) 0
#endif

#endif
