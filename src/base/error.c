/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* A cut inside a UTF-8 sequence would be a second error: drop the incomplete tail. */
static void trim_utf8_tail(char *text)
{
    size_t n = strlen(text);
    size_t i = n;
    while (i > 0 && n - i < 4 && ((unsigned char)text[i - 1] & 0xC0) == 0x80)
        i--;
    if (i == 0)
        return;
    unsigned char lead = (unsigned char)text[i - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (n - (i - 1) < want)
        text[i - 1] = '\0';
}

static void fill(struct error *err, const char *fmt, va_list ap)
{
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    trim_utf8_tail(err->text);
}

int error_set(struct error *err, enum error_code code, enum error_retry retry, const char *fmt, ...)
{
    va_list ap;
    err->code = code;
    err->retry = retry;
    err->sys = 0;
    va_start(ap, fmt);
    fill(err, fmt, ap);
    va_end(ap);
    return -1;
}

int error_sys(struct error *err, const char *fmt, ...)
{
    va_list ap;
    int number = errno;
    char reason[128];
    err->code = ERR_SYS;
    err->retry = number == ENOSPC || number == EAGAIN || number == EMFILE || number == ENFILE
                     ? RETRY_LATER
                     : RETRY_NEVER;
    err->sys = number;
    va_start(ap, fmt);
    fill(err, fmt, ap);
    va_end(ap);
    size_t n = strlen(err->text);
    snprintf(err->text + n, sizeof err->text - n, ": %s",
             strerror_r(number, reason, sizeof reason));
    trim_utf8_tail(err->text);
    return -1;
}

int error_prefix(struct error *err, const char *fmt, ...)
{
    va_list ap;
    char old[ERROR_TEXT_MAX];
    memcpy(old, err->text, sizeof old);
    va_start(ap, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    size_t n = strlen(err->text);
    snprintf(err->text + n, sizeof err->text - n, "%s", old);
    trim_utf8_tail(err->text);
    return -1;
}

void error_clear(struct error *err)
{
    err->code = ERR_NONE;
    err->retry = RETRY_NEVER;
    err->sys = 0;
    err->text[0] = '\0';
}
