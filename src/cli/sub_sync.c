/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/i18n.h"
#include "bus/progress.h"
#include "cache/journal.h"
#include "cli/engine.h"
#include "cli/out.h"
#include "cli/watch.h"
#include "base/banned.h"

enum { ACCOUNTS_MAX = 32, LINE_MAX_BYTES = 4096 };

struct sync {
    struct str accounts[ACCOUNTS_MAX];
    size_t accounts_n;
    struct str folder;
    bool watch, json, terminal;
    struct cli *cli;
    struct watch news; /* empty until somebody watches */
    struct error told; /* the last that an event told */
    int code;          /* of the first that an event told */
};

static int read_options(struct sync *s, int argc, char **argv)
{
    static const struct option options[] = { { "watch", no_argument, NULL, 'w' },
                                             { "json", no_argument, NULL, 'j' },
                                             { NULL, 0, NULL, 0 } };
    int o;
    while ((o = getopt_long(argc, argv, "a:f:", options, NULL)) != -1) {
        if (o == 'w')
            s->watch = true;
        else if (o == 'j')
            s->json = true;
        else if (o == 'f')
            s->folder = str_c(optarg);
        else if (o == 'a' && s->accounts_n < ACCOUNTS_MAX)
            s->accounts[s->accounts_n++] = str_c(optarg);
        else
            return -1;
    }
    return optind == argc ? 0 : -1;
}

static void show_progress(const struct bus_event *ev)
{
    struct buf line = BUF_INIT(LINE_MAX_BYTES);
    buf_addf(&line, "%.*s: ", STR_ARG(ev->account));
    bus_progress_words(ev, &line);
    fputs("\r\033[K", stderr);
    struct buf clean = BUF_INIT(2 * LINE_MAX_BYTES);
    out_clean(buf_str(&line), false, &clean);
    fputs(buf_c(&clean), stderr);
    fflush(stderr);
    buf_free(&clean);
    buf_free(&line);
}

static void show_words(const struct sync *s, struct str words)
{
    struct buf clean = BUF_INIT(LINE_MAX_BYTES);
    out_clean(words, false, &clean);
    fprintf(stderr, "%stmail: %s\n", s->terminal ? "\r\033[K" : "", buf_c(&clean));
    buf_free(&clean);
}

/* Also what did not end the pass: a folder that cannot be opened. */
static void note_error(struct sync *s, const struct bus_event *ev)
{
    engine_error(ev, &s->told);
    if (s->code == EX_OK)
        s->code = cli_exit_code(&s->told);
    if (!s->json)
        show_words(s, str_c(s->told.text));
}

/* The engine names folders by their numbers, which nobody else knows. */
static void print_event(const struct sync *s, struct bus_event ev)
{
    struct arena *a = arena_new(1024);
    struct buf line = BUF_INIT(BUS_LINE_MAX);
    struct cache_folder f;
    struct error ignored;
    if (ev.kind == EVENT_FOLDER && cache_folder_get(s->cli->cache, a, ev.id, &f, &ignored) == 0 &&
        cache_account_name(s->cli->cache, a, f.account, &ev.account, &ignored) == 0)
        ev.folder = f.name;
    bus_event_write(&ev, &line);
    fputs(buf_c(&line), stdout);
    fflush(stdout);
    buf_free(&line);
    arena_free(&a);
}

/* What servers refused just now, or while nobody was here to be told: said, then forgotten. */
static void tell_refused(struct sync *s)
{
    struct arena *a = arena_new(4096);
    struct cache_failure *refused;
    struct error err;
    size_t n = 0;
    int rc = cache_journal_failures(s->cli->cache, a, &refused, &n, &err);
    for (size_t i = rc == 0 ? n : 0; i > 0; i--) {
        struct bus_event ev = { .kind = EVENT_OP_FAILED, .text = refused[i - 1].text };
        if (s->json)
            print_event(s, ev);
        else
            show_words(s, ev.text);
    }
    if (rc == 0 && n > 0)
        rc = cache_journal_forget(s->cli->cache, 0, &err);
    if (rc != 0)
        show_words(s, str_c(err.text));
    arena_free(&a);
}

static void show_news(struct sync *s, int64_t folder)
{
    struct error err;
    if (s->terminal)
        fputs("\r\033[K", stderr);
    if (watch_folder(&s->news, folder, &err) != 0)
        show_words(s, str_c(err.text));
    fflush(stdout);
}

static void see(void *arg, const struct bus_event *ev)
{
    struct sync *s = arg;
    if (ev->kind == EVENT_ERROR)
        note_error(s, ev);
    if (ev->kind == EVENT_OP_FAILED)
        tell_refused(s);
    else if (s->json)
        print_event(s, *ev);
    else if (s->news.cli != NULL && ev->kind == EVENT_FOLDER)
        show_news(s, ev->id);
    else if (s->terminal && ev->kind == EVENT_PROGRESS)
        show_progress(ev);
    else if (ev->kind == EVENT_OUTBOX && ev->text.n > 0)
        show_words(s, ev->text);
}

/* One pass over one account (or all): its exit status. */
static int pass(struct sync *s, struct engine_link *link, struct str account, int64_t id,
                int64_t *fetched, int64_t *sent)
{
    struct bus_hint hint = { .kind = HINT_SYNC, .id = id, .account = account, .folder = s->folder };
    struct bus_event done;
    struct error err;
    if (engine_ask(link, &hint, see, s, &done, &err) != 0)
        return cli_fail(&err);
    if (s->json)
        see(s, &done);
    else if (s->terminal)
        fputs("\r\033[K", stderr);
    *fetched += done.fetched;
    *sent += done.sent;
    engine_error(&done, &err);
    if (err.code == ERR_NONE)
        return s->code;
    return !s->json && strcmp(err.text, s->told.text) == 0 ? cli_exit_code(&err) : cli_fail(&err);
}

/* Until the engine leaves, or a signal says that it is enough. */
static int watch(struct sync *s, struct engine_link *link)
{
    struct bus_event ev;
    struct error err;
    while (engine_next(link, &ev, -1, &err) == 0)
        see(s, &ev);
    if (err.code == ERR_CANCELLED)
        return EX_OK;
    (void)cli_fail(&err);
    return EX_TEMPFAIL;
}

static int run(struct sync *s, struct engine_link *link)
{
    int code = EX_OK;
    int64_t fetched = 0, sent = 0;
    tell_refused(s);
    if (s->accounts_n == 0)
        s->accounts[s->accounts_n++] = STR("");
    for (size_t i = 0; i < s->accounts_n; i++) {
        int one = pass(s, link, s->accounts[i], (int64_t)i + 1, &fetched, &sent);
        if (code == EX_OK)
            code = one;
    }
    struct error err;
    bool watching = s->watch && watch_init(&s->news, s->cli, &err) == 0;
    if (!s->json)
        printf(_("%lld fetched, %lld sent\n"), (long long)fetched, (long long)sent);
    fflush(stdout);
    if (s->watch)
        code = watching ? watch(s, link) : cli_fail(&err);
    watch_clear(&s->news);
    return code;
}

int sub_sync(struct cli *c, int argc, char **argv)
{
    struct sync s = { .terminal = isatty(STDERR_FILENO), .cli = c };
    struct error err;
    if (read_options(&s, argc, argv) != 0)
        return cli_usage(cli_find(STR("sync")));
    if (c->offline) {
        error_set(&err, ERR_USAGE, RETRY_NEVER, _("sync and --offline exclude each other"));
        return cli_fail(&err);
    }
    if (cli_need_config(c, &err) != 0 || cli_need_cache(c, CACHE_WRITE, &err) != 0)
        return cli_fail(&err);
    struct engine_link link;
    int code = engine_open(c, false, &link, &err) == 0 ? run(&s, &link) : cli_fail(&err);
    engine_close(&link);
    return code;
}
