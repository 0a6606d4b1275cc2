/* SPDX-License-Identifier: MIT */
#include "server/faults.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "base/banned.h"

enum argument { ARG_NONE, ARG_NUMBER, ARG_SIGNED, ARG_TEXT };
enum { SMTP = 1, POP3 = 2, IMAP = 4, SERVER = 8, ALL = SMTP | POP3 | IMAP };

static const struct action {
    const char *name;
    enum faults_do what;
    enum argument argument;
    unsigned where;
    const char *help;
} actions[] = {
    { "delay", FAULTS_DELAY, ARG_NUMBER, ALL, N_("the answer comes so many ms later") },
    { "close", FAULTS_CLOSE, ARG_NONE, ALL, N_("no answer, the connection is closed") },
    { "cut", FAULTS_CUT, ARG_NUMBER, ALL,
      N_("the connection is cut after so many bytes of the answers from here on") },
    { "slow", FAULTS_SLOW, ARG_NUMBER, ALL, N_("so many bytes a second from here on") },
    { "greylist", FAULTS_GREYLIST, ARG_NONE, SMTP,
      N_("smtp.rcpt: 450 for a recipient's first time, accepted later") },
    { "drop", FAULTS_DROP, ARG_NONE, SMTP,
      N_("smtp.dot: the message is stored, the connection closed without an answer") },
    { "dropbefore", FAULTS_DROPBEFORE, ARG_NONE, SMTP,
      N_("smtp.dot: the same, but it is not stored") },
    { "hide", FAULTS_HIDE, ARG_TEXT, ALL,
      N_("*.offer: these words (commas between) are not among the capabilities") },
    { "uidvalidity", FAULTS_UIDVALIDITY, ARG_NONE, IMAP,
      N_("imap.select, imap.status: UIDVALIDITY is another one each time") },
    { "uidnext", FAULTS_UIDNEXT, ARG_NUMBER, IMAP,
      N_("imap.select, imap.status: UIDNEXT is so much smaller") },
    { "literal", FAULTS_LITERAL, ARG_SIGNED, IMAP,
      N_("imap.fetch: the first literal says +n or -n bytes") },
    { "size", FAULTS_SIZE, ARG_SIGNED, POP3 | IMAP,
      N_("imap.fetch, pop3.list: sizes are +n or -n bytes off") },
    { "expunge", FAULTS_EXPUNGE, ARG_NONE, IMAP,
      N_("\"* 1 EXPUNGE\" comes before the answer, although nothing went") },
    { "untagged", FAULTS_UNTAGGED, ARG_NONE, IMAP, N_("lines that mean nothing come before") },
    { "inject", FAULTS_INJECT, ARG_NONE, ALL,
      N_("smtp.starttls, imap.starttls, pop3.stls: more than the answer is sent in the clear") },
    { "none", FAULTS_NO_TLS, ARG_NONE, SERVER, N_("tls: STARTTLS is not offered") },
    { "expired", FAULTS_CERT_EXPIRED, ARG_NONE, SERVER,
      N_("tls: the certificate has ended (from the start on)") },
    { "othername", FAULTS_CERT_NAME, ARG_NONE, SERVER,
      N_("tls: the certificate is another host's (from the start on)") },
    { "full", FAULTS_DISK_FULL, ARG_NONE, SERVER,
      N_("disk: 452 to MAIL, [OVERQUOTA] to APPEND and COPY") },
};
static const struct {
    const char *name;
    unsigned protocol;
    const char *points;
} protocols[] = {
    { "smtp", SMTP,
      " connect offer helo ehlo lhlo mail rcpt data dot bdat rset noop quit help vrfy expn verb "
      "auth starttls any " },
    { "pop3", POP3,
      " connect offer user pass apop auth stls capa stat list uidl retr top dele noop rset quit "
      "any " },
    { "imap", IMAP,
      " connect offer capability noop logout id login authenticate starttls enable compress select "
      "examine create delete rename subscribe unsubscribe list lsub status namespace getquota "
      "getquotaroot append check close unselect expunge search sort thread fetch store copy move "
      "idle any " },
};

void faults_usage(struct buf *out)
{
    buf_adds(out, _("--fault POINT=ACTION[:SELECTOR=VALUE]...\n\nPoints:\n"));
    for (size_t i = 0; i < COUNT(protocols); i++)
        buf_addf(out, "  %s:%s\n", protocols[i].name, protocols[i].points);
    buf_adds(out, _("  smtp.rcpt is that command in SMTP and LMTP, *.connect the greeting of all\n"
                    "  protocols, smtp.any every command; tls and disk are points, too.\n\n"
                    "Actions:\n"
                    "  450, 450 4.2.1 TEXT   smtp: this answer, and the command is not done\n"
                    "  -ERR, -ERR TEXT       pop3: the same\n"
                    "  NO, NO TEXT           imap: the same; BAD, OK and BYE likewise, BYE ends\n"
                    "                        the session\n"));
    for (size_t i = 0; i < COUNT(actions); i++) {
        static const char *const arguments[] = { "", "=N", "=+N", "=WORDS" };
        buf_addf(out, "  %s%s%*s%s\n", actions[i].name, arguments[actions[i].argument],
                 (int)(22 - strlen(actions[i].name) - strlen(arguments[actions[i].argument])), "",
                 _(actions[i].help));
    }
    buf_adds(out, _("\nSelectors:\n"
                    "  every=N               only each N-th time\n"
                    "  first=N               only the first N times\n"
                    "  after=N               not the first N times\n"
                    "  user=NAME             only when this account is logged in\n"
                    "  with=TEXT             only when the command has this text\n"
                    "  without=TEXT          only when it has not\n"
                    "  until=COMMAND         only before the session has had this command\n"));
}

/* ---- reading a rule ---- */

static int text_keep(char *to, size_t size, struct str s)
{
    if (s.n == 0 || s.n >= size || !str_is_line(s))
        return -1;
    memcpy(to, s.p, s.n);
    to[s.n] = '\0';
    return 0;
}

static int count_read(struct str s, uint64_t *to)
{
    return str_u64(&s, to) == 0 && s.n == 0 && *to > 0 ? 0 : -1;
}

/* 1: it is none, but a part of the text before. */
static int selector_read(struct str s, struct faults_rule *r)
{
    if (str_lit(&s, "every=") == 0)
        return count_read(s, &r->every);
    if (str_lit(&s, "first=") == 0)
        return count_read(s, &r->first);
    if (str_lit(&s, "after=") == 0)
        return count_read(s, &r->after);
    if (str_lit(&s, "user=") == 0)
        return text_keep(r->user, sizeof r->user, s);
    if (str_lit(&s, "with=") == 0)
        return text_keep(r->with, sizeof r->with, s);
    if (str_lit(&s, "without=") == 0)
        return text_keep(r->without, sizeof r->without, s);
    if (str_lit(&s, "until=") == 0)
        return text_keep(r->until, sizeof r->until, s);
    return 1;
}

/* Which protocols the point is of; 0: there is no such point. */
static unsigned point_where(struct str point)
{
    unsigned where = 0;
    struct str protocol;
    struct buf word = BUF_INIT(FAULTS_WORD_MAX + 4);
    if (str_eqc(point, "tls") || str_eqc(point, "disk"))
        return SERVER;
    if (str_until(&point, '.', &protocol) != 0 || point.n == 0 || point.n > FAULTS_WORD_MAX)
        return 0;
    buf_addf(&word, " %.*s ", STR_ARG(point));
    for (size_t i = 0; i < COUNT(protocols); i++)
        if ((str_eqc(protocol, "*") || str_eqc(protocol, protocols[i].name)) &&
            str_search(str_c(protocols[i].points), buf_str(&word)) < strlen(protocols[i].points))
            where |= protocols[i].protocol;
    buf_free(&word);
    return where;
}

static int number_read(struct str s, bool is_signed, int64_t *to)
{
    uint64_t n;
    bool minus = is_signed && str_lit(&s, "-") == 0;
    if (!minus && is_signed)
        str_lit(&s, "+");
    if (str_u64(&s, &n) != 0 || s.n != 0 || n > INT32_MAX)
        return -1;
    *to = minus ? -(int64_t)n : (int64_t)n;
    return 0;
}

static bool point_fits(struct str point, enum faults_do what)
{
    switch (what) {
    case FAULTS_HIDE:
        return str_ends(point, ".offer");
    case FAULTS_DROP:
    case FAULTS_DROPBEFORE:
        return str_eqc(point, "smtp.dot");
    case FAULTS_GREYLIST:
        return str_eqc(point, "smtp.rcpt");
    case FAULTS_INJECT:
        return str_ends(point, ".starttls") || str_ends(point, ".stls");
    case FAULTS_DISK_FULL:
        return str_eqc(point, "disk");
    case FAULTS_NO_TLS:
    case FAULTS_CERT_EXPIRED:
    case FAULTS_CERT_NAME:
        return str_eqc(point, "tls");
    default:
        return !str_ends(point, ".offer");
    }
}

/* An answer in the words of the protocol. */
static bool answer_ok(unsigned where, struct str s)
{
    if (where == SMTP)
        return s.n >= 3 && s.p[0] >= '2' && s.p[0] <= '5' && ascii_is_digit(s.p[1]) &&
               ascii_is_digit(s.p[2]) && (s.n == 3 || s.p[3] == ' ');
    struct str word = str_head(s, str_find(s, ' '));
    if (where == POP3)
        return str_eqc(word, "-ERR") || str_eqc(word, "+OK");
    return where == IMAP && (str_eqc(word, "NO") || str_eqc(word, "BAD") || str_eqc(word, "OK") ||
                             str_eqc(word, "BYE"));
}

static int action_read(struct str s, unsigned where, struct faults_rule *r)
{
    struct str argument = s;
    struct str name;
    if (str_until(&argument, '=', &name) != 0) {
        name = s;
        argument = STR("");
    }
    for (size_t i = 0; i < COUNT(actions); i++) {
        if (!str_eqc(name, actions[i].name))
            continue;
        r->what = actions[i].what;
        if ((where & ~actions[i].where) != 0 || !point_fits(str_c(r->point), r->what))
            return -1;
        if (actions[i].argument == ARG_NONE)
            return argument.n == 0 ? 0 : -1;
        if (actions[i].argument == ARG_TEXT)
            return text_keep(r->text, sizeof r->text, argument);
        return number_read(argument, actions[i].argument == ARG_SIGNED, &r->n);
    }
    r->what = FAULTS_SAY;
    return answer_ok(where, s) && point_fits(str_c(r->point), FAULTS_SAY)
               ? text_keep(r->text, sizeof r->text, s)
               : -1;
}

static int parts_read(struct str spec, struct faults_rule *out, struct error *err)
{
    struct str rest = spec;
    struct str point;
    if (text_keep(out->spec, sizeof out->spec, spec) != 0 || str_until(&rest, '=', &point) != 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this is not POINT=ACTION"));
    if (text_keep(out->point, sizeof out->point, point) != 0 || point_where(point) == 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("there is no point \"%.*s\""),
                         STR_ARG(point));
    for (size_t colon; (colon = str_rfind(rest, ':')) < rest.n;) {
        struct str selector = str_skip(rest, colon + 1);
        int rc = selector_read(selector, out);
        if (rc == 1)
            break;
        if (rc < 0)
            return error_set(err, ERR_USAGE, RETRY_NEVER, _("\"%.*s\" is no selector"),
                             STR_ARG(selector));
        rest = str_head(rest, colon);
    }
    if (action_read(rest, point_where(point), out) != 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("\"%.*s\" is no action for %.*s"),
                         STR_ARG(rest), STR_ARG(point));
    return 0;
}

int faults_rule_read(struct str spec, struct faults_rule *out, struct error *err)
{
    struct error why;
    *out = (struct faults_rule){ 0 };
    if (parts_read(spec, out, &why) == 0)
        return 0;
    return error_set(err, ERR_USAGE, RETRY_NEVER, _("--fault %.*s: %s (see --fault help)"),
                     STR_ARG(spec), why.text);
}

/* ---- the rules of a server ---- */

struct faults {
    struct faults_rule *rules;
    size_t n;
    uint64_t grey[FAULTS_GREY_MAX]; /* what recipients were told: a ring */
    size_t grey_next;
};

struct faults *faults_new(void)
{
    return xcalloc(1, sizeof(struct faults));
}

void faults_free(struct faults **f)
{
    if (*f == NULL)
        return;
    free((*f)->rules);
    free(*f);
    *f = NULL;
}

int faults_add(struct faults *f, struct str spec, struct error *err)
{
    struct faults_rule r;
    if (faults_rule_read(spec, &r, err) != 0)
        return -1;
    if (f->n == FAULTS_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("there are %d faults already"),
                         (int)FAULTS_MAX);
    f->rules = xrealloc(f->rules, f->n + 1, sizeof *f->rules);
    f->rules[f->n++] = r;
    return 0;
}

void faults_clear(struct faults *f)
{
    f->n = 0;
}

size_t faults_n(const struct faults *f)
{
    return f->n;
}

void faults_list(const struct faults *f, struct buf *out)
{
    for (size_t i = 0; i < f->n; i++)
        buf_addf(out, "%s\t%" PRIu64 "\n", f->rules[i].spec, f->rules[i].seen);
}

static bool same_point(const char *rule, const char *point)
{
    struct str r = str_c(rule);
    struct str p = str_c(point);
    if (str_eq(r, p))
        return true;
    size_t dot = str_find(p, '.');
    if (str_lit(&r, "*") == 0 && str_eq(r, str_skip(p, dot)))
        return true;
    /* "any" is each command, but neither the greeting nor the end of a message. */
    r = str_c(rule);
    return str_ends(r, ".any") && str_eq(str_head(r, r.n - 4), str_head(p, dot)) &&
           !str_ends(p, ".connect") && !str_ends(p, ".offer") && !str_ends(p, ".dot");
}

static bool has(struct str s, const char *text)
{
    return str_isearch(s, str_c(text)) < s.n;
}

/* said is " id select " */
static bool has_said(struct str said, const char *command)
{
    struct buf word = BUF_INIT(FAULTS_WORD_MAX + 4);
    buf_addf(&word, " %s ", command);
    bool yes = str_isearch(said, buf_str(&word)) < said.n;
    buf_free(&word);
    return yes;
}

static bool is_due(struct faults_rule *r, const struct faults_question *q)
{
    if ((r->user[0] != '\0' && !str_ieqc(q->account, r->user)) ||
        (r->with[0] != '\0' && !has(q->line, r->with)) ||
        (r->without[0] != '\0' && has(q->line, r->without)) ||
        (r->until[0] != '\0' && has_said(q->said, r->until)))
        return false;
    uint64_t n = ++r->seen;
    if (n <= r->after)
        return false;
    n -= r->after;
    return (r->first == 0 || n <= r->first) && (r->every == 0 || n % r->every == 0);
}

/* FNV-1a; a recipient that is taken for another comes in one try sooner. */
static uint64_t hash(uint64_t h, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)ascii_lower(s.p[i])) * 0x100000001b3;
    return h;
}

static bool grey_is_new(struct faults *f, const struct faults_question *q)
{
    uint64_t h = hash(hash(0xcbf29ce484222325, q->peer), q->line);
    for (size_t i = 0; i < FAULTS_GREY_MAX; i++)
        if (f->grey[i] == h)
            return false;
    f->grey[f->grey_next++ % FAULTS_GREY_MAX] = h;
    return true;
}

static void hit_say(struct faults_hit *h, const char *text)
{
    h->what = FAULTS_SAY;
    (void)text_keep(h->text, sizeof h->text, str_c(text));
}

/* The answer to what would need room on the disk; false: this does not. */
static bool disk_hit(const char *point, struct faults_hit *h)
{
    if (str_eqc(str_c(point), "smtp.mail"))
        hit_say(h, "452 4.3.1 Insufficient system storage");
    else if (str_eqc(str_c(point), "imap.append") || str_eqc(str_c(point), "imap.copy"))
        hit_say(h, "NO [OVERQUOTA] no room");
    else
        return false;
    return true;
}

static bool rule_hits(struct faults *f, struct faults_rule *r, const struct faults_question *q,
                      struct faults_hit *h)
{
    *h = (struct faults_hit){ .what = r->what, .n = r->n };
    memcpy(h->text, r->text, sizeof h->text);
    if (r->what == FAULTS_DISK_FULL ? !disk_hit(q->point, h) : !same_point(r->point, q->point))
        return false;
    if (!is_due(r, q))
        return false;
    h->count = r->seen;
    if (r->what != FAULTS_GREYLIST)
        return true;
    hit_say(h, "450 4.7.1 Greylisted, please try again later");
    return grey_is_new(f, q);
}

void faults_ask(struct faults *f, const struct faults_question *q, struct faults_hits *out)
{
    out->n = 0;
    for (size_t i = 0; i < f->n && out->n < FAULTS_HITS; i++)
        if (rule_hits(f, &f->rules[i], q, &out->hit[out->n]))
            out->n++;
}
