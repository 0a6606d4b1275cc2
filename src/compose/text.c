/* SPDX-License-Identifier: MIT */
#include "compose/edit.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "base/banned.h"

/* The header lines that an editor sees, in this order. */
struct shown {
    const char *name;
    size_t offset;
    bool always;
};
static const struct shown shown[] = {
    { "From", offsetof(struct draft, from), true },
    { "To", offsetof(struct draft, to), true },
    { "Cc", offsetof(struct draft, cc), true },
    { "Bcc", offsetof(struct draft, bcc), false },
    { "Reply-To", offsetof(struct draft, reply_to), false },
    { "Subject", offsetof(struct draft, subject), true },
};

/* What an edited header says, before any of it is taken over. */
struct edited {
    struct str values[COUNT(shown)];
    struct str extra[64];
    size_t extra_n;
    struct str attach[DRAFT_ATTACH_MAX];
    size_t attach_n;
};

static char **slot(struct draft *d, const struct shown *s)
{
    return (char **)((char *)d + s->offset);
}

static bool hidden(struct str line)
{
    return str_istarts(line, "In-Reply-To:") || str_istarts(line, "References:");
}

void draft_to_text(const struct draft *d, struct buf *out)
{
    const char *why = draft_header(d, DRAFT_NOT_SENT);
    if (why != NULL)
        buf_addf(out, DRAFT_NOT_SENT ": %s\n", why);
    for (size_t i = 0; i < COUNT(shown); i++) {
        const char *value = *slot((struct draft *)d, &shown[i]);
        if (shown[i].always || value[0] != '\0')
            buf_addf(out, "%s: %s\n", shown[i].name, value);
    }
    for (size_t i = 0; i < d->headers_n; i++)
        if (!str_istarts(str_c(d->headers[i]), DRAFT_NOT_SENT ":"))
            buf_addf(out, "%s\n", d->headers[i]);
    buf_addc(out, '\n');
    buf_adds(out, d->text);
}

static bool is_field_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!ascii_is_alnum(name.p[i]) && name.p[i] != '-')
            return false;
    return name.n > 0;
}

static int take_line(struct edited *e, struct str line, unsigned number, struct error *err)
{
    struct str rest = line, name;
    if (str_until(&rest, ':', &name) != 0 || !is_field_name(name))
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("line %u is not \"Name: value\"; an empty line must stand before the "
                           "text"),
                         number);
    rest = str_trim(rest);
    if (!str_is_line(rest))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("line %u has a control character"), number);
    for (size_t i = 0; i < COUNT(shown); i++)
        if (str_ieqc(name, shown[i].name)) {
            e->values[i] = rest;
            return 0;
        }
    if (hidden(line) || (rest.n == 0 && !str_ieqc(name, "Attach")))
        return 0;
    bool attach = str_ieqc(name, "Attach");
    if (attach ? e->attach_n >= COUNT(e->attach) : e->extra_n >= COUNT(e->extra))
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("too many header lines"));
    if (attach && rest.n > 0)
        e->attach[e->attach_n++] = rest;
    else if (!attach)
        e->extra[e->extra_n++] = line;
    return 0;
}

static int take_attachments(struct draft *d, const struct edited *e, struct error *err)
{
    size_t before = d->attachments_n;
    for (size_t i = 0; i < e->attach_n; i++) {
        char *path = xmemdup0(e->attach[i].p, e->attach[i].n);
        int rc = draft_attach(d, path, false, err);
        free(path);
        if (rc != 0) {
            while (d->attachments_n > before)
                draft_detach(d, d->attachments_n - 1);
            return -1;
        }
    }
    return 0;
}

int draft_from_text(struct draft *d, struct str text, struct error *err)
{
    struct edited e = { 0 };
    struct str line;
    unsigned number = 0;
    while (str_line(&text, &line) && line.n > 0)
        if (take_line(&e, line, ++number, err) != 0)
            return -1;
    if (take_attachments(d, &e, err) != 0)
        return -1;
    for (size_t i = 0; i < COUNT(shown); i++)
        draft_set(slot(d, &shown[i]), e.values[i]);
    for (size_t i = 0; i < d->headers_n; i++)
        free(d->headers[i]);
    d->headers_n = 0;
    for (size_t i = 0; i < e.extra_n; i++)
        draft_header_add(d, e.extra[i]);
    draft_set(&d->text, text);
    return 0;
}
