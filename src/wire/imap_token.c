/* SPDX-License-Identifier: MIT */
#include "wire/imap_token.h"

#include <stdlib.h>

#include "base/banned.h"

enum state {
    AT_TOKEN,
    IN_ATOM,
    IN_QUOTED,
    IN_ESCAPE,
    IN_SIZE,  /* between { and } */
    SIZE_END, /* } was read: CRLF must follow */
    AT_CHOICE,
    IN_KEEP,
    IN_STREAM,
    IN_TEXT,
    AFTER_CR,
    IN_SKIP, /* a line that is dropped, with the literals that it announces */
    STATES
};

enum { LITERAL_KEEP = 64 << 10, LITERAL_MAX = 256 << 20, SIZE_DIGITS = 32 };

struct frame {
    enum wire_kind kind;
    const struct wire_node **tail;
};

struct wire_imap {
    enum wire_side side;
    struct wire_imap_limits limits;
    enum state state;
    struct arena *arena; /* the line's */
    const struct wire_node *root;
    const struct wire_node **tail; /* where the next node goes */
    size_t top_n;                  /* nodes at the top level */
    struct frame *stack;           /* lists that are open */
    size_t depth, stack_cap;
    size_t line_n, nodes_n;
    struct buf word; /* the token under way */
    bool section;    /* inside BODY[ ... ] */
    bool section_quoted;
    bool text_next; /* the rest of the line is for people */
    bool skip_text; /* the line that is dropped broke in text for people: it announces nothing */
    bool fresh;     /* the last line was given out */
    struct wire_literal literal;
    bool keep;
    uint64_t left; /* bytes of the literal still to come */
    struct str chunk;
    bool chunk_last;
};

struct wire_imap *wire_imap_new(enum wire_side side, const struct wire_imap_limits *limits)
{
    static const struct wire_imap_limits usual = {
        .line_max = WIRE_LINE_MAX,
        .depth_max = WIRE_DEPTH_MAX,
        .nodes_max = WIRE_NODES_MAX,
        .memory_max = WIRE_MEMORY_MAX,
        .literal_keep = LITERAL_KEEP,
        .literal_max = LITERAL_MAX,
    };
    struct wire_imap *p = xcalloc(1, sizeof *p);
    p->side = side;
    p->limits = limits != NULL ? *limits : usual;
    buf_init(&p->word, p->limits.memory_max);
    p->fresh = true;
    return p;
}

void wire_imap_free(struct wire_imap **p)
{
    if (*p == NULL)
        return;
    arena_free(&(*p)->arena);
    buf_free(&(*p)->word);
    free((*p)->stack);
    free(*p);
    *p = NULL;
}

static void line_reset(struct wire_imap *p)
{
    arena_free(&p->arena);
    p->arena = arena_new(1024);
    p->root = NULL;
    p->tail = &p->root;
    p->depth = p->line_n = p->nodes_n = p->top_n = 0;
    p->section = p->section_quoted = p->text_next = p->skip_text = p->fresh = false;
    buf_clear(&p->word);
    p->state = AT_TOKEN;
}

/* The line is broken: what is left of it will be skipped, or (ended) nothing is. */
static enum wire_result line_bad(struct wire_imap *p, bool ended, enum error_code code,
                                 const char *why, struct error *err)
{
    buf_clear(&p->word);
    p->skip_text = p->text_next || p->state == IN_TEXT;
    p->state = IN_SKIP;
    p->left = 0;
    p->fresh = ended;
    error_set(err, code, RETRY_NEVER, "%s", why);
    return WIRE_BAD;
}

static enum wire_result grammar_bad(struct wire_imap *p, struct error *err)
{
    return line_bad(p, false, ERR_PROTO, "the line breaks the grammar of IMAP", err);
}

static enum wire_result limit_bad(struct wire_imap *p, struct error *err)
{
    return line_bad(p, false, ERR_LIMIT, "the line is larger than a limit of this program", err);
}

static bool memory_left(const struct wire_imap *p, uint64_t n)
{
    size_t used = arena_used(p->arena) + p->word.len;
    return used <= p->limits.memory_max && n <= p->limits.memory_max - used;
}

/* Appends a node to the list that is open. NULL when the line has grown too large. */
static struct wire_node *node_add(struct wire_imap *p, enum wire_kind kind)
{
    if (++p->nodes_n > p->limits.nodes_max || !memory_left(p, sizeof(struct wire_node)))
        return NULL;
    struct wire_node *n = arena_alloc(p->arena, sizeof *n);
    n->kind = kind;
    *p->tail = n;
    p->tail = &n->next;
    p->top_n += p->depth == 0;
    return n;
}

static bool word_is(const struct wire_imap *p, const char *text)
{
    return str_ieqc(buf_str(&p->word), text);
}

/* What follows OK, NO and the like, or "+", is text for people (RFC 3501 §7.1, §7.5). */
static bool word_opens_text(const struct wire_imap *p)
{
    static const char *const status[] = { "OK", "NO", "BAD", "BYE", "PREAUTH" };
    if (p->side == WIRE_SERVER || p->depth > 0)
        return false;
    if (p->top_n == 0)
        return word_is(p, "+");
    for (size_t i = 0; p->top_n == 1 && i < COUNT(status); i++)
        if (word_is(p, status[i]))
            return true;
    return false;
}

static int word_end(struct wire_imap *p, enum wire_kind kind)
{
    bool text = kind == WIRE_ATOM && word_opens_text(p);
    struct wire_node *n = memory_left(p, p->word.len) ? node_add(p, kind) : NULL;
    if (n == NULL)
        return -1;
    n->s = arena_str(p->arena, buf_str(&p->word));
    n->size = p->word.len;
    p->text_next = text;
    buf_clear(&p->word);
    p->state = AT_TOKEN;
    return 0;
}

static enum wire_result line_end(struct wire_imap *p, struct error *err)
{
    if (p->depth > 0)
        return line_bad(p, true, ERR_PROTO, "the line breaks the grammar of IMAP", err);
    p->fresh = true;
    return WIRE_OK;
}

static int list_open(struct wire_imap *p, enum wire_kind kind)
{
    if (p->depth >= p->limits.depth_max)
        return -1;
    if (p->depth == p->stack_cap) {
        p->stack_cap += 16;
        p->stack = xrealloc(p->stack, p->stack_cap, sizeof *p->stack);
    }
    struct wire_node *n = node_add(p, kind);
    if (n == NULL)
        return -1;
    p->stack[p->depth++] = (struct frame){ kind, p->tail };
    p->tail = &n->child;
    return 0;
}

static int list_close(struct wire_imap *p, enum wire_kind kind)
{
    if (p->depth == 0 || p->stack[p->depth - 1].kind != kind)
        return -1;
    p->tail = p->stack[--p->depth].tail;
    return 0;
}

static bool in_code(const struct wire_imap *p)
{
    return p->depth > 0 && p->stack[0].kind == WIRE_CODE;
}

/* In a list of flags it belongs to a word: nobody else would have it there. */
static bool ends_code(const struct wire_imap *p)
{
    return in_code(p) && p->depth == 1;
}

static enum wire_result code_close(struct wire_imap *p, struct error *err)
{
    if (list_close(p, WIRE_CODE) != 0)
        return grammar_bad(p, err);
    p->text_next = true;
    p->state = AT_TOKEN;
    return WIRE_MORE;
}

/* The first byte of a token, or a blank before it. c is consumed. */
static enum wire_result token_start(struct wire_imap *p, char c, struct error *err)
{
    if (c == ' ')
        return WIRE_MORE;
    if (c == '(')
        return list_open(p, WIRE_LIST) == 0 ? WIRE_MORE : limit_bad(p, err);
    if (c == ')')
        return list_close(p, WIRE_LIST) == 0 ? WIRE_MORE : grammar_bad(p, err);
    if (c == ']' && ends_code(p))
        return code_close(p, err);
    if (c == '"') {
        p->state = IN_QUOTED;
        return WIRE_MORE;
    }
    if (c == '{') {
        p->literal.binary = false;
        p->state = IN_SIZE;
        return in_code(p) ? grammar_bad(p, err) : WIRE_MORE;
    }
    buf_addc(&p->word, c);
    p->state = IN_ATOM;
    return WIRE_MORE;
}

/* Behind OK and the like: a code in brackets, or the text at once. */
static enum wire_result text_start(struct wire_imap *p, char c, struct error *err)
{
    if (c == ' ')
        return WIRE_MORE;
    p->text_next = false;
    bool first = p->top_n == 2 && !word_is(p, "+");
    if (c == '[' && first)
        return list_open(p, WIRE_CODE) == 0 ? WIRE_MORE : limit_bad(p, err);
    buf_addc(&p->word, c);
    p->state = IN_TEXT;
    return WIRE_MORE;
}

/* CR and LF end a line wherever no string is open. A bare LF is what people type into nc. True when
 * c was one. */
static bool line_break(struct wire_imap *p, char c, enum wire_result *r, struct error *err)
{
    if (c == '\r') {
        p->state = AFTER_CR;
        *r = WIRE_MORE;
        return true;
    }
    if (c == '\n')
        *r = line_end(p, err);
    return c == '\n';
}

static enum wire_result step_token(struct wire_imap *p, struct str *in, struct error *err)
{
    enum wire_result r;
    char c = in->p[0];
    *in = str_skip(*in, 1);
    p->line_n++;
    if (line_break(p, c, &r, err))
        return r;
    if (c == '\0')
        return grammar_bad(p, err);
    return p->text_next ? text_start(p, c, err) : token_start(p, c, err);
}

/* A section belongs to the atom in front of it: BODY[HEADER.FIELDS (X)]<0> is one word (RFC 3501
 * §9, section). */
static bool opens_section(const struct wire_imap *p)
{
    return word_is(p, "BODY") || word_is(p, "BODY.PEEK") || word_is(p, "BINARY") ||
           word_is(p, "BINARY.PEEK") || word_is(p, "BINARY.SIZE");
}

static enum wire_result section_byte(struct wire_imap *p, char c, struct error *err)
{
    if (c == '\r' || c == '\n' || c == '{')
        return grammar_bad(p, err);
    if (c == '"')
        p->section_quoted = !p->section_quoted;
    if (c == ']' && !p->section_quoted)
        p->section = false;
    buf_addc(&p->word, c);
    return WIRE_MORE;
}

static bool ends_atom(const struct wire_imap *p, char c)
{
    return c == ' ' || c == '(' || c == ')' || c == '\r' || c == '\n' || (c == ']' && ends_code(p));
}

static enum wire_result step_atom(struct wire_imap *p, struct str *in, struct error *err)
{
    char c = in->p[0];
    if (!p->section && ends_atom(p, c)) /* not consumed */
        return word_end(p, WIRE_ATOM) == 0 ? WIRE_MORE : limit_bad(p, err);
    *in = str_skip(*in, 1);
    p->line_n++;
    if (c == '\0')
        return grammar_bad(p, err);
    if (p->section)
        return section_byte(p, c, err);
    if (c == '[' && opens_section(p))
        p->section = true;
    if (c == '{' && word_is(p, "~")) { /* literal8, RFC 3516 */
        buf_clear(&p->word);
        p->literal.binary = true;
        p->state = IN_SIZE;
        return WIRE_MORE;
    }
    if (c == '{' || (c == '"' && p->side == WIRE_SERVER))
        return grammar_bad(p, err);
    buf_addc(&p->word, c);
    return WIRE_MORE;
}

static enum wire_result step_quoted(struct wire_imap *p, struct str *in, struct error *err)
{
    char c = in->p[0];
    *in = str_skip(*in, 1);
    p->line_n++;
    if (c == '\0' || c == '\r' || c == '\n')
        return grammar_bad(p, err);
    if (c == '"')
        return word_end(p, WIRE_QUOTED) == 0 ? WIRE_MORE : limit_bad(p, err);
    if (c == '\\')
        p->state = IN_ESCAPE;
    else
        buf_addc(&p->word, c);
    return WIRE_MORE;
}

/* Only \" and \\ are legal; servers are known that escape more. */
static enum wire_result step_escape(struct wire_imap *p, struct str *in, struct error *err)
{
    char c = in->p[0];
    *in = str_skip(*in, 1);
    p->line_n++;
    if (c == '\0' || c == '\r' || c == '\n' || (p->side == WIRE_SERVER && c != '"' && c != '\\'))
        return grammar_bad(p, err);
    buf_addc(&p->word, c);
    p->state = IN_QUOTED;
    return WIRE_MORE;
}

/* "123" or "123+" to *size and *sync. */
static int size_read(struct str s, uint64_t *size, bool *sync)
{
    if (str_u64(&s, size) != 0)
        return -1;
    *sync = str_lit(&s, "+") != 0;
    return s.n == 0 ? 0 : -1;
}

static enum wire_result step_size(struct wire_imap *p, struct str *in, struct error *err)
{
    char c = in->p[0];
    *in = str_skip(*in, 1);
    p->line_n++;
    if (c != '}') {
        buf_addc(&p->word, c);
        return p->word.len <= SIZE_DIGITS && (ascii_is_digit(c) || c == '+') ? WIRE_MORE
                                                                             : grammar_bad(p, err);
    }
    if (size_read(buf_str(&p->word), &p->literal.size, &p->literal.sync) != 0)
        return grammar_bad(p, err);
    buf_clear(&p->word);
    p->state = SIZE_END;
    return WIRE_MORE;
}

/* The bytes of a literal that will not be used: unless their sender waits for a "+" they come all
 * the same. */
static void literal_skip(struct wire_imap *p)
{
    bool comes = p->side == WIRE_CLIENT || !p->literal.sync;
    p->left = comes ? p->literal.size : 0;
    p->state = IN_SKIP;
    p->fresh = !comes;
    buf_clear(&p->word);
}

static enum wire_result literal_announced(struct wire_imap *p, struct error *err)
{
    if (p->literal.size > p->limits.literal_max) {
        enum wire_result r = limit_bad(p, err);
        literal_skip(p);
        return r;
    }
    p->keep = p->side == WIRE_CLIENT && p->literal.size <= p->limits.literal_keep;
    p->state = AT_CHOICE;
    return p->keep ? WIRE_MORE : WIRE_ANNOUNCE;
}

static enum wire_result step_size_end(struct wire_imap *p, struct str *in, struct error *err)
{
    char c = in->p[0];
    *in = str_skip(*in, 1);
    p->line_n++;
    if (c == '\r' && p->word.len == 0) {
        buf_addc(&p->word, c);
        return WIRE_MORE;
    }
    buf_clear(&p->word);
    return c == '\n' ? literal_announced(p, err) : grammar_bad(p, err);
}

static enum wire_result keep_end(struct wire_imap *p, struct error *err)
{
    return word_end(p, WIRE_LITERAL) == 0 ? WIRE_MORE : limit_bad(p, err);
}

/* The owner has chosen, or has not: begin with the literal's bytes. Consumes nothing. */
static enum wire_result literal_begin(struct wire_imap *p, struct error *err)
{
    p->left = p->literal.size;
    if (p->keep) {
        p->state = IN_KEEP;
        if (memory_left(p, p->left))
            return p->left > 0 ? WIRE_MORE : keep_end(p, err);
    } else {
        struct wire_node *n = node_add(p, WIRE_STREAMED);
        p->state = IN_STREAM;
        if (n != NULL) {
            n->size = p->literal.size;
            return WIRE_MORE;
        }
    }
    enum wire_result r = limit_bad(p, err);
    p->left = p->literal.size;
    return r;
}

/* Memory grows with the bytes that came, not with those announced. */
static enum wire_result step_keep(struct wire_imap *p, struct str *in, struct error *err)
{
    struct str part = str_head(*in, p->left < in->n ? (size_t)p->left : in->n);
    buf_add_str(&p->word, part);
    *in = str_skip(*in, part.n);
    p->left -= part.n;
    return p->left > 0 ? WIRE_MORE : keep_end(p, err);
}

static enum wire_result step_stream(struct wire_imap *p, struct str *in, struct error *err)
{
    (void)err;
    p->chunk = str_head(*in, p->left < in->n ? (size_t)p->left : in->n);
    *in = str_skip(*in, p->chunk.n);
    p->left -= p->chunk.n;
    p->chunk_last = p->left == 0;
    if (p->chunk_last)
        p->state = AT_TOKEN;
    return WIRE_CHUNK;
}

static enum wire_result step_text(struct wire_imap *p, struct str *in, struct error *err)
{
    size_t n = str_find(*in, '\n');
    size_t cr = str_find(str_head(*in, n), '\r');
    size_t most = p->limits.line_max - p->line_n + 1; /* the byte that is too much is looked at */
    struct str part = str_head(*in, cr < most ? cr : most);
    buf_add_str(&p->word, part);
    *in = str_skip(*in, part.n);
    p->line_n += part.n;
    if (str_find(part, '\0') < part.n)
        return grammar_bad(p, err);
    if (in->n == 0 || p->line_n > p->limits.line_max)
        return WIRE_MORE;
    return word_end(p, WIRE_TEXT) == 0 ? WIRE_MORE : limit_bad(p, err);
}

static enum wire_result step_after_cr(struct wire_imap *p, struct str *in, struct error *err)
{
    if (in->p[0] != '\n')
        return grammar_bad(p, err);
    *in = str_skip(*in, 1);
    return line_end(p, err);
}

/* True if the dropped line announced a literal whose bytes follow. */
static bool skipped_literal(struct wire_imap *p)
{
    struct str s = buf_str(&p->word);
    uint64_t size;
    bool sync;
    if (s.n > 0 && s.p[s.n - 1] == '\r')
        s.n--;
    if (p->skip_text || s.n < 3 || s.p[0] != '{' || s.p[s.n - 1] != '}' ||
        size_read((struct str){ s.p + 1, s.n - 2 }, &size, &sync) != 0)
        return false;
    p->left = sync && p->side == WIRE_SERVER ? 0 : size;
    return p->left > 0;
}

static enum wire_result step_skip(struct wire_imap *p, struct str *in, struct error *err)
{
    (void)err;
    if (p->left > 0) {
        size_t n = p->left < in->n ? (size_t)p->left : in->n;
        p->left -= n;
        *in = str_skip(*in, n);
        return WIRE_MORE;
    }
    char c = in->p[0];
    *in = str_skip(*in, 1);
    if (c == '{')
        buf_clear(&p->word);
    if (p->word.len <= SIZE_DIGITS + 3)
        buf_addc(&p->word, c);
    if (c != '\n')
        return WIRE_MORE;
    buf_truncate(&p->word, p->word.len > 0 ? p->word.len - 1 : 0);
    if (!skipped_literal(p))
        line_reset(p);
    buf_clear(&p->word);
    return WIRE_MORE;
}

enum wire_result wire_imap_next(struct wire_imap *p, struct str *in, const struct wire_node **line,
                                struct error *err)
{
    static enum wire_result (*const steps[STATES])(struct wire_imap *, struct str *,
                                                   struct error *) = {
        [AT_TOKEN] = step_token,    [IN_ATOM] = step_atom,     [IN_QUOTED] = step_quoted,
        [IN_ESCAPE] = step_escape,  [IN_SIZE] = step_size,     [SIZE_END] = step_size_end,
        [IN_KEEP] = step_keep,      [IN_STREAM] = step_stream, [IN_TEXT] = step_text,
        [AFTER_CR] = step_after_cr, [IN_SKIP] = step_skip,
    };
    enum wire_result r = WIRE_MORE;
    if (p->fresh)
        line_reset(p);
    while (r == WIRE_MORE) {
        bool empty_chunk = p->state == IN_STREAM && p->left == 0;
        if (p->state == AT_CHOICE) {
            r = literal_begin(p, err);
            continue;
        }
        if (in->n == 0 && !empty_chunk)
            break;
        r = steps[p->state](p, in, err);
        if (r == WIRE_MORE && p->line_n > p->limits.line_max && p->state != IN_SKIP)
            r = limit_bad(p, err);
    }
    *line = p->root;
    return r;
}

const struct wire_literal *wire_imap_literal(const struct wire_imap *p)
{
    return &p->literal;
}

void wire_imap_keep(struct wire_imap *p)
{
    p->keep = true;
}

void wire_imap_refuse(struct wire_imap *p)
{
    literal_skip(p);
}

struct str wire_imap_chunk(const struct wire_imap *p, bool *last)
{
    *last = p->chunk_last;
    return p->chunk;
}

const struct wire_node *wire_nth(const struct wire_node *first, size_t n)
{
    while (first != NULL && n-- > 0)
        first = first->next;
    return first;
}

size_t wire_count(const struct wire_node *first)
{
    size_t n = 0;
    for (; first != NULL; first = first->next)
        n++;
    return n;
}

bool wire_is(const struct wire_node *n, const char *atom)
{
    return n != NULL && n->kind == WIRE_ATOM && str_ieqc(n->s, atom);
}

bool wire_is_nil(const struct wire_node *n)
{
    return wire_is(n, "NIL");
}

bool wire_is_string(const struct wire_node *n)
{
    return n != NULL && (n->kind == WIRE_ATOM || n->kind == WIRE_QUOTED || n->kind == WIRE_LITERAL);
}

int wire_u64(const struct wire_node *n, uint64_t *value)
{
    uint64_t v;
    if (n == NULL || n->kind != WIRE_ATOM)
        return -1;
    struct str s = n->s;
    if (str_u64(&s, &v) != 0 || s.n > 0)
        return -1;
    *value = v;
    return 0;
}

int wire_u32(const struct wire_node *n, uint32_t *value)
{
    uint64_t v;
    if (wire_u64(n, &v) != 0 || v > UINT32_MAX)
        return -1;
    *value = (uint32_t)v;
    return 0;
}
