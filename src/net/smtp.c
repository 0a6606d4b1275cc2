/* SPDX-License-Identifier: MIT */
#include "net/smtp_conn.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "net/status.h"
#include "net/sasl.h"
#include "net/trace.h"
#include "base/banned.h"

enum {
    SMTP_IN_MAX = 1 << 20, /* replies not yet read: many, when a long envelope is pipelined */
    SMTP_DOT_MS = 600000,
    SMTP_QUIT_MS = 500
};

int smtp_broken(struct smtp *s)
{
    s->usable = false;
    return -1;
}

int smtp_nonsense(struct smtp *s, struct error *err)
{
    error_set(err, ERR_PROTO, RETRY_LATER,
              _("%s does not speak SMTP as it should: the connection was closed"), s->host);
    return smtp_broken(s);
}

bool smtp_is_yes(unsigned code)
{
    return code >= 200 && code < 300;
}

static void answer_line(struct buf *words, const struct wire_reply *r)
{
    if (words->len > 0)
        buf_addc(words, ' ');
    if (r->enhanced[0] != 0)
        buf_addf(words, "%u.%u.%u ", r->enhanced[0], r->enhanced[1], r->enhanced[2]);
    buf_add_str(words, r->text);
}

enum wire_result smtp_answer_take(struct str *in, struct smtp_answer *a,
                                  void (*each)(void *arg, size_t n, const struct wire_reply *r),
                                  void *arg)
{
    struct buf words = BUF_INIT(4096);
    struct str rest = *in;
    struct wire_reply r = { 0 };
    enum wire_result rc = WIRE_OK;
    size_t n = 0;
    *a = (struct smtp_answer){ 0 };
    while (n < WIRE_REPLY_LINES_MAX && (rc = wire_reply_next(&rest, &r)) == WIRE_OK) {
        if (n > 0 && r.code != a->code)
            rc = WIRE_BAD; /* RFC 5321 §4.2.1: the same code on every line */
        a->code = r.code;
        if (rc == WIRE_OK && each != NULL)
            each(arg, n, &r);
        answer_line(&words, &r);
        if (a->enhanced[0] == '\0' && r.enhanced[0] != 0)
            snprintf(a->enhanced, sizeof a->enhanced, "%u.%u.%u", r.enhanced[0] % 10,
                     r.enhanced[1] % 1000, r.enhanced[2] % 1000);
        n++;
        if (rc != WIRE_OK || r.last)
            break;
    }
    if (rc == WIRE_OK && (n == 0 || !r.last))
        rc = WIRE_BAD; /* more lines than any reply has */
    if (rc == WIRE_OK)
        *in = rest;
    else
        a->code = 0; /* half a reply, or what is none, refuses nothing */
    net_words(a->text, sizeof a->text, buf_str(&words));
    buf_free(&words);
    return rc;
}

/* What is left of a wait: all that is done on a connection may have a deadline. */
static int shorter_ms(const struct smtp *s, int wait_ms)
{
    int left = clock_left_ms(s->deadline);
    return left < 0 || wait_ms < left ? wait_ms : left;
}

static void trace_answer(struct smtp *s, const struct smtp_answer *a)
{
    struct buf line = BUF_INIT(2 * NET_WORDS_MAX);
    buf_addf(&line, "%u %s", a->code, a->text);
    trace_in(s->log, s->host, buf_str(&line));
    buf_free(&line);
}

int smtp_answer_each(struct smtp *s, int wait_ms, struct smtp_answer *a,
                     void (*each)(void *arg, size_t n, const struct wire_reply *r), void *arg,
                     struct error *err)
{
    wait_ms = shorter_ms(s, wait_ms);
    int64_t deadline = clock_mono_ms() + wait_ms;
    for (;;) {
        struct str in = buf_str(&s->in);
        enum wire_result rc = smtp_answer_take(&in, a, each, arg);
        if (rc == WIRE_OK) {
            buf_consume(&s->in, s->in.len - in.n);
            trace_answer(s, a);
            return 0;
        }
        if (rc == WIRE_BAD)
            return smtp_nonsense(s, err);
        int got = stream_read(s->stream, &s->in, clock_left_ms(deadline), err);
        if (got != 0) {
            stream_ended(s->stream, got, wait_ms, err);
            return smtp_broken(s);
        }
    }
}

int smtp_answer_wait(struct smtp *s, int wait_ms, struct smtp_answer *a, struct error *err)
{
    return smtp_answer_each(s, wait_ms, a, NULL, NULL, err);
}

int smtp_answer_read(struct smtp *s, struct smtp_answer *a, struct error *err)
{
    return smtp_answer_each(s, s->wait_ms, a, NULL, NULL, err);
}

int smtp_nothing_waits(struct smtp *s, struct error *err)
{
    int got = s->in.len > 0 ? 0 : stream_read(s->stream, &s->in, 0, err);
    if (got == 2)
        return 0;
    struct str in = buf_str(&s->in);
    struct smtp_answer a;
    if (got == 0 && smtp_answer_take(&in, &a, NULL, NULL) == WIRE_OK && a.code == 421)
        error_set(err, ERR_NET, RETRY_LATER, _("%s closes the connection: %s"), s->host, a.text);
    else if (got == 0)
        return smtp_nonsense(s, err);
    else if (got == 1)
        stream_ended(s->stream, got, 0, err);
    return smtp_broken(s);
}

int smtp_write(struct smtp *s, struct str bytes, struct error *err)
{
    return stream_write(s->stream, bytes, &s->in, shorter_ms(s, s->wait_ms), err);
}

int smtp_put(struct smtp *s, struct str bytes, struct error *err)
{
    if (smtp_nothing_waits(s, err) < 0 || smtp_write(s, bytes, err) < 0)
        return smtp_broken(s);
    return 0;
}

int smtp_say(struct smtp *s, struct str lines, struct error *err)
{
    trace_out(s->log, s->host, lines);
    return smtp_put(s, lines, err);
}

int smtp_command(struct smtp *s, struct str line, struct smtp_answer *a, struct error *err)
{
    if (smtp_say(s, line, err) < 0)
        return -1;
    return smtp_answer_read(s, a, err);
}

static void ehlo_auth(struct smtp *s, struct str mechanisms)
{
    struct str word;
    while (str_word(&mechanisms, &word))
        s->mechs |= net_mech(word);
}

/* The words of EHLO's lines (RFC 5321 §4.1.1.1); the first is the server's name. */
static void ehlo_line(void *arg, size_t n, const struct wire_reply *r)
{
    static const struct {
        const char *word;
        enum smtp_ext ext;
    } known[] = { { "PIPELINING", SMTP_EXT_PIPELINING },
                  { "8BITMIME", SMTP_EXT_8BITMIME },
                  { "SMTPUTF8", SMTP_EXT_SMTPUTF8 },
                  { "SIZE", SMTP_EXT_SIZE },
                  { "DSN", SMTP_EXT_DSN } };
    struct smtp *s = arg;
    struct str rest = r->text, word;
    bool is_word = str_word(&rest, &word);
    if (n == 0) {
        s->ext = 0;
        s->size_max = 0;
        s->mechs = 0;
        net_words(s->peer, sizeof s->peer, is_word ? word : STR(""));
        return;
    }
    if (!is_word)
        return;
    for (size_t i = 0; i < COUNT(known); i++)
        if (str_ieqc(word, known[i].word))
            s->ext |= known[i].ext;
    if (str_ieqc(word, "SIZE") && str_word(&rest, &word) && str_u64(&word, &s->size_max) < 0)
        s->size_max = 0;
    else if (str_ieqc(word, "AUTH"))
        ehlo_auth(s, rest);
    else if (str_ilit(&word, "AUTH=") == 0) { /* as it was before RFC 2554 */
        s->mechs |= net_mech(word);
        ehlo_auth(s, rest);
    }
}

/* The answer to EHLO is the last one of those that libcurl read for us. False if there is none. */
static bool ehlo_said(struct smtp *s, struct str said)
{
    struct smtp_answer a = { 0 };
    unsigned code = 0;
    while (said.n > 0 && smtp_answer_take(&said, &a, ehlo_line, s) == WIRE_OK)
        code = a.code;
    return code == 250;
}

int smtp_refused(struct smtp *s, const struct smtp_answer *a, struct error *err)
{
    struct buf why = BUF_INIT(2 * (size_t)NET_WORDS_MAX);
    status_put(a->code, str_c(a->enhanced), str_c(a->text), &why);
    error_set(err, a->code == 421 ? ERR_NET : ERR_REFUSED,
              a->code >= 500 ? RETRY_NEVER : RETRY_LATER, _("%s refuses: %s"), s->host,
              buf_c(&why));
    buf_free(&why);
    return -1;
}

/* EHLO, or HELO for a server that has never heard of it; LHLO of LMTP (RFC 2033 §4.1). */
static int say_hello(struct smtp *s, const char *name, struct smtp_answer *why, struct error *err)
{
    static const char *const verbs[] = { "EHLO", "HELO" };
    struct smtp_answer a = { 0 };
    for (size_t i = 0; i < (s->lmtp ? 1 : COUNT(verbs)); i++) {
        struct buf line = BUF_INIT(1000);
        buf_addf(&line, "%s %s\r\n", s->lmtp ? "LHLO" : verbs[i], name);
        int rc = smtp_say(s, buf_str(&line), err);
        buf_free(&line);
        if (rc < 0 || smtp_answer_each(s, s->wait_ms, &a, ehlo_line, s, err) < 0)
            return -1;
        if (a.code == 250)
            return 0;
        if (a.code < 500)
            break;
    }
    *why = a;
    return smtp_refused(s, &a, err);
}

static void note_clock(struct smtp *s, struct str words)
{
    if (s->facts != NULL)
        s->facts->clock = facts_clock(words);
}

static int greeting(struct smtp *s, const struct smtp_options *o, struct str said,
                    struct smtp_answer *why, struct error *err)
{
    const char *name = o->endpoint.ehlo_name ? o->endpoint.ehlo_name : "localhost";
    struct smtp_answer a = { 0 };
    if (!str_is_line(str_c(name)))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this is no host name: %s"), name);
    if (o->endpoint.tls == TLS_STARTTLS) {
        note_clock(s, str_head(said, s->secure ? 0 : str_find(said, '\n')));
        return ehlo_said(s, said) ? 0 : say_hello(s, name, why, err);
    }
    int greet_ms = o->endpoint.greet_ms > 0 ? o->endpoint.greet_ms : s->wait_ms;
    if (smtp_answer_wait(s, greet_ms, &a, err) < 0)
        return -1;
    if (a.code >= 400) {
        *why = a;
        return smtp_refused(s, &a, err);
    }
    note_clock(s, str_c(a.text));
    return a.code == 220 ? say_hello(s, name, why, err) : smtp_nonsense(s, err);
}

static int greet(struct smtp *s, const struct smtp_options *o, struct str said,
                 struct smtp_answer *why, struct error *err)
{
    int rc = greeting(s, o, said, why, err);
    if (s->facts != NULL)
        s->facts->mechs = s->mechs;
    return rc;
}

/* No connection came about: a server that refused did so in the last thing that it said. */
static void last_said(struct str said, struct smtp_answer *why)
{
    struct smtp_answer a;
    while (said.n > 0 && smtp_answer_take(&said, &a, NULL, NULL) == WIRE_OK)
        *why = a;
    if (why->code < 400)
        *why = (struct smtp_answer){ 0 };
}

struct smtp *smtp_open(const struct smtp_options *o, struct error *err)
{
    struct buf said = BUF_INIT(64 << 10);
    struct smtp *s = xcalloc(1, sizeof *s);
    struct smtp_answer unseen, *why = o->refusal != NULL ? o->refusal : &unseen;
    *why = (struct smtp_answer){ 0 };
    s->log = o->log;
    s->wait_ms = o->wait_ms;
    s->dot_ms = o->dot_ms > 0 ? o->dot_ms : SMTP_DOT_MS;
    s->deadline = o->total_ms > 0 ? clock_mono_ms() + o->total_ms : -1;
    s->lmtp = o->endpoint.proto == NET_LMTP;
    s->usable = true;
    s->facts = o->facts;
    buf_init(&s->in, SMTP_IN_MAX);
    snprintf(s->host, sizeof s->host, "%s", o->endpoint.host);
    s->stream = stream_open(&o->endpoint, o->connect_ms, o->cancel, o->log, &said, &s->secure, err);
    if (s->stream != NULL && s->facts != NULL)
        s->facts->tls = *stream_facts(s->stream);
    if (s->stream == NULL)
        last_said(buf_str(&said), why);
    if (s->stream == NULL || greet(s, o, buf_str(&said), why, err) < 0 ||
        (o->login != NULL && smtp_log_in(s, o->login, &o->endpoint, why, err) < 0))
        smtp_close(&s);
    else
        s->facts = NULL;
    buf_free(&said);
    return s;
}

unsigned smtp_offers(const struct smtp *s)
{
    return s->ext;
}

uint64_t smtp_size_max(const struct smtp *s)
{
    return s->size_max;
}

const char *smtp_peer_name(const struct smtp *s)
{
    return s->peer;
}

bool smtp_secure(const struct smtp *s)
{
    return s->secure;
}

bool smtp_usable(const struct smtp *s)
{
    return s->usable;
}

void smtp_close(struct smtp **s)
{
    if (*s == NULL)
        return;
    struct error err;
    struct smtp_answer a;
    (*s)->wait_ms = SMTP_QUIT_MS;
    /* What QUIT is answered changes nothing; waiting for it lets the server close in peace. */
    bool polite = (*s)->usable && (*s)->stream != NULL && (*s)->ahead == NULL;
    if (polite && smtp_command(*s, STR("QUIT\r\n"), &a, &err) < 0)
        log_line((*s)->log, LOG_DEBUG, "%s: QUIT: %s", (*s)->host, err.text);
    stream_close(&(*s)->stream);
    buf_free(&(*s)->in);
    free(*s);
    *s = NULL;
}
