/* SPDX-License-Identifier: MIT */
#include "server/maillog.h"

#include <inttypes.h>
#include <string.h>

#include "base/banned.h"

enum { VALUE_MAX = 450, LINE_BYTES = 2000 };

/* A value, cut, without what could end it: blanks, quotes, brackets and backslashes become
 * \xNN. */
static void put(struct buf *out, struct str value, bool blanks)
{
    size_t start = out->len;
    for (size_t i = 0; i < value.n && out->len - start < VALUE_MAX; i++) {
        unsigned char c = (unsigned char)value.p[i];
        bool plain = c > ' ' && c != 0x7F && strchr("\"<>]\\", c) == NULL;
        if (plain || (blanks && c == ' '))
            buf_addc(out, (char)c);
        else
            buf_addf(out, "\\x%02x", c);
    }
}

static void put_between(struct buf *out, const char *before, struct str value, const char *after)
{
    buf_adds(out, before);
    put(out, value, after[0] == '"');
    buf_adds(out, after);
}

static void begin(struct buf *line, const char *id, const char *word)
{
    buf_init(line, LINE_BYTES);
    put_between(line, "mail ", str_c(id), " ");
    buf_adds(line, word);
}

static void end(struct log *l, struct buf *line)
{
    log_line(l, LOG_INFO, "%s", buf_c(line));
    buf_free(line);
}

void maillog_accepted(struct log *l, const char *id, struct str sender, const char *by,
                      uint64_t size, size_t recipients)
{
    struct buf line;
    begin(&line, id, "accepted");
    put_between(&line, " from=<", sender, ">");
    put_between(&line, " by=[", str_c(by), "]");
    buf_addf(&line, " size=%" PRIu64 " rcpts=%zu", size, recipients);
    end(l, &line);
}

void maillog_refused(struct log *l, const char *id, struct str sender, struct str to,
                     const char *by, unsigned code)
{
    struct buf line;
    begin(&line, id, "refused");
    put_between(&line, " from=<", sender, ">");
    if (to.n > 0)
        put_between(&line, " to=<", to, ">");
    put_between(&line, " by=[", str_c(by), "]");
    buf_addf(&line, " code=%u", code);
    end(l, &line);
}

void maillog_delivered(struct log *l, const char *id, struct str to, const char *account)
{
    struct buf line;
    begin(&line, id, "delivered");
    put_between(&line, " to=<", to, ">");
    put_between(&line, " account=", str_c(account), "");
    end(l, &line);
}

void maillog_queued(struct log *l, const char *id, size_t recipients)
{
    struct buf line;
    begin(&line, id, "queued");
    buf_addf(&line, " rcpts=%zu", recipients);
    end(l, &line);
}

void maillog_attempt(struct log *l, const char *id, enum maillog_fate fate, struct str to,
                     const char *host, unsigned code, struct str text)
{
    static const char *const words[] = {
        [MAILLOG_SENT] = "sent", [MAILLOG_LATER] = "later", [MAILLOG_FAILED] = "failed"
    };
    struct buf line;
    begin(&line, id, words[fate]);
    put_between(&line, " to=<", to, ">");
    put_between(&line, " via=[", str_c(host), "]");
    buf_addf(&line, " code=%u", code);
    put_between(&line, " said=\"", text, "\"");
    end(l, &line);
}

void maillog_reported(struct log *l, const char *id, const char *report_id)
{
    struct buf line;
    begin(&line, id, "reported");
    put_between(&line, " by=", str_c(report_id), "");
    end(l, &line);
}

void maillog_done(struct log *l, const char *id, const char *why)
{
    struct buf line;
    begin(&line, id, "done");
    put_between(&line, " why=", str_c(why), "");
    end(l, &line);
}
