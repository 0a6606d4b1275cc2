/* SPDX-License-Identifier: MIT */
#include "compose/when.h"

#include <time.h>

#include "base/i18n.h"
#include "base/mem.h"
#include "base/banned.h"

enum { DAY_S = 86400 };

/* Exactly n digits. */
static int digits(struct str *s, size_t n, int *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (i >= s->n || s->p[i] < '0' || s->p[i] > '9')
            return -1;
        *out = *out * 10 + (s->p[i] - '0');
    }
    *s = str_skip(*s, n);
    return 0;
}

/* "HH:MM", to the end. */
static int clock_time(struct str s, struct tm *tm)
{
    if (digits(&s, 2, &tm->tm_hour) != 0 || str_lit(&s, ":") != 0 ||
        digits(&s, 2, &tm->tm_min) != 0)
        return -1;
    return s.n == 0 && tm->tm_hour < 24 && tm->tm_min < 60 ? 0 : -1;
}

/* "YYYY-MM-DD", and a time behind it. */
static int calendar_time(struct str s, struct tm *tm)
{
    int year, month;
    if (digits(&s, 4, &year) != 0 || str_lit(&s, "-") != 0 || digits(&s, 2, &month) != 0 ||
        str_lit(&s, "-") != 0 || digits(&s, 2, &tm->tm_mday) != 0)
        return -1;
    tm->tm_year = year - 1900;
    tm->tm_mon = month - 1;
    if (s.n == 0)
        return 0;
    if (str_lit(&s, "T") != 0 && str_lit(&s, " ") != 0)
        return -1;
    return clock_time(str_trim(s), tm);
}

/* -1: no calendar has that day. An hour that is left out in spring is the one behind it. */
static int moment(struct tm tm, int64_t *at)
{
    struct tm made = tm;
    made.tm_isdst = -1;
    time_t t = mktime(&made);
    if (made.tm_mday != tm.tm_mday || made.tm_mon != tm.tm_mon || made.tm_year != tm.tm_year)
        return -1;
    *at = (int64_t)t;
    return 0;
}

static int from_now(struct str s, int64_t now, int64_t *at)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = { { 'm', 60 }, { 'h', 3600 }, { 'd', DAY_S }, { 'w', 7 * DAY_S } };
    uint64_t n;
    if (str_u64(&s, &n) != 0 || s.n != 1 || n > (uint64_t)WHEN_MAX_DAYS * 24 * 60)
        return -1;
    for (size_t i = 0; i < COUNT(units); i++)
        if (units[i].unit == s.p[0]) {
            *at = now + (int64_t)n * units[i].seconds;
            return 0;
        }
    return -1;
}

static int today_at(struct str s, int64_t now, int64_t *at)
{
    time_t t = (time_t)now;
    struct tm tm = { 0 };
    if (localtime_r(&t, &tm) == NULL || clock_time(s, &tm) != 0)
        return -1;
    tm.tm_sec = 0;
    if (moment(tm, at) != 0)
        return -1;
    if (*at > now)
        return 0;
    tm.tm_isdst = -1;
    tm.tm_mday++;
    *at = (int64_t)mktime(&tm);
    return 0;
}

int when_read(struct str text, int64_t now, int64_t *at, struct error *err)
{
    struct str s = str_trim(text);
    struct tm tm = { 0 };
    int rc;
    if (str_lit(&s, "+") == 0)
        rc = from_now(s, now, at);
    else if (s.n == 5)
        rc = today_at(s, now, at);
    else {
        rc = calendar_time(s, &tm);
        rc = rc == 0 ? moment(tm, at) : rc;
    }
    if (rc != 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("\"%.*s\" is no time: write +2h, 18:30 or 2026-12-01 08:00"),
                         STR_ARG(text));
    if (*at < now)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("\"%.*s\" is past"), STR_ARG(text));
    if (*at - now > (int64_t)WHEN_MAX_DAYS * DAY_S)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("\"%.*s\" is too far away"), STR_ARG(text));
    return 0;
}
