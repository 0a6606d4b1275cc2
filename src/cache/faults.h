/* SPDX-License-Identifier: MIT */
/* faults.h - the points of base/fault.h in what SQLite does to files, which it calls itself. Only in
 * builds with --enable-faults.
 * Must not know: tables. */
#ifndef TMAIL_CACHE_FAULTS_H
#define TMAIL_CACHE_FAULTS_H

#ifdef TMAIL_FAULTS
/* The name of the file layer for sqlite3_open_v2, made at the first call. Thread-safe. */
const char *cache_faults(void);
#else
#define cache_faults() NULL
#endif

#endif
