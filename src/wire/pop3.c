/* SPDX-License-Identifier: MIT */
#include "wire/pop3.h"

#include "base/banned.h"

/* A line without its end, behind which *in then stands. */
static enum wire_result line_take(struct str *in, struct str *line)
{
    struct str rest = *in;
    size_t n = str_find(rest, '\n');
    if (n > WIRE_POP3_LINE_MAX)
        return WIRE_BAD;
    if (n == rest.n)
        return WIRE_MORE;
    if (!str_line(&rest, line) || !str_is_line(*line))
        return WIRE_BAD;
    *in = rest;
    return WIRE_OK;
}

/* RFC 2449 §8: "[" level *("/" level) "]". Brackets around anything else are text. */
static void code_read(struct str *text, struct str *code)
{
    struct str in = *text;
    struct str inside;
    if (str_lit(&in, "[") != 0 || str_until(&in, ']', &inside) != 0 || inside.n == 0)
        return;
    for (size_t i = 0; i < inside.n; i++)
        if (inside.p[i] <= ' ' || inside.p[i] > '~' || inside.p[i] == '[')
            return;
    *code = inside;
    *text = str_trim(in);
}

/* RFC 1939 §3 and RFC 5034 §4; a bare "+" stands for "+ " with an empty challenge. */
static int reply_read(struct str line, struct wire_pop3_reply *out)
{
    if (str_ilit(&line, "+OK") == 0)
        out->kind = POP3_OK;
    else if (str_ilit(&line, "-ERR") == 0)
        out->kind = POP3_ERR;
    else if (str_lit(&line, "+") == 0)
        out->kind = POP3_CONTINUE;
    else
        return -1;
    if (line.n > 0 && !ascii_is_space(line.p[0]))
        return -1;
    out->text = str_trim(line);
    if (out->kind != POP3_CONTINUE)
        code_read(&out->text, &out->code);
    return 0;
}

enum wire_result wire_pop3_reply_next(struct str *in, struct wire_pop3_reply *out)
{
    struct str line;
    struct str rest = *in;
    *out = (struct wire_pop3_reply){ 0 };
    enum wire_result r = line_take(&rest, &line);
    if (r != WIRE_OK)
        return r;
    if (reply_read(line, out) != 0)
        return WIRE_BAD;
    *in = rest;
    return WIRE_OK;
}

enum wire_result wire_pop3_line_next(struct str *in, struct str *line, bool *end)
{
    enum wire_result r = line_take(in, line);
    *end = false;
    if (r != WIRE_OK || str_lit(line, ".") != 0)
        return r;
    *end = line->n == 0;
    return WIRE_OK;
}

/* The number of a message, and the blanks behind it. */
static int number_read(struct str *line, uint32_t *number)
{
    *line = str_trim(*line);
    if (str_u32(line, number) != 0 || *number == 0)
        return -1;
    if (line->n > 0 && !ascii_is_space(line->p[0]))
        return -1;
    *line = str_trim(*line);
    return 0;
}

int wire_pop3_number_size(struct str line, uint32_t *number, uint64_t *size)
{
    if (number_read(&line, number) != 0 || str_u64(&line, size) != 0 || *size > INT64_MAX)
        return -1;
    return line.n == 0 || ascii_is_space(line.p[0]) ? 0 : -1; /* RFC 1939 §5: more may follow */
}

int wire_pop3_number_uid(struct str line, uint32_t *number, struct str *uid)
{
    if (number_read(&line, number) != 0 || line.n > WIRE_POP3_UID_MAX)
        return -1;
    for (size_t i = 0; i < line.n; i++)
        if ((unsigned char)line.p[i] < ' ' || line.p[i] == 0x7f)
            return -1;
    *uid = line;
    return 0;
}

/* The state of a body: where in a line it is, and what ends its lines. */
enum { BODY_START, BODY_LINE, BODY_CR, BODY_DOT, BODY_DOT_CR, BODY_WHERE = 7 };
enum { BODY_IS_CRLF = 8, BODY_IS_LF = 16, BODY_ENDS = BODY_IS_CRLF | BODY_IS_LF };

static void body_at(struct wire_pop3_body *b, unsigned where)
{
    b->state = (b->state & BODY_ENDS) | where;
}

/* Behind an LF: does a line end there? The first one of a body tells which ends are meant. */
static bool body_ends(struct wire_pop3_body *b, bool crlf)
{
    if ((b->state & BODY_ENDS) == 0)
        b->state |= crlf ? BODY_IS_CRLF : BODY_IS_LF;
    return crlf || (b->state & BODY_IS_LF) != 0;
}

/* All of *in up to a dot at the start of a line. */
static void body_run(struct wire_pop3_body *b, struct str *in, struct str *run)
{
    const char *end = in->p + in->n;
    const char *p = in->p;
    const char *lf;
    bool start = false;
    while (p < end && !(start && *p == '.') && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
        bool cr = lf > in->p ? lf[-1] == '\r' : (b->state & BODY_WHERE) == BODY_CR;
        start = body_ends(b, cr);
        p = lf + 1;
    }
    if (!start || (p < end && *p != '.')) {
        start = false;
        p = end;
    }
    *run = str_head(*in, (size_t)(p - in->p));
    *in = str_skip(*in, run->n);
    if (start)
        body_at(b, BODY_START);
    else
        body_at(b, run->p[run->n - 1] == '\r' ? BODY_CR : BODY_LINE);
}

/* Behind a dot that began a line. True: it was the last. */
static bool body_dot(struct wire_pop3_body *b, struct str *in)
{
    if ((b->state & BODY_WHERE) == BODY_DOT && str_lit(in, "\r") == 0) {
        body_at(b, BODY_DOT_CR);
        return false;
    }
    bool lf_ends = (b->state & BODY_WHERE) == BODY_DOT_CR || (b->state & BODY_IS_CRLF) == 0;
    if (lf_ends && str_lit(in, "\n") == 0)
        return true;
    body_at(b, BODY_LINE);
    return false;
}

enum wire_result wire_pop3_body_next(struct wire_pop3_body *b, struct str *in, struct str *run)
{
    *run = (struct str){ 0 };
    if (in->n > 0 && (b->state & BODY_WHERE) == BODY_START && str_lit(in, ".") == 0)
        body_at(b, BODY_DOT);
    while (in->n > 0 && (b->state & BODY_WHERE) >= BODY_DOT) {
        bool had_cr = (b->state & BODY_WHERE) == BODY_DOT_CR;
        if (body_dot(b, in)) {
            *b = (struct wire_pop3_body){ 0 };
            return WIRE_OK;
        }
        if (had_cr) { /* it was held back as part of the end, which did not come */
            *run = STR("\r");
            return WIRE_MORE;
        }
    }
    if (in->n > 0)
        body_run(b, in, run);
    return WIRE_MORE;
}

enum takes { TAKES_NOTHING, TAKES_TEXT, TAKES_MAY_NUMBER, TAKES_NUMBER, TAKES_NUMBER_LINES };
static const struct verb {
    const char *name;
    enum wire_pop3_verb verb;
    enum takes takes;
} verbs[] = {
    { "USER", POP3_USER, TAKES_TEXT },       { "PASS", POP3_PASS, TAKES_TEXT },
    { "AUTH", POP3_AUTH, TAKES_TEXT },       { "STAT", POP3_STAT, TAKES_NOTHING },
    { "LIST", POP3_LIST, TAKES_MAY_NUMBER }, { "UIDL", POP3_UIDL, TAKES_MAY_NUMBER },
    { "RETR", POP3_RETR, TAKES_NUMBER },     { "TOP", POP3_TOP, TAKES_NUMBER_LINES },
    { "DELE", POP3_DELE, TAKES_NUMBER },     { "NOOP", POP3_NOOP, TAKES_NOTHING },
    { "RSET", POP3_RSET, TAKES_NOTHING },    { "CAPA", POP3_CAPA, TAKES_NOTHING },
    { "STLS", POP3_STLS, TAKES_NOTHING },    { "APOP", POP3_APOP, TAKES_TEXT },
    { "QUIT", POP3_QUIT, TAKES_NOTHING },
};

static const struct verb *verb_find(struct str word)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (str_ieqc(word, verbs[i].name))
            return &verbs[i];
    return NULL;
}

/* Whether text is what the verb takes; numbers go into *out. */
static bool args_read(enum takes takes, struct wire_pop3_cmd *out)
{
    struct str in = out->text;
    switch (takes) {
    case TAKES_NOTHING:
        return in.n == 0;
    case TAKES_TEXT:
        return in.n > 0;
    case TAKES_MAY_NUMBER:
        return in.n == 0 || (number_read(&in, &out->number) == 0 && in.n == 0);
    case TAKES_NUMBER:
        return number_read(&in, &out->number) == 0 && in.n == 0;
    default:
        return number_read(&in, &out->number) == 0 && str_u32(&in, &out->lines) == 0 && in.n == 0;
    }
}

void wire_pop3_cmd_read(struct str line, struct wire_pop3_cmd *out)
{
    struct str word;
    *out = (struct wire_pop3_cmd){ .verb = POP3_UNKNOWN, .bad = true };
    if (!str_word(&line, &word))
        return;
    const struct verb *v = verb_find(word);
    if (v != NULL)
        out->verb = v->verb;
    out->text = out->verb == POP3_PASS ? str_skip(line, 1) : str_trim(line);
    out->bad = v == NULL || !args_read(v->takes, out);
}
