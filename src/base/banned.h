/* SPDX-License-Identifier: MIT */
/* banned.h - functions that must not be used here do not compile. Last include of every .c file,
 * after all system headers; tests/lint holds the rule.
 * Must not know: anything else. */
#ifndef TMAIL_BASE_BANNED_H
#define TMAIL_BASE_BANNED_H

/* clang-format off */
#undef strcpy
#define strcpy(d, s)        banned_strcpy_use_buf_or_str
#undef strncpy
#define strncpy(d, s, n)    banned_strncpy_use_buf_or_str
#undef strcat
#define strcat(d, s)        banned_strcat_use_buf
#undef strncat
#define strncat(d, s, n)    banned_strncat_use_buf
#undef sprintf
#define sprintf(...)        banned_sprintf_use_buf_addf
#undef vsprintf
#define vsprintf(...)       banned_vsprintf_use_buf_addf
#undef strtok
#define strtok(s, d)        banned_strtok_use_str
#undef gets
#define gets(s)             banned_gets
#undef system
#define system(c)           banned_system_use_child
#undef popen
#define popen(c, m)         banned_popen_use_child
#undef alloca
#define alloca(n)           banned_alloca_use_arena
#undef mktemp
#define mktemp(t)           banned_mktemp_use_file
#undef tmpnam
#define tmpnam(s)           banned_tmpnam_use_file
#undef gmtime
#define gmtime(t)           banned_gmtime_use_gmtime_r
#undef localtime
#define localtime(t)        banned_localtime_use_localtime_r
#undef ctime
#define ctime(t)            banned_ctime
#undef asctime
#define asctime(t)          banned_asctime
#undef atoi
#define atoi(s)             banned_atoi_use_str_u64
#undef rand
#define rand()              banned_rand_use_clock_random
/* clang-format on */

#endif
