/* SPDX-License-Identifier: MIT */
/* worker.h - the life of tmail-decode: takes questions from a descriptor, answers them, ends
 * when the other side goes. It has a ceiling on memory and on the processor time of one
 * question.
 * Must not know: files, the network: there is nothing that it could open for an answer. */
#ifndef TMAIL_DECODE_WORKER_H
#define TMAIL_DECODE_WORKER_H

/* Sets the limits of this process; before worker_run. */
void worker_limits(void);
/* Serves both directions of fd until its end: exit code. */
int worker_run(int fd);

#endif
