/* SPDX-License-Identifier: MIT */
#include "server/boxhead.h"

#include <inttypes.h>

#include "mime/mbox.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

void boxhead_put(const struct boxhead *h, struct str sender, struct buf *out)
{
    mbox_from_line(sender, h->date, out);
    buf_addf(out, "X-Tmaild: %012" PRIu64 " %012" PRIu64 " %012" PRId64 " %c%c\n", h->stored,
             h->size, h->date < 0 ? 0 : h->date, h->newline_added ? 'n' : '-', h->dead ? 'x' : '-');
    if (h->first)
        buf_addf(out, "X-IMAPbase: %010" PRIu32 " %010" PRIu32 "\n", h->validity, h->last_uid);
    buf_addf(out, "X-UID: %010" PRIu32 "\n", h->uid);
    struct boxhead wide = *h;
    if (wide.keywords_width < BOXHEAD_KEYWORDS_WIDTH)
        wide.keywords_width = BOXHEAD_KEYWORDS_WIDTH;
    if (wide.keywords_width < wide.keywords.n)
        wide.keywords_width = wide.keywords.n + BOXHEAD_KEYWORDS_WIDTH;
    boxhead_put_flags(&wide, out);
}

/* X-Status, as UW-IMAP has it. */
static const struct {
    char letter;
    unsigned flag;
} letters[] = {
    { 'A', IMAP_ANSWERED }, { 'F', IMAP_FLAGGED }, { 'T', IMAP_DRAFT }, { 'D', IMAP_DELETED }
};

bool boxhead_put_flags(const struct boxhead *h, struct buf *out)
{
    char status[COUNT(letters) + 1] = "";
    size_t n = 0;
    if (h->keywords.n > h->keywords_width)
        return false;
    for (size_t i = 0; i < COUNT(letters); i++)
        if ((h->flags & letters[i].flag) != 0)
            status[n++] = letters[i].letter;
    buf_addf(out, "Status: %-2s\nX-Status: %-4s\nX-Keywords: %.*s%*s\n",
             (h->flags & IMAP_SEEN) != 0 ? "RO" : "", status, STR_ARG(h->keywords),
             (int)(h->keywords_width - h->keywords.n), "");
    return true;
}

/* One field of a fixed width, so that an overwrite in place never moves anything. */
static int field_u64(struct str *in, size_t digits, uint64_t *value)
{
    struct str s = str_head(*in, digits);
    if (s.n != digits || str_u64(&s, value) != 0 || s.n != 0)
        return -1;
    *in = str_skip(*in, digits);
    return 0;
}

static int field_u32(struct str *in, uint32_t *value)
{
    uint64_t v;
    if (field_u64(in, 10, &v) != 0 || v > UINT32_MAX)
        return -1;
    *value = (uint32_t)v;
    return 0;
}

static int marks_read(struct str *in, struct boxhead *h)
{
    if (in->n < 2 || (in->p[0] != 'n' && in->p[0] != '-') || (in->p[1] != 'x' && in->p[1] != '-'))
        return -1;
    h->newline_added = in->p[0] == 'n';
    h->dead = in->p[1] == 'x';
    *in = str_skip(*in, 2);
    return 0;
}

static int size_line(struct str *in, struct boxhead *h, const char *start)
{
    uint64_t date;
    if (str_lit(in, "X-Tmaild: ") || field_u64(in, 12, &h->stored) || str_lit(in, " ") ||
        field_u64(in, 12, &h->size) || str_lit(in, " ") || field_u64(in, 12, &date) ||
        str_lit(in, " ") || marks_read(in, h) || str_lit(in, "\n"))
        return -1;
    h->date = (int64_t)date;
    h->dead_at = (size_t)(in->p - start) - 2;
    return 0;
}

static int uid_lines(struct str *in, struct boxhead *h)
{
    if (str_lit(in, "X-IMAPbase: ") == 0) {
        h->first = true;
        if (field_u32(in, &h->validity) || str_lit(in, " ") || field_u32(in, &h->last_uid) ||
            str_lit(in, "\n"))
            return -1;
    }
    return str_lit(in, "X-UID: ") || field_u32(in, &h->uid) || str_lit(in, "\n") ? -1 : 0;
}

static int flag_lines(struct str *in, struct boxhead *h)
{
    struct str status;
    struct str keywords;
    if (str_lit(in, "Status: ") || str_until(in, '\n', &status) || str_lit(in, "X-Status: ") ||
        in->n < COUNT(letters) + 1 || in->p[COUNT(letters)] != '\n')
        return -1;
    h->flags = str_find(status, 'R') < status.n ? IMAP_SEEN : 0;
    for (size_t i = 0; i < COUNT(letters); i++)
        if (str_find(str_head(*in, COUNT(letters)), letters[i].letter) < COUNT(letters))
            h->flags |= letters[i].flag;
    *in = str_skip(*in, COUNT(letters) + 1);
    if (str_lit(in, "X-Keywords: ") || str_until(in, '\n', &keywords))
        return -1;
    h->keywords_width = keywords.n;
    h->keywords = str_trim(keywords);
    return 0;
}

/* The names of the lines in their order; what a torn head is compared with. */
static bool is_prefix_of_ours(struct str in)
{
    static const char *const names[] = { "X-Tmaild: ", "X-IMAPbase: ", "X-UID: ",
                                         "Status: ",   "X-Status: ",   "X-Keywords: " };
    struct str line;
    if (str_until(&in, '\n', &line) != 0)
        return in.n <= BOXHEAD_MAX && memcmp(in.p, "From ", in.n < 5 ? in.n : 5) == 0;
    if (!mbox_is_from_line(line))
        return false;
    for (size_t i = 0; i < COUNT(names) && in.n > 0; i++) {
        size_t n = strlen(names[i]);
        if (memcmp(in.p, names[i], in.n < n ? in.n : n) != 0) {
            if (i == 1)
                continue;
            return false;
        }
        if (str_until(&in, '\n', &line) != 0)
            return true;
    }
    return in.n == 0;
}

int boxhead_read(struct str in, struct boxhead *h)
{
    const char *start = in.p;
    struct str rest = in;
    struct str from;
    *h = (struct boxhead){ 0 };
    if (str_until(&rest, '\n', &from) == 0 && mbox_is_from_line(from) &&
        size_line(&rest, h, start) == 0 && uid_lines(&rest, h) == 0) {
        h->flags_at = (size_t)(rest.p - start);
        if (flag_lines(&rest, h) == 0) {
            h->n = (size_t)(rest.p - start);
            return 0;
        }
    }
    return is_prefix_of_ours(in) ? 1 : -1;
}

/* X-IMAPbase stands behind the line that ends with the two marks. */
size_t boxhead_last_uid_at(const struct boxhead *h)
{
    enum { BEHIND_MARKS = 2, LAST_UID = sizeof "X-IMAPbase: 0000000000 " - 1 };
    return h->dead_at + BEHIND_MARKS + LAST_UID;
}
