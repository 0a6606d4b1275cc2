/* SPDX-License-Identifier: MIT */
/* A whole message as it came on standard input: its header is kept as it stands, Bcc is taken out,
 * what is missing (From, Date, Message-ID) is filled in. So what other programs built (git
 * send-email, PHP) reaches the wire unchanged. */
#include "cli/letter.h"
#include "cli/send.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "cache/body.h"
#include "cache/outbox.h"
#include "compose/draft.h"
#include "mime/addr.h"
#include "base/banned.h"

enum { FIELD_MAX = 256 << 10, SPEC_MAX = 400, OPT_NO_QUEUE = 256 };

struct order {
    bool from_header /* -t: recipients from the message */, ignore_dots, no_queue;
    int receipt; /* -N: 1 asked for, -1 not, 0 as the account has it */
    const char *from;
    struct buf to, body;
};

/* What the header of the message says, and the message as it will go out. */
struct raw {
    struct str from, subject, message_id, date;
    struct buf rcpts; /* To, Cc and Bcc of -t, as one address list */
    struct buf out;
};

static void crlf_line(struct buf *out, struct str line)
{
    buf_add_str(out, line);
    buf_adds(out, "\r\n");
}

static bool is_field(struct str line, const char *name)
{
    return str_istarts(line, name) && line.n > strlen(name) && line.p[strlen(name)] == ':';
}

/* One field with its continuation lines, off *rest. False at the end of the header: at an empty
 * line, or at a line that is no field (then the body begins there). */
static bool field_next(struct str *rest, struct str *field)
{
    struct str at = *rest, line;
    if (!str_line(&at, &line) || line.n == 0)
        return false;
    size_t colon = str_find(line, ':');
    if (colon == 0 || colon == line.n || str_find(str_head(line, colon), ' ') < colon)
        return false;
    while (at.n > 0 && (at.p[0] == ' ' || at.p[0] == '\t'))
        str_line(&at, &line);
    *field = (struct str){ rest->p, (size_t)(at.p - rest->p) };
    *rest = at;
    return true;
}

static struct str field_value(struct str field)
{
    return str_trim(str_skip(field, str_find(field, ':') + 1));
}

static void rcpts_add(struct raw *r, struct str value)
{
    if (r->rcpts.len > 0)
        buf_adds(&r->rcpts, ", ");
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] != '\r' && value.p[i] != '\n')
            buf_addc(&r->rcpts, value.p[i]);
}

static void field_take(struct raw *r, struct str field, bool from_header)
{
    struct str rest = field, line, value = field_value(field);
    bool bcc = is_field(field, "Bcc");
    if (from_header && (bcc || is_field(field, "To") || is_field(field, "Cc")))
        rcpts_add(r, value);
    if (is_field(field, "From"))
        r->from = value;
    else if (is_field(field, "Subject"))
        r->subject = value;
    else if (is_field(field, "Message-ID"))
        r->message_id = value;
    else if (is_field(field, "Date"))
        r->date = value;
    while (!bcc && str_line(&rest, &line))
        crlf_line(&r->out, line);
}

/* Fills in what RFC 5322 §3.6 demands and the sender left out. */
static void missing_add(struct raw *r, struct arena *a, const char *from)
{
    char date[CLOCK_RFC5322_MAX];
    unsigned char random[16];
    struct str domain = str_c(from);
    if (r->from.n == 0) {
        buf_addf(&r->out, "From: %s\r\n", from);
        r->from = str_c(from);
    }
    if (r->date.n == 0) {
        clock_rfc5322(clock_wall_ms() / 1000, date);
        buf_addf(&r->out, "Date: %s\r\n", date);
    }
    if (r->message_id.n > 0)
        return;
    domain = str_skip(domain, str_rfind(domain, '@') + 1);
    if (domain.n > 0 && domain.p[domain.n - 1] == '>')
        domain.n--;
    clock_random(random, sizeof random);
    struct buf id = BUF_INIT(SPEC_MAX);
    buf_addc(&id, '<');
    for (size_t i = 0; i < sizeof random; i++)
        buf_addf(&id, "%02x", random[i]);
    buf_addf(&id, "@%.*s>", STR_ARG(domain.n > 0 ? domain : STR("localhost")));
    r->message_id = arena_str(a, buf_str(&id));
    buf_addf(&r->out, "Message-ID: %.*s\r\n", STR_ARG(r->message_id));
    buf_free(&id);
}

static void raw_read(struct raw *r, const struct order *o, struct arena *a, const char *from)
{
    struct str rest = buf_str(&o->body), field, line;
    while (field_next(&rest, &field))
        field_take(r, field, o->from_header);
    missing_add(r, a, from);
    buf_adds(&r->out, "\r\n");
    if (rest.n > 0 && (rest.p[0] == '\n' || (rest.p[0] == '\r' && rest.n > 1 && rest.p[1] == '\n')))
        str_line(&rest, &line);
    while (str_line(&rest, &line))
        crlf_line(&r->out, line);
}

static int envelope(struct raw *r, struct arena *a, const char *sender, struct outbox_entry *e,
                    struct error *err)
{
    struct mime_addr *list = arena_array(a, MIME_ADDR_MAX, sizeof *list), from;
    size_t n = mime_addr_list(a, buf_str(&r->rcpts), list, MIME_ADDR_MAX);
    struct buf spec = BUF_INIT(SPEC_MAX);
    struct str author = sender != NULL ? str_c(sender) : r->from;
    if (mime_addr_list(a, author, &from, 1) != 1)
        return error_set(err, ERR_ADDRESS, RETRY_NEVER, _("the sender is no address: %.*s"),
                         STR_ARG(author));
    mime_addr_spec(&from, &spec);
    e->sender = arena_str(a, buf_str(&spec));
    e->rcpts = arena_array(a, n + 1, sizeof *e->rcpts);
    for (size_t i = 0; i < n; i++) {
        if (list[i].group_start || list[i].group_end)
            continue;
        buf_clear(&spec);
        mime_addr_spec(&list[i], &spec);
        e->rcpts[e->rcpts_n++].address = arena_str(a, buf_str(&spec));
    }
    buf_free(&spec);
    return e->rcpts_n > 0 ? 0
                          : error_set(err, ERR_ADDRESS, RETRY_NEVER, _("there is no recipient"));
}

static int body_store(struct cache *cache, struct str bytes, int64_t *body, struct error *err)
{
    unsigned char identity[32];
    int known;
    struct cache_body *b = cache_body_create(cache, err);
    if (b == NULL)
        return -1;
    if (cache_body_append(b, bytes, err) == 0)
        return cache_body_finish(&b, body, identity, &known, err);
    cache_body_drop(&b);
    return -1;
}

static int entry_store(struct cache *cache, struct raw *r, struct outbox_entry *e, int64_t *entry,
                       struct error *err)
{
    e->size = r->out.len;
    e->subject = r->subject;
    e->message_id = r->message_id;
    for (size_t i = 0; i < r->out.len && !e->eight_bit; i++)
        e->eight_bit = (unsigned char)r->out.data[i] >= 0x80;
    if (cache_begin(cache, true, err) != 0)
        return -1;
    if (body_store(cache, buf_str(&r->out), &e->body, err) == 0 &&
        cache_outbox_add(cache, e, 0, entry, err) == 0 && cache_commit(cache, err) == 0)
        return 0;
    cache_rollback(cache);
    return -1;
}

/* The account whose address it is, else the first that can send. */
static const struct config_account *account_find(struct cli *c, const char *from, struct error *err)
{
    const struct config *cfg = &c->config;
    const struct config_account *own = from != NULL ? config_account_of(cfg, str_c(from)) : NULL;
    for (size_t i = 0; own == NULL && i < cfg->accounts_n; i++)
        if (cfg->accounts[i].send != SEND_NONE)
            own = &cfg->accounts[i];
    if (own == NULL)
        error_set(err, ERR_CONFIG, RETRY_NEVER, _("no account has a \"send\" in tmailrc"));
    return own;
}

static int message_queue(struct cli *c, const struct order *o, int64_t *entry, struct error *err)
{
    const struct config_account *account = account_find(c, o->from, err);
    if (account == NULL || cli_need_cache(c, CACHE_WRITE, err) != 0)
        return -1;
    struct raw r = { .rcpts = BUF_INIT(FIELD_MAX), .out = BUF_INIT(2 * (size_t)DRAFT_TEXT_MAX) };
    int64_t now = clock_wall_ms() / 1000;
    struct outbox_entry e = { .state = OUTBOX_QUEUED, .created = now, .not_before = now };
    e.receipt = o->receipt > 0 || (o->receipt == 0 && account->receipt);
    struct arena *a = arena_new(8192);
    buf_add_str(&r.rcpts, buf_str(&o->to));
    raw_read(&r, o, a, o->from != NULL ? o->from : account->address);
    int rc = buf_check(&r.out, err);
    if (rc == 0)
        rc = buf_check(&r.rcpts, err);
    if (rc == 0)
        rc = cache_account_id(c->cache, str_c(account->name), &e.account, err);
    if (rc == 0)
        rc = envelope(&r, a, o->from, &e, err);
    if (rc == 0)
        rc = entry_store(c->cache, &r, &e, entry, err);
    buf_free(&r.rcpts);
    buf_free(&r.out);
    arena_free(&a);
    return rc;
}

/* sendmail's options; those that mean nothing here are taken and ignored, as every stand-in of
 * sendmail does. A sender without a domain is no address: cron's "-f root" means the account's own.
 */
static int option_take(struct order *o, int option, const char *value)
{
    switch (option) {
    case 't':
        o->from_header = true;
        return 0;
    case 'i':
        o->ignore_dots = true;
        return 0;
    case 'o':
        o->ignore_dots = o->ignore_dots || value[0] == 'i';
        return 0;
    case 'f':
    case 'r':
        o->from = strchr(value, '@') != NULL ? value : NULL;
        return 0;
    case 'N':
        o->receipt = str_isearch(str_c(value), STR("success")) < strlen(value) ? 1 : -1;
        return 0;
    case OPT_NO_QUEUE:
        o->no_queue = true;
        return 0;
    case 'b':
        return value[0] == 'm' ? 0 : -1;
    default:
        return option == '?' ? -1 : 0;
    }
}

static int order_read(struct order *o, int argc, char **argv)
{
    static const struct option options[] = { { "no-queue", no_argument, NULL, OPT_NO_QUEUE },
                                             { NULL, 0, NULL, 0 } };
    int option;
    optind = 0;
    while ((option = getopt_long(argc, argv, "tio:f:r:b:F:B:N:R:V:v", options, NULL)) != -1)
        if (option_take(o, option, optarg) != 0)
            return -1;
    for (int i = optind; i < argc; i++) {
        if (!str_is_line(str_c(argv[i])))
            return -1;
        if (o->to.len > 0)
            buf_adds(&o->to, ", ");
        buf_adds(&o->to, argv[i]);
    }
    if (o->from != NULL && !str_is_line(str_c(o->from)))
        return -1;
    return o->to.len > 0 || o->from_header ? 0 : -1;
}

/* A line with one dot ends the input of sendmail without -i. */
static void cut_at_dot(struct buf *body)
{
    struct str rest = buf_str(body), line;
    while (str_line(&rest, &line))
        if (str_eqc(line, ".")) {
            buf_truncate(body, (size_t)(line.p - body->data));
            return;
        }
}

static int order_run(struct cli *c, struct order *o)
{
    struct error err = { 0 };
    int64_t entry = 0;
    int rc = file_read_fd(STDIN_FILENO, &o->body, &err);
    if (rc == 0 && !o->ignore_dots)
        cut_at_dot(&o->body);
    if (rc == 0)
        rc = cli_need_config(c, &err);
    if (rc == 0)
        rc = message_queue(c, o, &entry, &err);
    struct send_order sent = { .body = buf_str(&o->body), .no_queue = o->no_queue };
    if (rc == 0)
        return send_now(c, &sent, entry);
    int code = cli_fail(&err);
    if (sent.body.n > 0)
        letter_save(sent.body);
    return code;
}

bool cli_is_sendmail(int argc, char **argv)
{
    struct str name = str_c(argv[0]);
    if (str_eqc(str_skip(name, str_rfind(name, '/') + 1), "sendmail") || str_eqc(name, "sendmail"))
        return true;
    return argc > 1 && argv[1][0] == '-' && argv[1][1] == 't';
}

int cli_sendmail(struct cli *c, int argc, char **argv)
{
    struct order o = { .to = BUF_INIT(FIELD_MAX), .body = BUF_INIT(DRAFT_TEXT_MAX) };
    int code = EX_USAGE;
    if (order_read(&o, argc, argv) == 0)
        code = order_run(c, &o);
    else {
        fprintf(stderr, "%s\n",
                _("usage: tmail -t [-i] [-f SENDER] [--no-queue] [--] [ADDR...] < message"));
        letter_save(STR(""));
    }
    buf_free(&o.to);
    buf_free(&o.body);
    return code;
}
