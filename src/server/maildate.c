/* SPDX-License-Identifier: MIT */
#include "server/maildate.h"

#include "base/mem.h"
#include "base/banned.h"

enum { DAY = 86400, MONTHS = 12 };

static int month_of(struct str word)
{
    static const char *const names[MONTHS] = { "jan", "feb", "mar", "apr", "may", "jun",
                                               "jul", "aug", "sep", "oct", "nov", "dec" };
    for (int i = 0; i < MONTHS; i++)
        if (str_istarts(word, names[i]))
            return i + 1;
    return 0;
}

/* Days since 1970 of a day in the Gregorian calendar, by counting from March of a year of 400. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool is_day(int64_t year, int64_t month, int64_t day)
{
    static const int days[MONTHS] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return year >= 1 && year <= 9999 && month >= 1 && month <= MONTHS && day >= 1 &&
           day <= days[month - 1] && (month != 2 || day < 29 || leap);
}

/* Blanks, line ends, comments. */
static void blanks_skip(struct str *in)
{
    size_t depth = 0;
    size_t i = 0;
    for (; i < in->n && (depth > 0 || in->p[i] == '(' || ascii_is_space(in->p[i])); i++)
        if (in->p[i] == '(')
            depth++;
        else if (in->p[i] == ')')
            depth--;
    *in = str_skip(*in, i);
}

/* Letters, or digits, or one other sign. */
static struct str token_take(struct str *in)
{
    size_t i = 0;
    blanks_skip(in);
    if (in->n > 0 && ascii_is_digit(in->p[0]))
        while (i < in->n && ascii_is_digit(in->p[i]))
            i++;
    else
        while (i < in->n && ascii_is_alnum(in->p[i]) && !ascii_is_digit(in->p[i]))
            i++;
    struct str token = str_head(*in, i > 0 ? i : 1);
    *in = str_skip(*in, token.n);
    return token;
}

static int number_take(struct str *in, int64_t max, int64_t *n, size_t *digits)
{
    struct str rest = *in;
    uint64_t v;
    struct str token = token_take(&rest);
    *digits = token.n;
    if (token.n > 4 || str_u64(&token, &v) != 0 || v > (uint64_t)max)
        return -1;
    *n = (int64_t)v;
    *in = rest;
    return 0;
}

/* RFC 5322 §4.3: years of two and three digits. */
static int64_t whole_year(int64_t year, size_t digits)
{
    if (digits == 2)
        return year < 50 ? year + 2000 : year + 1900;
    return digits == 3 ? year + 1900 : year;
}

/* "hh:mm[:ss]" as seconds; 0 when it is none. */
static int64_t time_take(struct str *in)
{
    struct str rest = *in;
    int64_t h, m;
    int64_t s = 0;
    size_t digits;
    if (number_take(&rest, 23, &h, &digits) != 0 ||
        (blanks_skip(&rest), str_lit(&rest, ":")) != 0 || number_take(&rest, 59, &m, &digits) != 0)
        return 0;
    *in = rest;
    blanks_skip(&rest);
    if (str_lit(&rest, ":") == 0 && number_take(&rest, 60, &s, &digits) == 0)
        *in = rest;
    return h * 3600 + m * 60 + s;
}

/* Seconds east of UTC. */
static int64_t zone_take(struct str *in)
{
    static const struct {
        const char *name;
        int hours;
    } zones[] = { { "EDT", -4 }, { "EST", -5 }, { "CDT", -5 }, { "CST", -6 },
                  { "MDT", -6 }, { "MST", -7 }, { "PDT", -7 }, { "PST", -8 } };
    int64_t value;
    size_t digits;
    struct str sign = token_take(in);
    for (size_t i = 0; i < COUNT(zones); i++)
        if (str_ieqc(sign, zones[i].name))
            return zones[i].hours * 3600;
    if ((!str_eqc(sign, "+") && !str_eqc(sign, "-")) ||
        number_take(in, 9959, &value, &digits) != 0 || digits != 4 || value % 100 > 59)
        return 0;
    int64_t east = value / 100 * 3600 + value % 100 * 60;
    return str_eqc(sign, "-") ? -east : east;
}

int maildate_read(struct str value, struct maildate *out)
{
    int64_t day, year;
    size_t digits;
    struct str rest = value;
    struct str word = token_take(&rest);
    if (word.n > 0 && !ascii_is_digit(word.p[0])) { /* the name of the day */
        blanks_skip(&rest);
        (void)str_lit(&rest, ",");
        value = rest;
    }
    if (number_take(&value, 31, &day, &digits) != 0)
        return -1;
    blanks_skip(&value);
    (void)str_lit(&value, "-"); /* "1-Jan-2024" is seen, too */
    int month = month_of(token_take(&value));
    blanks_skip(&value);
    (void)str_lit(&value, "-");
    if (number_take(&value, 9999, &year, &digits) != 0 || digits < 2)
        return -1;
    year = whole_year(year, digits);
    if (!is_day(year, month, day))
        return -1;
    out->day = days_of(year, month, day) * DAY;
    int64_t time = time_take(&value);
    out->seconds = out->day + time - zone_take(&value);
    return 0;
}

int maildate_day(struct str s, int64_t *day)
{
    int64_t d, year;
    size_t digits;
    struct str month;
    if (s.n == 0 || ascii_is_space(s.p[0]) || number_take(&s, 31, &d, &digits) != 0 || digits > 2 ||
        str_lit(&s, "-") != 0 || str_until(&s, '-', &month) != 0 || month.n != 3 || s.n != 4 ||
        number_take(&s, 9999, &year, &digits) != 0 || digits != 4 ||
        !is_day(year, month_of(month), d))
        return -1;
    *day = days_of(year, month_of(month), d) * DAY;
    return 0;
}
