/* SPDX-License-Identifier: MIT */
/* net_pop3 - the POP3 client against a real or a nasty server:
 *   net_pop3 VERB TLS HOST PORT CA PASSWORD WAIT_MS
 * TLS is direct, starttls, loopback or none; CA may be "-". Says what happened, a line each (CODE is
 * the error's name, "-" for none):
 *   open CODE RETRY CAPS words
 *   secure 0|1
 *   list CODE RETRY N words
 *   m NUMBER SIZE BYTES FNV-1A UID    a message that came whole
 *   r NUMBER words                    one that was refused
 *   fetch CODE RETRY DONE words
 *   dele CODE RETRY MARKED words
 *   quit CODE RETRY 0 words
 * VERB: open; list; all (RETR of all); top (TOP with 2 lines of all); half (RETR, enough after half
 * of them); break (the third chunk breaks off); dele (every second one); speed (all, thrown away,
 * and only "speed MILLISECONDS BYTES" is said). They end with QUIT. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "net/pop3.h"
#include "base/banned.h"

struct seen {
    const struct pop3_entry *entries;
    size_t n, whole, chunks, break_at, enough_at;
    uint64_t bytes, all;
    uint32_t hash;
    bool quiet, open; /* a message has begun */
};

static const char *code_name(enum error_code code)
{
    static const char *const names[] = { "-",       "sys",     "limit",     "parse",
                                         "net",     "tls",     "auth",      "proto",
                                         "refused", "store",   "cancelled", "usage",
                                         "config",  "noinput", "address",   "doubt" };
    return names[code];
}

/* rc, and how it failed. */
static void say(const char *what, int rc, const struct error *err, size_t n)
{
    static const char *const retries[] = { "never", "later", "now" };
    printf("%s %s %s %zu %s\n", what, code_name(rc == 0 ? ERR_NONE : err->code),
           rc == 0 ? "-" : retries[err->retry], n, rc == 0 ? "" : err->text);
    fflush(stdout);
}

static void must(bool claim, const char *what)
{
    if (claim)
        return;
    fprintf(stderr, "FAIL: %s\n", what);
    exit(1);
}

static int on_chunk(void *arg, size_t i, struct str bytes, bool last, struct error *err)
{
    struct seen *s = arg;
    must(i < s->n && i == s->whole, "answers come in order");
    s->all += bytes.n;
    if (s->break_at > 0 && ++s->chunks == s->break_at)
        return error_set(err, ERR_STORE, RETRY_LATER, "the store is full");
    if (s->quiet) {
        s->whole += last;
        return 0;
    }
    if (!s->open) {
        s->bytes = 0;
        s->hash = 2166136261;
    }
    s->open = !last;
    for (size_t k = 0; k < bytes.n; k++)
        s->hash = (s->hash ^ (unsigned char)bytes.p[k]) * 16777619;
    s->bytes += bytes.n;
    if (!last)
        return 0;
    const struct pop3_entry *e = &s->entries[i];
    printf("m %u %llu %llu %u %.*s\n", e->number, (unsigned long long)e->size,
           (unsigned long long)s->bytes, s->hash, STR_ARG(e->uid));
    s->whole++;
    return 0;
}

static int on_refused(void *arg, size_t i, const char *words, struct error *err)
{
    struct seen *s = arg;
    (void)err;
    must(i < s->n && i == s->whole && !s->open, "a refusal comes in order");
    printf("r %u %s\n", s->entries[i].number, words);
    s->whole++;
    return 0;
}

static bool on_enough(void *arg)
{
    const struct seen *s = arg;
    return s->enough_at > 0 && s->whole >= s->enough_at;
}

static struct pop3 *connect_to(char **argv, struct error *err)
{
    struct net_login login = { .user = "jane", .secret = str_c(argv[6]) };
    struct str tls = str_c(argv[2]);
    int wait_ms = (int)strtol(argv[7], NULL, 10);
    struct pop3_options o = {
        .endpoint = { .proto = NET_POP3,
                      .host = argv[3],
                      .port = (uint16_t)strtoul(argv[4], NULL, 10),
                      .tls = str_eqc(tls, "direct") ? TLS_DIRECT
                             : str_eqc(tls, "none") ? TLS_NONE
                                                    : TLS_STARTTLS,
                      .loopback_plain = str_eqc(tls, "loopback"),
                      .ca_file = str_eqc(str_c(argv[5]), "-") ? NULL : argv[5] },
        .login = &login,
        .connect_ms = wait_ms,
        .wait_ms = wait_ms,
    };
    return pop3_open(&o, err);
}

static void fetch(struct pop3 *p, struct str verb, const struct pop3_entry *entries, size_t n)
{
    struct error err = { 0 };
    struct seen s = { .entries = entries, .n = n, .quiet = str_eqc(verb, "speed") };
    struct pop3_handler h = { on_chunk, on_refused, on_enough, &s };
    size_t done = 0;
    s.break_at = str_eqc(verb, "break") ? 3 : 0;
    s.enough_at = str_eqc(verb, "half") ? n / 2 : 0;
    int64_t start = clock_mono_ms();
    int rc = pop3_fetch(p, entries, n, str_eqc(verb, "top") ? 2 : -1, &h, &done, &err);
    int64_t end = clock_mono_ms();
    must(done == s.whole, "done counts what was answered");
    if (s.quiet && rc == 0)
        printf("speed %lld %llu\n", (long long)(end - start), (unsigned long long)s.all);
    else
        say("fetch", rc, &err, done);
}

static void dele(struct pop3 *p, const struct pop3_entry *entries, size_t n)
{
    struct error err = { 0 };
    struct pop3_entry *some = xcalloc(n + 1, sizeof *some);
    bool *marked = xcalloc(n + 1, sizeof *marked);
    size_t some_n = 0, marked_n = 0;
    for (size_t i = 0; i < n; i += 2)
        some[some_n++] = entries[i];
    int rc = pop3_dele(p, some, some_n, marked, &err);
    for (size_t i = 0; i < some_n; i++)
        marked_n += marked[i];
    say("dele", rc, &err, marked_n);
    free(some);
    free(marked);
}

static void work(struct pop3 *p, struct str verb)
{
    struct error err = { 0 };
    const struct pop3_entry *entries = NULL;
    size_t n = 0;
    if (str_eqc(verb, "open"))
        return;
    int rc = pop3_list(p, &entries, &n, &err);
    if (!str_eqc(verb, "speed"))
        say("list", rc, &err, n);
    if (rc == 0 && str_eqc(verb, "dele"))
        dele(p, entries, n);
    else if (rc == 0 && !str_eqc(verb, "list"))
        fetch(p, verb, entries, n);
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    if (argc != 8)
        return 64;
    must(net_init(&err) == 0, "net_init");
    struct str verb = str_c(argv[1]);
    struct pop3 *p = connect_to(argv, &err);
    bool quiet = str_eqc(verb, "speed");
    if (!quiet || p == NULL) {
        say("open", p == NULL ? -1 : 0, &err, p == NULL ? 0 : pop3_caps(p));
        printf("secure %d\n", p != NULL && pop3_secure(p));
    }
    if (p != NULL) {
        work(p, verb);
        int rc = pop3_quit(&p, &err);
        if (!quiet)
            say("quit", rc, &err, 0);
    }
    net_cleanup();
    return 0;
}
