/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "cache/outbox.h"
#include "cli/engine.h"
#include "cli/letter.h"
#include "cli/out.h"
#include "cli/send.h"
#include "compose/draft.h"
#include "base/banned.h"

enum { LIST_MAX = 1 << 20, OPT_AT = 256, OPT_RECEIPT };

struct send {
    struct draft *draft;
    struct buf to, cc, bcc;
    bool no_queue;
};

static void add_address(struct buf *list, const char *address)
{
    if (list->len > 0)
        buf_adds(list, ", ");
    buf_adds(list, address);
}

static int refuse_breaks(const char *text, struct error *err)
{
    if (str_is_line(str_c(text)))
        return 0;
    return error_set(err, ERR_USAGE, RETRY_NEVER, _("a line break in a header field is refused"));
}

static int take_sender(struct cli *c, struct send *s, const char *from, struct error *err)
{
    const struct config_account *account = config_account_of(&c->config, str_c(from));
    if (account != NULL)
        draft_set(&s->draft->account, str_c(account->name));
    draft_set(&s->draft->from, str_c(from));
    return refuse_breaks(from, err);
}

static int take_option(struct cli *c, struct send *s, int option, struct error *err)
{
    if (option != 'a' && optarg != NULL && refuse_breaks(optarg, err) != 0)
        return -1;
    switch (option) {
    case 's':
        draft_set(&s->draft->subject, str_c(optarg));
        return 0;
    case 'a':
        return draft_attach(s->draft, optarg, false, err);
    case 'c':
        add_address(&s->cc, optarg);
        return 0;
    case 'b':
        add_address(&s->bcc, optarg);
        return 0;
    case 'r':
        return take_sender(c, s, optarg, err);
    case 'n':
        s->no_queue = true;
        return 0;
    case OPT_AT:
        draft_header_set(s->draft, "Send-At", str_c(optarg));
        return 0;
    case OPT_RECEIPT:
        draft_header_set(s->draft, "Receipt", STR("yes"));
        return 0;
    default:
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("see tmail --help for the options"));
    }
}

static int read_options(struct cli *c, struct send *s, int argc, char **argv, struct error *err)
{
    static const struct option options[] = { { "no-queue", no_argument, NULL, 'n' },
                                             { "at", required_argument, NULL, OPT_AT },
                                             { "receipt", no_argument, NULL, OPT_RECEIPT },
                                             { NULL, 0, NULL, 0 } };
    int option;
    optind = 0;
    while ((option = getopt_long(argc, argv, "s:a:c:b:r:", options, NULL)) != -1)
        if (take_option(c, s, option, err) != 0)
            return -1;
    if (s->no_queue && draft_header(s->draft, "Send-At") != NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--at and --no-queue exclude each other"));
    for (int i = optind; i < argc; i++) {
        if (refuse_breaks(argv[i], err) != 0)
            return -1;
        add_address(&s->to, argv[i]);
    }
    draft_set(&s->draft->to, buf_str(&s->to));
    draft_set(&s->draft->cc, buf_str(&s->cc));
    draft_set(&s->draft->bcc, buf_str(&s->bcc));
    return 0;
}

/* What cannot be sent is told before anything is read. */
static int check_draft(struct cli *c, const struct send *s, struct error *err)
{
    struct draft_remark remarks[8];
    size_t n = draft_review(s->draft, &c->config, remarks, COUNT(remarks));
    for (size_t i = 0; i < n; i++)
        if (remarks[i].fatal)
            return error_set(err, ERR_ADDRESS, RETRY_NEVER, "%s", remarks[i].text);
    return 0;
}

/* The body as UTF-8: bytes that are none are taken for Latin-1, as old scripts write them. */
static int set_body(struct draft *d, struct str raw, struct error *err)
{
    if (str_find(raw, '\0') < raw.n)
        return error_set(err, ERR_PARSE, RETRY_NEVER,
                         _("the body holds NUL bytes: attach such a file with -a"));
    if (utf8_valid(raw)) {
        draft_set(&d->text, raw);
        return 0;
    }
    struct buf text = BUF_INIT(2 * (size_t)DRAFT_TEXT_MAX);
    for (size_t i = 0; i < raw.n; i++)
        utf8_put(&text, (unsigned char)raw.p[i]);
    draft_set(&d->text, buf_str(&text));
    buf_free(&text);
    return 0;
}

/* One line on stderr; why may hold words of a server. */
static void tell(const char *format, int64_t id, const char *why)
{
    char *text = xasprintf(format, (long long)id, why);
    struct buf clean = BUF_INIT(4 * ERROR_TEXT_MAX);
    out_clean(str_c(text), false, &clean);
    fprintf(stderr, "tmail: %s\n", buf_c(&clean));
    buf_free(&clean);
    free(text);
}

/* With --no-queue nothing stays but the letter, unless it is too late to call the message back. */
static int call_back(struct cli *c, const struct send_order *o, int64_t id, const struct error *why,
                     int code)
{
    struct error err;
    int64_t draft = 0;
    bool kept = cache_outbox_draft(c->cache, id, &draft, &err) == 0;
    int rc = cache_outbox_cancel(c->cache, id, &err);
    if (rc == 0 && kept)
        rc = cache_draft_drop(c->cache, draft, &err);
    if (rc < 0)
        return cli_fail(&err);
    if (rc > 0) {
        tell(_("too late to call it back, it is in the outbox as %lld: %s"), id, why->text);
        return code;
    }
    (void)cli_fail(why);
    letter_save(o->body);
    return code;
}

/* What can go out later stays; what was refused or is in doubt ends the script with its code. */
static bool may_go_later(const struct error *err)
{
    return err->code == ERR_NET || err->code == ERR_SYS || err->code == ERR_CANCELLED ||
           err->code == ERR_LIMIT || err->code == ERR_STORE || err->code == ERR_PROTO;
}

/* The message is in the outbox and did not go: what becomes of it is said with the reason. */
static int not_sent(struct cli *c, const struct send_order *o, int64_t id, const struct error *why)
{
    bool later = may_go_later(why);
    if (o->no_queue && why->code != ERR_DOUBT)
        return call_back(c, o, id, why, later ? EX_TEMPFAIL : cli_exit_code(why));
    if (later) {
        tell(_("not sent yet, it waits in the outbox as %lld: %s"), id, why->text);
        return EX_OK;
    }
    tell(_("not sent, it is kept in the outbox as %lld: %s"), id, why->text);
    return cli_exit_code(why);
}

int send_now(struct cli *c, const struct send_order *o, int64_t id)
{
    struct error err = { 0 };
    struct bus_event done;
    struct bus_hint hint = { .kind = HINT_SEND, .id = id };
    struct engine_link link;
    if (c->offline) {
        error_set(&err, ERR_NET, RETRY_LATER, _("tmail is offline"));
        return not_sent(c, o, id, &err);
    }
    int rc = engine_open(c, true, &link, &err);
    if (rc == 0)
        rc = engine_ask(&link, &hint, NULL, NULL, &done, &err);
    if (rc == 0)
        engine_error(&done, &err);
    engine_close(&link);
    return err.code == ERR_NONE ? EX_OK : not_sent(c, o, id, &err);
}

/* It stays where it is until then, and an engine that runs hears of it by itself. */
static int told_later(int64_t id, int64_t at)
{
    char when[CLOCK_RFC5322_MAX];
    clock_rfc5322(at, when);
    tell(_("it waits in the outbox as %lld until %s"), id, when);
    return EX_OK;
}

static int commit_and_send(struct cli *c, struct send *s, struct str body)
{
    struct error err;
    int64_t id, now = clock_wall_ms() / 1000, at = now;
    int rc = set_body(s->draft, body, &err);
    if (rc == 0)
        rc = draft_send_at(s->draft, now, now, &at, &err);
    if (rc == 0)
        rc = cli_need_cache(c, CACHE_WRITE, &err);
    if (rc == 0)
        rc = draft_queue(&s->draft, c->cache, &c->config, now, &id, &err);
    if (rc == 0 && at > now)
        return told_later(id, at);
    if (rc == 0)
        return send_now(c, &(struct send_order){ .body = body, .no_queue = s->no_queue }, id);
    int code = cli_fail(&err);
    letter_save(body);
    return code;
}

/* A subject was given: what comes on standard input was meant to be sent. */
static bool is_letter(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (str_starts(str_c(argv[i]), "-s"))
            return true;
    return false;
}

int cli_send(struct cli *c, int argc, char **argv)
{
    struct send s = { 0 };
    struct buf body = BUF_INIT(DRAFT_TEXT_MAX);
    struct error err;
    int code;
    buf_init(&s.to, LIST_MAX);
    buf_init(&s.cc, LIST_MAX);
    buf_init(&s.bcc, LIST_MAX);
    int rc = cli_need_config(c, &err);
    if (rc == 0) {
        s.draft = draft_new(&c->config, NULL);
        rc = read_options(c, &s, argc, argv, &err);
    }
    if (rc == 0)
        rc = check_draft(c, &s, &err);
    if (rc == 0)
        rc = file_read_fd(STDIN_FILENO, &body, &err);
    if (rc == 0)
        code = commit_and_send(c, &s, buf_str(&body));
    else {
        code = cli_fail(&err);
        if (is_letter(argc, argv))
            letter_save(buf_str(&body));
    }
    draft_free(&s.draft);
    buf_free(&s.to);
    buf_free(&s.cc);
    buf_free(&s.bcc);
    buf_free(&body);
    return code;
}
