/* SPDX-License-Identifier: MIT */
#include "bench/corpus.h"

#include "base/clock.h"
#include "base/banned.h"

enum { SEEN = 1, ANSWERED = 2, FLAGGED = 4, CHAIN_MAX = 12, TEXT_MAX = 4 << 10 };
enum { T_SUBJECT, T_FROM, T_TO, T_ID, T_PARENT, T_REFS, T_PREVIEW };

static const char *const first_names[] = {
    "Anna",  "Ben",    "Chloé",  "Daan",  "Emma",  "Farid", "Greta",   "Hugo",  "Ingrid", "Jamal",
    "Katja", "Li",     "María",  "Noor",  "Olek",  "Priya", "Quinn",   "Rosa",  "Sören",  "Tomoko",
    "Ülkü",  "Viktor", "Willem", "Xenia", "Yusuf", "Zoë",   "Дмитрий", "Ольга", "太郎",   "محمد",
};
static const char *const last_names[] = {
    "Almeida", "Bakker", "Chen",     "Dubois",    "Eriksson", "Fischer",  "García",  "Haddad",
    "Ivanov",  "Jansen", "Kowalski", "Lindqvist", "Müller",   "Nakamura", "O'Brien", "Petrov",
    "Quist",   "Rossi",  "Schmidt",  "Tanaka",    "Usman",    "Vries",    "Weber",   "Young",
};
static const char *const words[] = {
    "the",      "report",   "meeting", "budget",  "release", "server",  "draft", "agenda",
    "question", "invoice",  "update",  "holiday", "patch",   "review",  "lunch", "contract",
    "on",       "for",      "about",   "from",    "next",    "week",    "new",   "old",
    "planning", "figures",  "travel",  "backup",  "network", "design",  "notes", "proposal",
    "overleg",  "rekening", "Grüße",   "réunion", "отчёт",   "встреча", "会議",  "資料",
    "factura",  "mañana",   "please",  "thanks",  "kind",    "regards", "we",    "will",
    "send",     "you",      "it",      "and",     "to",      "of",      "with",  "version",
};
static const char *const hosts[] = { "example.org", "mail.example.net", "example.com",
                                     "lists.example.org" };

/* SplitMix64: a number of its own for each (seed, message, use). */
static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static uint64_t draw(const struct corpus *c, uint64_t i, uint64_t use)
{
    return mix(mix(c->seed ^ use << 56) ^ i);
}

/* Small numbers often, large ones seldom: below n. */
static size_t skewed(uint64_t r, size_t n)
{
    size_t a = (size_t)(r % n), b = (size_t)((r >> 24) % n);
    return a < b ? a : b;
}

/* The message that i answers, or i itself: three in five answer one of the forty before. */
static uint64_t parent(const struct corpus *c, uint64_t i)
{
    uint64_t r = draw(c, i, 1);
    uint64_t back = 1 + skewed(r >> 8, 40);
    return r % 5 < 3 && back <= i ? i - back : i;
}

static void put_id(const struct corpus *c, uint64_t i, struct buf *out)
{
    uint64_t r = draw(c, i, 2);
    buf_addf(out, "<%llx.%llu@%s>", (unsigned long long)(r >> 16), (unsigned long long)i,
             hosts[r % COUNT(hosts)]);
}

static void put_person(const struct corpus *c, uint64_t r, struct buf *out)
{
    size_t who = skewed(r, 400);
    uint64_t p = mix(c->seed + who);
    const char *first = first_names[p % COUNT(first_names)];
    const char *last = last_names[(p >> 16) % COUNT(last_names)];
    buf_addf(out, "%s %s <p%zu@%s>", first, last, who, hosts[(p >> 32) % COUNT(hosts)]);
}

static void put_words(const struct corpus *c, uint64_t i, uint64_t use, size_t n, struct buf *out)
{
    size_t column = 0;
    for (size_t k = 0; k < n; k++) {
        const char *w = words[draw(c, i * 4096 + k, use) % COUNT(words)];
        buf_adds(out, w);
        column += strlen(w) + 1;
        if (k + 1 == n)
            break;
        buf_addc(out, column > 68 ? '\n' : ' ');
        if (column > 68)
            column = 0;
    }
}

static int64_t date_of(const struct corpus *c, uint64_t i)
{
    uint64_t age = c->n - 1 - i;
    return CORPUS_NEWEST - (int64_t)(age * 600 + draw(c, i, 3) % 600);
}

static void put_thread(const struct corpus *c, uint64_t i, struct corpus_mail *m)
{
    uint64_t chain[CHAIN_MAX], root = i;
    size_t n = 0;
    for (uint64_t up = parent(c, i); up != root && n < CHAIN_MAX; up = parent(c, up)) {
        chain[n++] = up;
        root = up;
    }
    if (n > 0) {
        put_id(c, chain[0], &m->text[T_PARENT]);
        buf_adds(&m->text[T_SUBJECT], "Re: ");
    }
    for (size_t k = n; k-- > 0;) {
        put_id(c, chain[k], &m->text[T_REFS]);
        if (k > 0)
            buf_addc(&m->text[T_REFS], ' ');
    }
    put_words(c, root, 4, 2 + draw(c, root, 5) % 5, &m->text[T_SUBJECT]);
    put_id(c, i, &m->text[T_ID]);
}

static void put_header(struct corpus_mail *m)
{
    static const struct {
        const char *name;
        int text;
    } fields[] = { { "From", T_FROM },          { "To", T_TO },
                   { "Subject", T_SUBJECT },    { "Message-ID", T_ID },
                   { "In-Reply-To", T_PARENT }, { "References", T_REFS } };
    char date[CLOCK_RFC5322_MAX];
    clock_rfc5322(m->summary.date, date);
    buf_addf(&m->raw, "Date: %s\r\n", date);
    for (size_t k = 0; k < COUNT(fields); k++)
        if (m->text[fields[k].text].len > 0)
            buf_addf(&m->raw, "%s: %s\r\n", fields[k].name, buf_c(&m->text[fields[k].text]));
    buf_adds(&m->raw, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                      "Content-Transfer-Encoding: 8bit\r\n\r\n");
    m->header = m->raw.len;
}

/* Mostly a few lines, sometimes pages. */
static void put_body(const struct corpus *c, uint64_t i, struct corpus_mail *m)
{
    uint64_t r = draw(c, i, 6);
    size_t n = 12 + skewed(r, 120) + (r % 50 == 0 ? 1200 : 0);
    struct buf text = BUF_INIT(CORPUS_MESSAGE_MAX);
    put_words(c, i, 7, n, &text);
    struct str in = buf_str(&text), line;
    buf_add_str(&m->text[T_PREVIEW], str_head(in, str_find(in, '\n')));
    while (str_line(&in, &line)) {
        buf_add_str(&m->raw, line);
        buf_adds(&m->raw, "\r\n");
    }
    buf_free(&text);
}

static void put_summary(struct corpus_mail *m)
{
    struct str *const to[] = { &m->summary.subject,     &m->summary.from,
                               &m->summary.to,          &m->summary.message_id,
                               &m->summary.in_reply_to, &m->summary.references,
                               &m->summary.preview };
    for (size_t k = 0; k < COUNT(to); k++)
        *to[k] = buf_str(&m->text[k]);
    m->part = (struct mime_part_info){ .offset = m->header,
                                       .length = m->raw.len - m->header,
                                       .decoded = m->raw.len - m->header,
                                       .type = STR("text/plain"),
                                       .charset = STR("utf-8"),
                                       .encoding = MIME_8BIT };
    m->summary.parts = &m->part;
    m->summary.parts_n = 1;
}

void corpus_mail_init(struct corpus_mail *m)
{
    memset(m, 0, sizeof *m);
    buf_init(&m->raw, CORPUS_MESSAGE_MAX);
    for (size_t k = 0; k < COUNT(m->text); k++)
        buf_init(&m->text[k], TEXT_MAX);
}

void corpus_mail_free(struct corpus_mail *m)
{
    buf_free(&m->raw);
    for (size_t k = 0; k < COUNT(m->text); k++)
        buf_free(&m->text[k]);
}

void corpus_mail(const struct corpus *c, uint64_t i, struct corpus_mail *m)
{
    uint64_t r = draw(c, i, 8);
    buf_clear(&m->raw);
    for (size_t k = 0; k < COUNT(m->text); k++)
        buf_clear(&m->text[k]);
    m->summary = (struct mime_summary){ .date = date_of(c, i) };
    put_thread(c, i, m);
    put_person(c, r, &m->text[T_FROM]);
    buf_adds(&m->text[T_TO], "Jane Roe <jane@example.org>");
    put_header(m);
    put_body(c, i, m);
    put_summary(m);
    m->flags = (i + 200 < c->n || r % 3 == 0 ? SEEN : 0) | (r % 10 == 1 ? ANSWERED : 0) |
               (r % 50 == 2 ? FLAGGED : 0);
}
