/* SPDX-License-Identifier: MIT */
#include "net/imap_conn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "config.h"
#include "wire/imap_cmd.h"
#include "net/trace.h"
#include "base/banned.h"

enum {
    IMAP_COMMAND_MAX = 1 << 20,
    IMAP_LITERAL_MINUS = 4096 /* RFC 7888 §5 */
};

/* "FETCH ...", "UID STORE ..." */
static unsigned traits_of(struct str cmd)
{
    static const struct {
        const char *name;
        unsigned plain, uid;
    } rows[] = {
        { "FETCH", TRAIT_NUMBERS | TRAIT_KEEPS, 0 },
        { "SEARCH", TRAIT_NUMBERS | TRAIT_KEEPS, 0 },
        { "STORE", TRAIT_NUMBERS | TRAIT_KEEPS | TRAIT_CHANGES, TRAIT_CHANGES },
        { "COPY", TRAIT_NUMBERS | TRAIT_CHANGES, TRAIT_CHANGES },
        { "MOVE", TRAIT_NUMBERS | TRAIT_CHANGES | TRAIT_MOVES, TRAIT_CHANGES | TRAIT_MOVES },
        { "SORT", TRAIT_NUMBERS, 0 },
        { "THREAD", TRAIT_NUMBERS, 0 },
        { "EXPUNGE", TRAIT_CHANGES, TRAIT_CHANGES },
        { "CLOSE", TRAIT_CHANGES | TRAIT_SELECTS, 0 },
        { "SELECT", TRAIT_SELECTS, 0 },
        { "EXAMINE", TRAIT_SELECTS, 0 },
        { "UNSELECT", TRAIT_SELECTS | TRAIT_CLEAN, 0 },
        { "ID", TRAIT_KEEPS, 0 },
        { "ENABLE", TRAIT_KEEPS, 0 },
        { "COMPRESS", TRAIT_COMPRESSES, 0 },
    };
    struct str word = { 0 };
    (void)str_word(&cmd, &word);
    bool uid = str_ieqc(word, "UID") && str_word(&cmd, &word);
    for (size_t k = 0; k < COUNT(rows); k++)
        if (str_ieqc(word, rows[k].name))
            return uid ? rows[k].uid : rows[k].plain;
    return 0;
}

/* RFC 3501 §5.5: sequence numbers behind what may renumber are ambiguous. A server whose refused
 * SELECT leaves the old mailbox open must not be told to change that one: where none can be open,
 * because there was no SELECT yet or UNSELECT came before it, nothing has to wait. */
static bool must_follow(const struct imap *i, unsigned traits)
{
    for (const struct command *c = i->commands; c != NULL; c = c->next) {
        if (c->start < i->behind)
            continue;
        if ((traits & TRAIT_NUMBERS) && !(c->traits & (TRAIT_KEEPS | TRAIT_SELECTS)))
            return true;
        if ((traits & TRAIT_CHANGES) &&
            (c->traits & (TRAIT_SELECTS | TRAIT_CLEAN)) == TRAIT_SELECTS)
            return true;
    }
    return false;
}

/* BAD, or words that are no answer at all. To what went out with a login that was refused BAD says
 * nothing about the command. */
static bool is_unknown(const struct imap *i, const struct imap_resp *r)
{
    bool no = r != NULL ? r->kind == IMAP_BAD : i->garbled;
    return no && i->lines_max == IMAP_LINES_MAX;
}

static void id_done(void *arg, const struct imap_resp *r)
{
    if (is_unknown(arg, r))
        imap_lie(arg, CAP_ID);
}

/* Names were sent in UTF-8 ahead of the answer: where it is no, the link is given up, and the next
 * one does without. */
static void enable_done(void *arg, const struct imap_resp *r)
{
    struct imap *i = arg;
    uint64_t names = i->enabling & IMAP_UTF8_NAMES;
    i->enabling = 0;
    if (is_unknown(i, r))
        imap_lie(i, CAP_ENABLE);
    if (r == NULL || names == 0 || (i->enabled & names) != 0 || i->lines_max != IMAP_LINES_MAX)
        return;
    imap_lie(i, names);
    i->misnamed = i->named;
}

uint64_t imap_to_enable(const struct imap *i)
{
    uint64_t enable = i->enable & i->caps;
    if (!(i->caps & CAP_IMAP4REV1)) /* there is nothing else */
        enable &= ~CAP_IMAP4REV2;
    return (i->caps & CAP_ENABLE) ? enable : 0;
}

/* In front of the first command: who we are, as some servers (of NetEase) want to know before they
 * open a mailbox, and what is to be enabled. */
static void hello(struct imap *i)
{
    struct buf line = BUF_INIT(200);
    uint64_t enable = imap_to_enable(i);
    i->hello_due = false;
    i->hello_said = true;
    if (i->caps & CAP_ID)
        imap_queue(i, STR("ID (\"name\" \"tmail\" \"version\" \"" PACKAGE_VERSION "\")"),
                   &(struct imap_handler){ .done = id_done, .arg = i });
    if (enable & CAP_QRESYNC)
        buf_adds(&line, " QRESYNC");
    if (enable & CAP_CONDSTORE)
        buf_adds(&line, " CONDSTORE");
    if (enable & CAP_UTF8_ACCEPT)
        buf_adds(&line, " UTF8=ACCEPT");
    if (enable & CAP_IMAP4REV2)
        buf_adds(&line, " IMAP4rev2");
    if (line.len > 0) {
        i->enabling = enable;
        imap_queuef(i, &(struct imap_handler){ .done = enable_done, .arg = i }, "ENABLE%s",
                    buf_c(&line));
    }
    buf_free(&line);
}

struct command *imap_command_add(struct imap *i, const struct imap_handler *h)
{
    if (i->hello_due)
        hello(i);
    struct command *c = xcalloc(1, sizeof *c);
    snprintf(c->tag, sizeof c->tag, "t%u", ++i->next_tag);
    c->start = i->queued;
    if (h != NULL)
        c->h = *h;
    *i->commands_end = c;
    i->commands_end = &c->next;
    return c;
}

static void trace_command(struct imap *i, const struct command *c, struct str cmd)
{
    if (!log_wants(i->log, LOG_DEBUG))
        return;
    struct buf line = BUF_INIT(2 * TRACE_LINE_MAX);
    buf_addf(&line, "%s %.*s", c->tag, STR_ARG(str_head(cmd, TRACE_LINE_MAX)));
    trace_out(i->log, i->host, buf_str(&line));
    buf_free(&line);
}

/* A command by name: what has to wait, waits. */
static struct command *command_begin(struct imap *i, struct str cmd, const struct imap_handler *h)
{
    unsigned traits = traits_of(cmd);
    if (i->hello_due)
        hello(i);
    if (must_follow(i, traits))
        imap_barrier(i);
    struct command *c = imap_command_add(i, h);
    if (traits & TRAIT_SELECTS) {
        bool unselect = (traits & TRAIT_CLEAN) != 0;
        traits |= i->may_be_open ? 0u : TRAIT_CLEAN;
        i->may_be_open = !unselect;
    }
    c->traits = traits;
    trace_command(i, c, cmd);
    return c;
}

bool imap_literal_plus(const struct imap *i, uint64_t size)
{
    return (i->caps & CAP_LITERAL_PLUS) ||
           ((i->caps & CAP_LITERAL_MINUS) && size <= IMAP_LITERAL_MINUS);
}

static void queue_string(struct imap *i, struct command *c, struct str s)
{
    struct buf out = BUF_INIT(IMAP_COMMAND_MAX);
    bool plus = imap_literal_plus(i, s.n);
    bool put = wire_put_astring(&out, s, plus);
    i->unfit = i->unfit || str_find(s, '\0') < s.n || out.over;
    if (put) {
        if (buf_str(&out).p[0] == '{')
            c->traits |= TRAIT_LITERAL_PLUS;
        imap_queue_bytes(i, c, buf_str(&out));
    } else {
        buf_addf(&out, "{%zu}\r\n", s.n);
        imap_queue_bytes(i, c, buf_str(&out));
        imap_queue_waiting(i, c, s);
    }
    buf_free(&out);
}

void imap_queue_pieces(struct imap *i, const struct str *pieces, size_t n,
                       const struct imap_handler *h)
{
    struct command *c = command_begin(i, n > 0 ? pieces[0] : (struct str){ 0 }, h);
    /* a command in one piece may share its piece of the stream with others */
    const struct command *owner = n > 1 ? c : NULL;
    struct buf line = BUF_INIT(IMAP_COMMAND_MAX);
    buf_addf(&line, "%s ", c->tag);
    for (size_t k = 0; k < n; k++) {
        if (k % 2 == 1) {
            imap_queue_bytes(i, owner, buf_str(&line));
            buf_clear(&line);
            queue_string(i, c, pieces[k]);
        } else {
            buf_add_str(&line, pieces[k]);
            i->unfit = i->unfit || !str_is_line(pieces[k]);
        }
    }
    buf_adds(&line, "\r\n");
    i->unfit = i->unfit || line.over;
    imap_queue_bytes(i, owner, buf_str(&line));
    buf_free(&line);
}

void imap_queue(struct imap *i, struct str cmd, const struct imap_handler *h)
{
    imap_queue_pieces(i, &cmd, 1, h);
}

void imap_queuef(struct imap *i, const struct imap_handler *h, const char *fmt, ...)
{
    struct buf line = BUF_INIT(IMAP_COMMAND_MAX);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&line, fmt, ap);
    va_end(ap);
    i->unfit = i->unfit || line.over;
    imap_queue(i, buf_str(&line), h);
    buf_free(&line);
}

/* " (\Seen) "date" {n+}" of one message, from its flags on. */
static void upload_head(struct imap *i, const struct imap_upload *u, bool utf8, struct buf *line)
{
    if (u->flags != 0 || u->keywords.n > 0) {
        buf_addc(line, ' ');
        wire_put_flags(line, u->flags, u->keywords);
    }
    if (u->date != 0) {
        buf_addc(line, ' ');
        wire_put_date(line, u->date);
    }
    buf_addf(line, " %s{%llu%s}\r\n", utf8 ? "UTF8 (~" : "", (unsigned long long)u->size,
             imap_literal_plus(i, u->size) ? "+" : "");
}

void imap_queue_upload(struct imap *i, struct str mailbox, const struct imap_upload *u,
                       const struct imap_handler *h)
{
    struct buf line = BUF_INIT(IMAP_COMMAND_MAX);
    struct error err;
    struct command *c = command_begin(i, STR("APPEND"), h);
    bool plus = imap_literal_plus(i, u->size);
    bool utf8 = u->utf8 && (i->enabled & CAP_UTF8_ACCEPT) != 0;
    buf_addf(&line, "%s APPEND ", c->tag);
    if (imap_put_name(i, &line, mailbox, &err) < 0)
        i->unfit = true;
    upload_head(i, u, utf8, &line);
    i->unfit = i->unfit || line.over;
    imap_queue_bytes(i, NULL, buf_str(&line));
    imap_queue_read(i, c, u, !plus);
    c->traits |= plus ? TRAIT_LITERAL_PLUS : 0;
    imap_queue_bytes(i, c, utf8 ? STR(")\r\n") : STR("\r\n"));
    buf_free(&line);
}

void imap_queue_append(struct imap *i, struct str mailbox, unsigned flags, int64_t date,
                       uint64_t size,
                       int (*read)(void *arg, uint64_t offset, size_t want, struct buf *out,
                                   struct error *err),
                       void *read_arg, const struct imap_handler *h)
{
    struct imap_upload u = {
        .flags = flags, .date = date, .size = size, .read = read, .read_arg = read_arg
    };
    imap_queue_upload(i, mailbox, &u, h);
}

void imap_queue_unselect(struct imap *i, struct str mailbox, const struct imap_handler *h)
{
    if (i->caps & CAP_UNSELECT) {
        imap_queue(i, STR("UNSELECT"), h);
        return;
    }
    struct buf line = BUF_INIT(IMAP_COMMAND_MAX);
    buf_adds(&line, "EXAMINE ");
    buf_add_str(&line, mailbox);
    i->unfit = i->unfit || line.over;
    imap_queue(i, buf_str(&line), NULL);
    imap_queue(i, STR("CLOSE"), h); /* of what is read-only: nothing is expunged */
    buf_free(&line);
}

int imap_compress(struct imap *i, struct error *err)
{
    if (!(i->caps & CAP_COMPRESS))
        return error_set(err, ERR_REFUSED, RETRY_NEVER, _("%s has no COMPRESS"), i->host);
    if (imap_command(i, STR("COMPRESS DEFLATE"), NULL, err) == 0)
        return 0;
    if (!i->broken)
        imap_lie(i, CAP_COMPRESS);
    return -1;
}

/* UIDs that a search found: of SEARCH and of ESEARCH, as many responses as there are. */
struct found {
    uint32_t *uids;
    size_t n, room;
    bool over;
};

static void found_add(struct found *f, uint32_t uid)
{
    if (f->n == IMAP_FOUND_MAX) {
        f->over = true;
        return;
    }
    if (f->n == f->room) {
        f->room = f->room > 0 ? 2 * f->room : 256;
        f->uids = xrealloc(f->uids, f->room, sizeof *f->uids);
    }
    f->uids[f->n++] = uid;
}

static int found_resp(void *arg, const struct imap_resp *r, struct error *err)
{
    struct found *f = arg;
    struct str set = r->uids_from;
    uint32_t first, last;
    (void)err;
    if (r->kind == IMAP_SEARCH)
        for (const struct wire_node *n = r->numbers; n != NULL; n = n->next)
            if (wire_u32(n, &first) == 0 && first > 0)
                found_add(f, first);
    if (r->kind != IMAP_ESEARCH)
        return 0;
    if (imap_set_count(set, 0) > IMAP_FOUND_MAX)
        f->over = set.n > 0;
    else
        while (imap_set_next(&set, 0, &first, &last) == 0)
            for (uint64_t uid = first; uid <= last && !f->over; uid++)
                found_add(f, (uint32_t)uid);
    return 0;
}

static int uid_order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static int found_put(struct found *f, struct buf *set, struct error *err)
{
    size_t kept = 0;
    if (f->n > 1)
        qsort(f->uids, f->n, sizeof *f->uids, uid_order);
    for (size_t k = 0; k < f->n; k++)
        if (kept == 0 || f->uids[k] != f->uids[kept - 1])
            f->uids[kept++] = f->uids[k];
    if (kept > 0)
        imap_set_put(set, f->uids, kept);
    if (f->over || set->over)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("more was found than tmail can take"));
    return 0;
}

int imap_search(struct imap *i, const struct str *pieces, size_t n, struct buf *set,
                struct error *err)
{
    struct found f = { 0 };
    struct imap_handler h = { .resp = found_resp, .arg = &f };
    struct buf first = BUF_INIT(IMAP_COMMAND_MAX);
    struct str *all = xcalloc(n + 1, sizeof *all);
    buf_adds(&first, (i->caps & CAP_ESEARCH) ? "UID SEARCH RETURN (ALL) " : "UID SEARCH ");
    if (n > 0)
        buf_add_str(&first, pieces[0]);
    for (size_t k = 1; k < n; k++)
        all[k] = pieces[k];
    all[0] = buf_str(&first);
    int rc = imap_command_pieces(i, all, n > 0 ? n : 1, &h, err);
    if (rc == 0)
        rc = found_put(&f, set, err);
    free(all);
    free(f.uids);
    buf_free(&first);
    return rc;
}
