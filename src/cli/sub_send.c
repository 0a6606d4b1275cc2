/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "cache/outbox.h"
#include "cli/engine.h"
#include "cli/send.h"
#include "compose/draft.h"
#include "base/banned.h"

enum { LIST_MAX = 1 << 20 };

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
    if (option != 'a' && option != 'n' && refuse_breaks(optarg, err) != 0)
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
    default:
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("see tmail --help for the options"));
    }
}

static int read_options(struct cli *c, struct send *s, int argc, char **argv, struct error *err)
{
    static const struct option options[] = { { "no-queue", no_argument, NULL, 'n' },
                                             { NULL, 0, NULL, 0 } };
    int option;
    optind = 0;
    while ((option = getopt_long(argc, argv, "s:a:c:b:r:", options, NULL)) != -1)
        if (take_option(c, s, option, err) != 0)
            return -1;
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

void send_keep_letter(struct str body)
{
    const char *home = getenv("HOME");
    char *path = xasprintf("%s/dead.letter", home != NULL && home[0] == '/' ? home : ".");
    struct error err;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && file_write_fd(fd, body, path, &err) == 0 && fsync(fd) == 0)
        fprintf(stderr, _("tmail: what was to be sent is kept in %s\n"), path);
    else
        fprintf(stderr, _("tmail: the body could not be kept in %s either\n"), path);
    if (fd >= 0)
        close(fd);
    free(path);
}

static int queued(const char *why, int64_t id)
{
    fprintf(stderr, _("tmail: not sent yet, it waits in the outbox as %lld: %s\n"), (long long)id,
            why);
    return EX_OK;
}

/* Kept for later unless --no-queue said otherwise: then nothing stays but the letter. */
static int not_now(struct cli *c, const struct send_order *o, int64_t id, const struct error *why)
{
    struct error err;
    if (!o->no_queue)
        return queued(why->text, id);
    int rc = cache_outbox_cancel(c->cache, id, &err);
    if (rc < 0)
        return cli_fail(&err);
    (void)cli_fail(why);
    if (rc == 0)
        send_keep_letter(o->body);
    return EX_TEMPFAIL;
}

/* What can go out later stays; what was refused or is in doubt ends the script with its code. */
static bool may_go_later(const struct error *err)
{
    return err->code == ERR_NET || err->code == ERR_SYS || err->code == ERR_CANCELLED ||
           err->code == ERR_LIMIT || err->code == ERR_STORE || err->code == ERR_PROTO;
}

int send_now(struct cli *c, const struct send_order *o, int64_t id)
{
    struct error err = { 0 };
    struct bus_event done;
    struct bus_hint hint = { .kind = HINT_SEND, .id = id };
    if (c->offline) {
        error_set(&err, ERR_NET, RETRY_LATER, _("tmail is offline"));
        return not_now(c, o, id, &err);
    }
    struct bus *bus = engine_open(c, true, &err);
    int rc = bus != NULL ? engine_ask(bus, &hint, NULL, NULL, &done, &err) : -1;
    if (rc == 0)
        engine_error(&done, &err);
    bus_close(&bus);
    if (err.code == ERR_NONE)
        return EX_OK;
    if (rc != 0 || may_go_later(&err))
        return not_now(c, o, id, &err);
    return cli_fail(&err);
}

static int commit_and_send(struct cli *c, struct send *s, struct str body)
{
    struct error err;
    int64_t id;
    int rc = set_body(s->draft, body, &err);
    if (rc == 0)
        rc = cli_need_cache(c, CACHE_WRITE, &err);
    if (rc == 0)
        rc = draft_queue(&s->draft, c->cache, &c->config, clock_wall_ms() / 1000, &id, &err);
    if (rc == 0)
        return send_now(c, &(struct send_order){ .body = body, .no_queue = s->no_queue }, id);
    int code = cli_fail(&err);
    send_keep_letter(body);
    return code;
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
        if (body.len > 0)
            send_keep_letter(buf_str(&body));
    }
    draft_free(&s.draft);
    buf_free(&s.to);
    buf_free(&s.cc);
    buf_free(&s.bcc);
    buf_free(&body);
    return code;
}
