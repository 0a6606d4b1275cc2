/* SPDX-License-Identifier: MIT */
#include "mime/mbox.h"

#include <time.h>

#include "base/banned.h"

static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static bool is_name(struct str word, const char (*names)[4], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_ieqc(word, names[i]))
            return true;
    return false;
}

static bool is_number(struct str word, uint64_t low, uint64_t high)
{
    uint64_t v = 0;
    return str_u64(&word, &v) == 0 && word.n == 0 && v >= low && v <= high;
}

static bool is_time(struct str word)
{
    struct str hour, minute;
    if (str_until(&word, ':', &hour) != 0 || !is_number(hour, 0, 23))
        return false;
    if (str_until(&word, ':', &minute) == 0)
        return is_number(minute, 0, 59) && is_number(word, 0, 60);
    return is_number(word, 0, 59);
}

/* "Mmm dd hh:mm[:ss] [zone] yyyy [zone]": what follows the day of the week */
static bool is_date_tail(struct str rest)
{
    struct str word;
    if (!str_word(&rest, &word) || !is_name(word, months, COUNT(months)))
        return false;
    if (!str_word(&rest, &word) || !is_number(word, 1, 31))
        return false;
    if (!str_word(&rest, &word) || !is_time(word))
        return false;
    for (unsigned i = 0; i < 3 && str_word(&rest, &word); i++)
        if (is_number(word, 1900, 9999))
            return true;
    return false;
}

bool mbox_is_from_line(struct str line)
{
    /* RFC 4155 appendix A, with blanks in the sender, no seconds and zones as they are found */
    struct str rest = line, word;
    if (str_lit(&rest, "From ") != 0)
        return false;
    rest = str_trim(rest);
    while (str_word(&rest, &word))
        if (is_name(word, days, COUNT(days)) && is_date_tail(rest))
            return true;
    return false;
}

static void blanks_skip(struct str *in)
{
    while (str_lit(in, " ") == 0)
        ;
}

/* 0 to 11; -1. */
static int month_read(struct str word)
{
    for (size_t i = 0; i < COUNT(months); i++)
        if (str_eqc(word, months[i]))
            return (int)i;
    return -1;
}

/* "hh:mm[:ss]" */
static int time_read(struct str *in, struct tm *tm)
{
    uint32_t hour;
    uint32_t min;
    uint32_t sec = 0;
    if (str_u32(in, &hour) || str_lit(in, ":") || str_u32(in, &min) ||
        (str_lit(in, ":") == 0 && str_u32(in, &sec)) || hour > 24 || min > 60 || sec > 60)
        return -1;
    tm->tm_hour = (int)hour;
    tm->tm_min = (int)min;
    tm->tm_sec = (int)sec;
    return 0;
}

/* "dd hh:mm:ss [zone] yyyy" */
static int day_read(struct str in, struct tm *tm)
{
    uint32_t day;
    uint32_t year = 0;
    struct str zone;
    blanks_skip(&in);
    if (str_u32(&in, &day) || str_lit(&in, " ") || time_read(&in, tm) != 0)
        return -1;
    blanks_skip(&in);
    while (str_u32(&in, &year) != 0 && str_word(&in, &zone))
        blanks_skip(&in);
    if (year < 1970 || year > 9999 || day == 0 || day > 31)
        return -1;
    tm->tm_year = (int)year - 1900;
    tm->tm_mday = (int)day;
    return 0;
}

int64_t mbox_from_date(struct str line, int64_t otherwise)
{
    struct str word;
    while (str_word(&line, &word)) {
        struct tm tm = { .tm_mon = month_read(word) };
        if (tm.tm_mon >= 0 && day_read(line, &tm) == 0)
            return (int64_t)timegm(&tm);
    }
    return otherwise;
}

void mbox_from_line(struct str sender, int64_t when, struct buf *out)
{
    struct tm tm = { 0 };
    time_t t = (time_t)when;
    if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 70 || tm.tm_year > 8099)
        tm = (struct tm){ .tm_mday = 1, .tm_year = 70, .tm_wday = 4 };
    buf_adds(out, "From ");
    for (size_t i = 0; i < sender.n; i++)
        buf_addc(out, (unsigned char)sender.p[i] <= ' ' ? '-' : sender.p[i]);
    if (sender.n == 0)
        buf_adds(out, "MAILER-DAEMON");
    buf_addf(out, " %s %s %2d %02d:%02d:%02d %d\n", days[tm.tm_wday], months[tm.tm_mon], tm.tm_mday,
             tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
}

bool mbox_needs_quote(struct str line)
{
    while (line.n > 0 && line.p[0] == '>')
        line = str_skip(line, 1);
    return str_starts(line, "From ");
}

bool mbox_is_quoted(struct str line)
{
    return line.n > 0 && line.p[0] == '>' && mbox_needs_quote(line);
}
