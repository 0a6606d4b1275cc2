/* SPDX-License-Identifier: MIT */
#include "compose/edit.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "compose/people.h"
#include "base/banned.h"

enum { FIELD_MAX = 256 << 10, REFERENCES_KEPT = 20 };

/* Prefixes that mail programs of other languages put before a subject; none of them is piled up. */
static const char *const reply_prefixes[] = { "re",  "aw",  "antw", "sv",   "vs",   "odp",
                                              "rif", "res", "ynt",  "回复", "答复", "回覆" };
static const char *const forward_prefixes[] = { "fwd", "fw", "wg", "tr", "doorst", "vb", "转发" };

/* Moves *s past one "Re:", "RE[2]:", "Aw : " of the table. */
static bool skip_prefix(struct str *s, const char *const *table, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct str rest = str_trim(*s);
        uint64_t count;
        if (str_ilit(&rest, table[i]) != 0)
            continue;
        if (str_lit(&rest, "[") == 0 && (str_u64(&rest, &count) || str_lit(&rest, "]")))
            continue;
        rest = str_trim(rest);
        if (str_lit(&rest, ":") != 0 && str_lit(&rest, "：") != 0)
            continue;
        *s = str_trim(rest);
        return true;
    }
    return false;
}

static void set_subject(struct draft *d, const char *prefix, struct str subject)
{
    struct buf out = BUF_INIT(FIELD_MAX);
    subject = str_trim(subject);
    while (skip_prefix(&subject, reply_prefixes, COUNT(reply_prefixes)) ||
           (prefix[0] == 'F' && skip_prefix(&subject, forward_prefixes, COUNT(forward_prefixes))))
        ;
    buf_adds(&out, prefix);
    buf_add_str(&out, subject);
    draft_set(&d->subject, buf_str(&out));
    buf_free(&out);
}

/* RFC 5322 §3.6.4, with the oldest and the newest kept when there are very many. */
static void set_references(struct draft *d, const struct mime_summary *m)
{
    struct buf out = BUF_INIT(FIELD_MAX);
    struct str old = m->references, id;
    size_t n = 0, i = 0;
    if (m->message_id.n == 0)
        return;
    if (old.n == 0 && str_find(str_trim(m->in_reply_to), ' ') == str_trim(m->in_reply_to).n)
        old = m->in_reply_to;
    for (struct str count = old; str_word(&count, &id);)
        n++;
    while (str_word(&old, &id)) {
        if (n < REFERENCES_KEPT || i == 0 || i + REFERENCES_KEPT > n)
            buf_addf(&out, "%.*s ", STR_ARG(id));
        i++;
    }
    buf_add_str(&out, str_trim(m->message_id));
    draft_set(&d->references, buf_str(&out));
    draft_set(&d->in_reply_to, str_trim(m->message_id));
    buf_free(&out);
}

/* The account that the message was sent to. */
static const struct config_account *account_written_to(struct arena *a,
                                                       const struct mime_summary *m,
                                                       const struct config *cfg,
                                                       const struct config_account *fallback)
{
    struct people all = { 0 };
    people_add_field(a, &all, m->to);
    people_add_field(a, &all, m->cc);
    for (size_t i = 0; i < all.n; i++) {
        struct buf spec = BUF_INIT(FIELD_MAX);
        mime_addr_spec(&all.list[i], &spec);
        const struct config_account *found = config_account_of(cfg, buf_str(&spec));
        buf_free(&spec);
        if (found != NULL)
            return found;
    }
    return fallback;
}

static void own_addresses(struct arena *a, const struct config *cfg, struct people *own)
{
    for (size_t i = 0; i < cfg->accounts_n; i++)
        people_add_field(a, own, str_c(cfg->accounts[i].address));
}

static void drop_all(struct people *from, const struct people *what)
{
    for (size_t i = 0; i < what->n; i++)
        people_drop(from, &what->list[i]);
}

static void set_people(char **field, const struct people *p)
{
    struct buf out = BUF_INIT(FIELD_MAX);
    people_show(p, &out);
    draft_set(field, buf_str(&out));
    buf_free(&out);
}

/* "<mailto:list@example.org?subject=x>, <https://...>" → the address. RFC 2369 §3.4. */
static struct str mailto_address(struct str list_post)
{
    size_t at = str_isearch(list_post, STR("<mailto:"));
    struct str s = str_skip(list_post, at + strlen("<mailto:"));
    s = str_head(s, str_find(s, '>'));
    return str_head(s, str_find(s, '?'));
}

/* Where the sender wants the answer of everybody: Mail-Followup-To, or for a list its own address.
 * Empty: nowhere in particular. */
static struct str followup(const struct mime_summary *m, enum reply_kind kind)
{
    if (kind != REPLY_SENDER && m->followup_to.n > 0)
        return m->followup_to;
    return kind == REPLY_LIST ? mailto_address(m->list_post) : STR("");
}

static void answer_sender(struct arena *a, struct people *to, struct people *cc,
                          const struct mime_summary *m, enum reply_kind kind,
                          const struct people *own)
{
    people_add_field(a, to, m->reply_to.n > 0 ? m->reply_to : m->from);
    bool from_me = to->n > 0 && people_has(own, &to->list[0]);
    drop_all(to, own);
    if (from_me)
        people_add_field(a, to, m->to);
    else if (kind == REPLY_ALL)
        people_add_field(a, cc, m->to);
    if (kind == REPLY_ALL)
        people_add_field(a, cc, m->cc);
}

static void reply_recipients(struct arena *a, struct draft *d, const struct mime_summary *m,
                             enum reply_kind kind, const struct config *cfg)
{
    struct people own = { 0 }, to = { 0 }, cc = { 0 };
    own_addresses(a, cfg, &own);
    people_add_field(a, &to, followup(m, kind));
    if (to.n == 0)
        answer_sender(a, &to, &cc, m, kind, &own);
    drop_all(&to, &own);
    drop_all(&cc, &own);
    drop_all(&cc, &to);
    if (to.n == 0 && cc.n == 0) /* a note to oneself */
        people_add_field(a, &to, m->reply_to.n > 0 ? m->reply_to : m->from);
    set_people(&d->to, &to);
    set_people(&d->cc, &cc);
}

/* Everything before the signature's delimiter line (RFC 3676 §4.3), without empty lines at its end.
 */
static struct str without_signature(struct str text)
{
    struct str rest = text, line;
    size_t end = text.n;
    while (rest.n > 0) {
        size_t start = text.n - rest.n;
        str_line(&rest, &line);
        if (str_eqc(line, "-- ")) {
            end = start;
            break;
        }
    }
    text = str_head(text, end);
    while (text.n > 0 && ascii_is_space(text.p[text.n - 1]))
        text.n--;
    return text;
}

static void attribution(struct arena *a, const struct mime_summary *m, struct buf *out)
{
    struct mime_addr who[1];
    char when[64] = "";
    time_t t = (time_t)m->date;
    struct tm tm;
    struct buf name = BUF_INIT(FIELD_MAX);
    if (m->date > 0 && localtime_r(&t, &tm) != NULL)
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
    if (mime_addr_list(a, m->from, who, 1) == 1 && who[0].name.n > 0)
        buf_add_str(&name, who[0].name);
    else
        buf_add_str(&name, m->from);
    if (when[0] != '\0')
        buf_addf(out, _("On %s, %s wrote:"), when, buf_c(&name));
    else
        buf_addf(out, _("%s wrote:"), buf_c(&name));
    buf_addc(out, '\n');
    buf_free(&name);
}

static void quote(struct str text, struct buf *out)
{
    struct str line;
    text = without_signature(text);
    while (str_line(&text, &line))
        buf_addf(out, "%s%.*s\n", line.n == 0 || line.p[0] == '>' ? ">" : "> ", STR_ARG(line));
}

/* Puts text before what the draft has (its signature). */
static void prepend_text(struct draft *d, struct buf *text)
{
    buf_adds(text, d->text);
    draft_set(&d->text, buf_str(text));
    buf_free(text);
}

struct draft *draft_reply(const struct mime_summary *original, struct str text, int64_t message,
                          enum reply_kind kind, const struct config *cfg,
                          const struct config_account *fallback)
{
    struct arena *a = arena_new(4096);
    struct buf body = BUF_INIT(DRAFT_TEXT_MAX);
    struct draft *d = draft_new(cfg, account_written_to(a, original, cfg, fallback));
    reply_recipients(a, d, original, kind, cfg);
    set_subject(d, "Re: ", original->subject);
    set_references(d, original);
    attribution(a, original, &body);
    quote(text, &body);
    prepend_text(d, &body);
    d->answers = message;
    arena_free(&a);
    return d;
}

static void forward_header(struct buf *out, const char *name, struct str value)
{
    if (value.n > 0)
        buf_addf(out, "%s: %.*s\n", name, STR_ARG(value));
}

static void forward_attachments(struct draft *d, const struct mime_summary *m, int64_t message)
{
    for (size_t i = 0; i < m->parts_n && d->attachments_n < DRAFT_ATTACH_MAX; i++) {
        const struct mime_part_info *part = &m->parts[i];
        if (!mime_part_is_attachment(part))
            continue;
        struct draft_attachment *a = draft_attachment_add(d);
        a->message = message;
        a->part = i;
        a->name = xmemdup0(part->name.p, part->name.n);
        a->type = xmemdup0(part->type.p, part->type.n);
    }
}

struct draft *draft_forward(const struct mime_summary *original, struct str text, int64_t message,
                            const struct config *cfg, const struct config_account *fallback)
{
    struct arena *a = arena_new(4096);
    struct buf body = BUF_INIT(DRAFT_TEXT_MAX);
    struct draft *d = draft_new(cfg, account_written_to(a, original, cfg, fallback));
    char date[CLOCK_RFC5322_MAX];
    clock_rfc5322(original->date, date);
    set_subject(d, "Fwd: ", original->subject);
    buf_addf(&body, "\n%s\n", _("----- Forwarded message -----"));
    forward_header(&body, "From", original->from);
    if (original->date > 0)
        forward_header(&body, "Date", str_c(date));
    forward_header(&body, "To", original->to);
    forward_header(&body, "Cc", original->cc);
    forward_header(&body, "Subject", original->subject);
    buf_addc(&body, '\n');
    buf_add_str(&body, text);
    prepend_text(d, &body);
    forward_attachments(d, original, message);
    d->answers = message;
    d->forwards = true;
    arena_free(&a);
    return d;
}
