/* SPDX-License-Identifier: MIT */
#include "net/facts.h"

#include "wire/imap_resp.h"
#include "base/banned.h"

/* "27" "Nov" "2026" "06:15:51" "+0000" */
enum { DAY, MONTH, YEAR, TIME, ZONE, DATE_WORDS };

int64_t facts_clock(struct str words)
{
    struct str last[DATE_WORDS] = { 0 }, word;
    int64_t seconds;
    while (str_word(&words, &word)) {
        for (size_t i = 1; i < DATE_WORDS; i++)
            last[i - 1] = last[i];
        last[ZONE] = str_head(word, 5); /* what stands behind it may be glued to it */
        struct buf date = BUF_INIT(64);
        buf_addf(&date, "%.*s-%.*s-%.*s %.*s %.*s", STR_ARG(last[DAY]), STR_ARG(last[MONTH]),
                 STR_ARG(last[YEAR]), STR_ARG(last[TIME]), STR_ARG(last[ZONE]));
        bool is_one = !date.over && wire_imap_date(buf_str(&date), &seconds) == 0;
        buf_free(&date);
        if (is_one)
            return seconds;
        last[ZONE] = word;
    }
    return 0;
}
