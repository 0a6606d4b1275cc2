/* SPDX-License-Identifier: MIT */
#include "server/faulty.h"

#include <poll.h>
#include <stdlib.h>

#include "server/faulty_change.h"
#include "server/limits.h"
#include "server/store.h"
#include "base/banned.h"

enum {
    SAID_MAX = 4096,
    SLOW_STEPS = 10,
    DELAY_MAX_MS = 24 * 60 * 60 * 1000,
    RULES_TEXT_MAX = 4096
};
enum mode {
    MODE_LINES,
    MODE_DATA,    /* SMTP's message, passed on */
    MODE_SWALLOW, /* the same, but it goes nowhere */
    MODE_BYTES    /* so many that are no lines: BDAT, a literal */
};

struct faulty {
    struct session_ops ops; /* of this one: the flags of the one within */
    const struct session_ops *inner_ops;
    void *inner;
    struct desk *desk;
    struct str peer;
    int (*flush)(void *arg, struct buf *out);
    void *arg;
    int stop_fd;
    enum faulty_speaks speaks;
    enum mode mode;
    uint64_t bytes_left;
    bool rest_of_command; /* the line goes on behind a literal */
    bool skipping;        /* the command goes nowhere, with its literals; then: answer */
    struct buf answer;
    size_t recipients; /* that RCPT accepted */
    bool lmtp, closing;
    int delay_ms;
    int64_t cut_left;        /* -1: not to be cut */
    int64_t slow;            /* bytes a second; 0: as fast as it goes */
    struct faults_hits hits; /* of the command under way */
    bool began;              /* something of its answer was sent */
    bool literal_done;
    struct faults_hits dot; /* of the message under way, asked for when it begins */
    bool dot_asked;
    struct buf hide, said; /* hide: words, blanks around each */
};

static const char *const names[] = { "smtp", "pop3", "imap" };

static void ask(struct faulty *f, struct str verb, struct str line, struct faults_hits *hits)
{
    struct buf point = BUF_INIT(FAULTS_WORD_MAX);
    buf_addf(&point, "%s.", names[f->speaks]);
    for (size_t i = 0; i < verb.n; i++)
        buf_addc(&point, ascii_lower(verb.p[i]));
    struct faults_question q = { .point = buf_c(&point),
                                 .line = line,
                                 .account = f->inner != NULL && f->inner_ops->account != NULL
                                                ? f->inner_ops->account(f->inner)
                                                : STR(""),
                                 .peer = f->peer,
                                 .said = buf_str(&f->said) };
    hits->n = 0;
    if (!point.over)
        desk_faults(f->desk, &q, hits);
    buf_free(&point);
}

static const struct faults_hit *hit_of(const struct faults_hits *hits, enum faults_do what)
{
    for (size_t i = 0; i < hits->n; i++)
        if (hits->hit[i].what == what)
            return &hits->hit[i];
    return NULL;
}

static void hit_apply(struct faulty *f, const struct faults_hit *h, struct buf *out, size_t from)
{
    switch (h->what) {
    case FAULTS_UIDVALIDITY:
        faulty_numbers(out, from, "UIDVALIDITY ", (int64_t)h->count, 1);
        break;
    case FAULTS_UIDNEXT:
        faulty_numbers(out, from, "UIDNEXT ", -h->n, 1);
        break;
    case FAULTS_SIZE:
        if (f->speaks == SPEAKS_POP3)
            faulty_list(out, from, h->n);
        else
            faulty_numbers(out, from, "RFC822.SIZE ", h->n, 0);
        break;
    case FAULTS_LITERAL:
        if (!f->literal_done)
            f->literal_done = faulty_literal(out, from, h->n);
        break;
    case FAULTS_EXPUNGE:
        if (!f->began)
            faulty_prepend(out, from, "* 1 EXPUNGE\r\n");
        break;
    case FAULTS_UNTAGGED:
        if (!f->began)
            faulty_prepend(out, from, "* BOGUS (((\r\n* 4294967296 EXISTS\r\n* \r\n");
        break;
    default:
        break;
    }
}

/* What is in out from there on is about to be sent. */
static void filter(struct faulty *f, struct buf *out, size_t from)
{
    if (out->len <= from)
        return;
    for (size_t i = 0; i < f->hits.n; i++)
        hit_apply(f, &f->hits.hit[i], out, from);
    if (f->hide.len > 0 && out->len - from < RULES_TEXT_MAX)
        faulty_offer(f->speaks, buf_str(&f->hide), out, from);
    f->began = true;
    if (f->cut_left < 0)
        return;
    if ((int64_t)(out->len - from) >= f->cut_left) {
        buf_truncate(out, from + (size_t)f->cut_left);
        f->closing = true;
        f->cut_left = 0;
    } else
        f->cut_left -= (int64_t)(out->len - from);
}

/* Sends it all a little at a time. */
static int dribble(struct faulty *f, struct buf *out)
{
    struct buf piece = BUF_INIT(out->max);
    struct pollfd stop = { .fd = f->stop_fd, .events = POLLIN };
    int rc = 0;
    size_t step = (size_t)f->slow / SLOW_STEPS + 1;
    while (rc == 0 && out->len > 0) {
        buf_add_str(&piece, str_head(buf_str(out), step));
        buf_consume(out, out->len < step ? out->len : step);
        rc = f->flush(f->arg, &piece);
        buf_clear(&piece);
        if (poll(&stop, 1, 1000 / SLOW_STEPS) > 0)
            rc = -1;
    }
    buf_clear(out);
    buf_free(&piece);
    return rc;
}

static int flush(void *arg, struct buf *out)
{
    struct faulty *f = arg;
    if (f->closing) {
        buf_clear(out);
        return -1;
    }
    filter(f, out, 0);
    int rc = f->slow > 0 ? dribble(f, out) : f->flush(f->arg, out);
    return f->closing ? -1 : rc;
}

/* ---- commands ---- */

/* What holds from here on. */
static void hits_take(struct faulty *f, const struct faults_hits *hits)
{
    for (size_t i = 0; i < hits->n; i++) {
        const struct faults_hit *h = &hits->hit[i];
        if (h->what == FAULTS_DELAY)
            f->delay_ms =
                h->n < DELAY_MAX_MS - f->delay_ms ? f->delay_ms + (int)h->n : DELAY_MAX_MS;
        else if (h->what == FAULTS_CUT)
            f->cut_left = h->n;
        else if (h->what == FAULTS_SLOW)
            f->slow = h->n;
        else if (h->what == FAULTS_CLOSE)
            f->closing = true;
    }
}

/* The answer that a rule has, in the protocol's form. */
static void say(struct faulty *f, const char *text, struct str tag, struct buf *out)
{
    struct str s = str_c(text);
    if (f->speaks == SPEAKS_SMTP && s.n == 3)
        buf_addf(out, "%s %c.3.0 as asked for\r\n", text, text[0]);
    else if (f->speaks != SPEAKS_IMAP)
        buf_addf(out, "%s\r\n", text);
    else {
        bool bye = str_starts(s, "BYE");
        const char *more = str_find(s, ' ') < s.n ? "" : " as asked for";
        buf_addf(out, "%.*s %s%s\r\n", STR_ARG(bye ? STR("*") : tag), text, more);
        f->closing = f->closing || bye;
    }
    if (f->speaks == SPEAKS_SMTP && str_starts(s, "421"))
        f->closing = true;
}

struct command {
    struct str tag, verb;
};

static struct command command_of(const struct faulty *f, struct str line)
{
    struct command c = { STR("*"), STR("") };
    struct str rest = line;
    if (f->speaks == SPEAKS_IMAP)
        str_word(&rest, &c.tag);
    str_word(&rest, &c.verb);
    c.verb = str_trim(c.verb);
    if (f->speaks == SPEAKS_IMAP && str_ieqc(c.verb, "UID"))
        str_word(&rest, &c.verb);
    c.verb = str_trim(c.verb);
    return c;
}

/* n of a line that ends in {n} or {n+}; 0 without. */
static uint64_t literal_of(struct str line)
{
    uint64_t n = 0;
    size_t open = str_rfind(line, '{');
    struct str rest = str_skip(str_trim(line), open + 1);
    if (!str_ends(str_trim(line), "}") || str_u64(&rest, &n) != 0)
        return 0;
    return str_eqc(rest, "}") || str_eqc(rest, "+}") ? n : 0;
}

static void said_add(struct faulty *f, struct str verb)
{
    if (f->said.len == 0)
        buf_addc(&f->said, ' ');
    if (f->said.len + verb.n + 2 < SAID_MAX)
        buf_addf(&f->said, "%.*s ", STR_ARG(verb));
}

/* The session within gets piece (a part of *in); what it leaves stays in *in. */
static enum session_step pass(struct faulty *f, struct str *in, size_t n, struct buf *out)
{
    struct str piece = str_head(*in, n);
    size_t from = out->len;
    enum session_step step = f->inner_ops->feed(f->inner, &piece, out);
    *in = str_skip(*in, n - piece.n);
    filter(f, out, from <= out->len ? from : 0);
    return step;
}

static void smtp_answered(struct faulty *f, struct str verb, struct str line, struct str answer)
{
    if (str_ieqc(verb, "RCPT"))
        f->recipients += str_starts(answer, "25") ? 1 : 0;
    else if (str_ieqc(verb, "MAIL") || str_ieqc(verb, "RSET"))
        f->recipients = 0;
    else if (str_starts(answer, "354"))
        f->mode = MODE_DATA;
    struct str word;
    if (str_ieqc(verb, "BDAT") && str_word(&line, &word) && str_word(&line, &word) &&
        str_u64(&word, &f->bytes_left) == 0 && f->bytes_left > 0)
        f->mode = MODE_BYTES;
}

/* DATA whose message goes nowhere: true when this one is such. */
static bool swallows(struct faulty *f, struct str verb, struct buf *out)
{
    if (f->speaks != SPEAKS_SMTP || !str_ieqc(verb, "DATA") || f->recipients == 0)
        return false;
    ask(f, STR("dot"), STR(""), &f->dot);
    f->dot_asked = true;
    if (hit_of(&f->dot, FAULTS_SAY) == NULL && hit_of(&f->dot, FAULTS_DROPBEFORE) == NULL)
        return false;
    buf_adds(out, "354 go ahead\r\n");
    f->mode = MODE_SWALLOW;
    return true;
}

static enum session_step command_pass(struct faulty *f, const struct command *c, struct str *in,
                                      size_t n, struct buf *out)
{
    struct str line = str_head(*in, n);
    size_t from = out->len;
    if (swallows(f, c->verb, out)) {
        *in = str_skip(*in, n);
        return SESSION_MORE;
    }
    enum session_step step = pass(f, in, n, out);
    struct str answer = str_skip(buf_str(out), from);
    if (f->speaks == SPEAKS_SMTP)
        smtp_answered(f, c->verb, line, answer);
    else if (f->speaks == SPEAKS_IMAP && (f->bytes_left = literal_of(line)) > 0)
        f->mode = MODE_BYTES;
    if (step == SESSION_STARTTLS && hit_of(&f->hits, FAULTS_INJECT) != NULL)
        buf_adds(out, f->speaks == SPEAKS_SMTP   ? "250 injected\r\n"
                      : f->speaks == SPEAKS_POP3 ? "+OK injected\r\n"
                                                 : "* OK injected\r\n");
    return step;
}

static enum session_step command_do(struct faulty *f, struct str *in, size_t n, struct buf *out)
{
    struct str line = str_head(*in, n);
    struct command c = command_of(f, line);
    f->began = f->literal_done = false;
    f->dot.n = 0;
    f->dot_asked = false;
    ask(f, c.verb, str_trim(line), &f->hits);
    said_add(f, c.verb);
    hits_take(f, &f->hits);
    const struct faults_hit *h = hit_of(&f->hits, FAULTS_SAY);
    if (f->closing) {
        *in = str_skip(*in, n);
        return SESSION_CLOSE;
    }
    if (h == NULL)
        return command_pass(f, &c, in, n, out);
    f->bytes_left = f->speaks == SPEAKS_IMAP ? literal_of(line) : 0;
    f->skipping = f->bytes_left > 0 && str_ends(str_trim(line), "+}");
    if (f->skipping)
        f->mode = MODE_BYTES;
    buf_clear(&f->answer);
    say(f, h->text, c.tag, f->skipping ? &f->answer : out);
    *in = str_skip(*in, n);
    return SESSION_MORE;
}

/* What comes behind a literal, or its bytes, of a command that was refused. */
static void skip(struct faulty *f, struct str *in, size_t n, struct buf *out)
{
    struct str line = str_head(*in, n);
    *in = str_skip(*in, n);
    if (f->mode == MODE_BYTES) {
        f->bytes_left -= n;
        f->mode = f->bytes_left > 0 ? MODE_BYTES : MODE_LINES;
        return;
    }
    f->bytes_left = literal_of(line);
    f->mode = f->bytes_left > 0 ? MODE_BYTES : MODE_LINES;
    if (f->bytes_left > 0)
        return;
    f->skipping = false;
    buf_add_str(out, buf_str(&f->answer));
}

/* The end of a message that was, or is to be, taken in. */
static enum session_step dot_do(struct faulty *f, struct str *in, size_t n, struct buf *out)
{
    size_t from = out->len;
    size_t answers = f->lmtp ? f->recipients : 1; /* LMTP has one for each */
    if (!f->dot_asked)
        ask(f, STR("dot"), STR(""), &f->dot);
    hits_take(f, &f->dot);
    f->hits.n = 0;
    f->recipients = 0;
    if (f->mode == MODE_SWALLOW) {
        struct str reset = STR("RSET\r\n");
        struct buf unheard = BUF_INIT(out->max);
        const struct faults_hit *h = hit_of(&f->dot, FAULTS_SAY);
        *in = str_skip(*in, n);
        f->inner_ops->feed(f->inner, &reset, &unheard);
        buf_free(&unheard);
        for (size_t i = 0; h != NULL && i < answers; i++)
            say(f, h->text, STR(""), out);
        f->closing = f->closing || h == NULL;
        f->mode = MODE_LINES;
        return SESSION_MORE;
    }
    f->mode = MODE_LINES;
    enum session_step step = pass(f, in, n, out);
    if (hit_of(&f->dot, FAULTS_DROP) != NULL || f->closing) {
        buf_truncate(out, from <= out->len ? from : 0);
        f->closing = true;
    }
    return step;
}

static bool is_dot(struct str line)
{
    return str_eqc(line, ".\r\n") || str_eqc(line, ".\n");
}

/* How much of in can be taken now; 0: more is needed. */
static size_t piece_of(const struct faulty *f, struct str in)
{
    if (f->mode == MODE_BYTES)
        return in.n < f->bytes_left ? in.n : (size_t)f->bytes_left;
    size_t n = str_find(in, '\n');
    if (n < in.n)
        return n + 1;
    return in.n > SERVER_OUT_FLUSH ? in.n : 0;
}

static enum session_step piece_do(struct faulty *f, struct str *in, size_t n, struct buf *out)
{
    size_t before = in->n;
    enum session_step step;
    if (f->skipping) {
        skip(f, in, n, out);
        return SESSION_MORE;
    }
    if (f->mode == MODE_LINES && !f->rest_of_command)
        return command_do(f, in, n, out);
    if ((f->mode == MODE_DATA || f->mode == MODE_SWALLOW) && is_dot(str_head(*in, n)))
        return dot_do(f, in, n, out);
    if (f->mode == MODE_SWALLOW) {
        *in = str_skip(*in, n);
        return SESSION_MORE;
    }
    struct str line = str_head(*in, n);
    step = pass(f, in, n, out);
    if (f->mode == MODE_BYTES) {
        f->bytes_left -= before - in->n;
        if (f->bytes_left == 0) {
            f->mode = MODE_LINES;
            f->rest_of_command = f->speaks == SPEAKS_IMAP;
        }
    } else if (f->rest_of_command) {
        f->rest_of_command = false;
        f->bytes_left = literal_of(line);
        f->mode = f->bytes_left > 0 ? MODE_BYTES : MODE_LINES;
    }
    return step;
}

static enum session_step feed(void *s, struct str *in, struct buf *out)
{
    struct faulty *f = s;
    enum session_step step = SESSION_MORE;
    bool again = f->inner_ops->delay_ms(f->inner) > 0;
    f->delay_ms = 0;
    if (again) {
        struct str none = STR("");
        size_t from = out->len;
        step = f->inner_ops->feed(f->inner, &none, out);
        filter(f, out, from <= out->len ? from : 0);
    }
    for (size_t n;
         step == SESSION_MORE && !f->closing && f->delay_ms == 0 && (n = piece_of(f, *in)) > 0;) {
        size_t before = in->n;
        step = piece_do(f, in, n, out);
        if (in->n == before)
            break;
    }
    if (f->slow > 0 && out->len > 0 && dribble(f, out) != 0)
        f->closing = true;
    if (f->closing)
        return SESSION_CLOSE;
    return step == SESSION_MORE && f->delay_ms > 0 ? SESSION_WAIT : step;
}

/* ---- the rest is the session's within ---- */

static int delay_ms(const void *s)
{
    const struct faulty *f = s;
    return f->delay_ms + f->inner_ops->delay_ms(f->inner);
}

static bool logged_in(const void *s)
{
    const struct faulty *f = s;
    return f->inner_ops->logged_in(f->inner);
}

static bool secret(const void *s, struct str line)
{
    const struct faulty *f = s;
    return f->inner_ops->secret(f->inner, line);
}

static void secured(void *s, const struct session_tls *tls)
{
    struct faulty *f = s;
    f->inner_ops->secured(f->inner, tls);
}

static int event_fd(const void *s)
{
    const struct faulty *f = s;
    return f->inner_ops->event_fd(f->inner);
}

static void wake(void *s, struct buf *out)
{
    struct faulty *f = s;
    size_t from = out->len;
    f->inner_ops->wake(f->inner, out);
    filter(f, out, from <= out->len ? from : 0);
}

static void goodbye(void *s, struct buf *out)
{
    struct faulty *f = s;
    f->inner_ops->goodbye(f->inner, out);
}

static void faulty_free(void **s)
{
    struct faulty *f = *s;
    f->inner_ops->free(&f->inner);
    buf_free(&f->hide);
    buf_free(&f->said);
    buf_free(&f->answer);
    free(f);
    *s = NULL;
}

static enum faulty_speaks speaks_of(enum server_port port)
{
    if (port == PORT_IMAP || port == PORT_IMAPS)
        return SPEAKS_IMAP;
    return port == PORT_POP3 || port == PORT_POP3S ? SPEAKS_POP3 : SPEAKS_SMTP;
}

static void hide_learn(struct faulty *f)
{
    struct faults_hits hits;
    ask(f, STR("offer"), STR(""), &hits);
    for (size_t i = 0; i < hits.n; i++) {
        buf_addc(&f->hide, ' ');
        for (const char *c = hits.hit[i].text; *c != '\0'; c++)
            buf_addc(&f->hide, *c == ',' ? ' ' : *c);
        buf_addc(&f->hide, ' ');
    }
}

/* The greeting, or what comes in its place. */
static void greet(struct faulty *f, struct buf *out)
{
    ask(f, STR("connect"), STR(""), &f->hits);
    hits_take(f, &f->hits);
    const struct faults_hit *h = hit_of(&f->hits, FAULTS_SAY);
    if (h != NULL || f->closing)
        buf_clear(out);
    if (h != NULL && !f->closing)
        say(f, h->text, STR("*"), out);
    f->closing = f->closing || h != NULL;
    filter(f, out, 0);
}

const struct session_ops *faulty_start(struct protocol_env *env, const struct session_ops *inner,
                                       void *(*start)(struct protocol_env *env, struct buf *out),
                                       void **s, struct buf *out)
{
    struct faulty *f = xcalloc(1, sizeof *f);
    struct faults_hits tls;
    struct faults_question q = { .point = "tls" };
    f->ops = (struct session_ops){ .login_first = inner->login_first,
                                   .idles = inner->idles,
                                   .feed = feed,
                                   .delay_ms = delay_ms,
                                   .logged_in = logged_in,
                                   .secret = secret,
                                   .secured = inner->secured != NULL ? secured : NULL,
                                   .event_fd = inner->event_fd != NULL ? event_fd : NULL,
                                   .wake = inner->wake != NULL ? wake : NULL,
                                   .goodbye = inner->goodbye != NULL ? goodbye : NULL,
                                   .free = faulty_free };
    f->inner_ops = inner;
    f->desk = env->desk;
    f->peer = str_c(env->peer);
    f->flush = env->flush;
    f->arg = env->arg;
    f->stop_fd = env->stop_fd;
    f->speaks = speaks_of(env->port);
    f->lmtp = env->port == PORT_LMTP;
    f->cut_left = -1;
    buf_init(&f->hide, RULES_TEXT_MAX);
    buf_init(&f->said, SAID_MAX);
    buf_init(&f->answer, RULES_TEXT_MAX);
    env->flush = flush;
    env->arg = f;
    desk_faults(env->desk, &q, &tls);
    env->starttls = env->starttls && hit_of(&tls, FAULTS_NO_TLS) == NULL;
    hide_learn(f);
    f->inner = start(env, out);
    greet(f, out);
    *s = f;
    return &f->ops;
}
