/* SPDX-License-Identifier: MIT */
#include "sync/roles.h"

#include "base/utf8.h"
#include "wire/imap_name.h"
#include "wire/imap_resp.h"
#include "base/banned.h"

static const struct {
    unsigned flag;
    enum cache_role role;
} special_use[] = {
    { LIST_DRAFTS, ROLE_DRAFTS },   { LIST_SENT, ROLE_SENT }, { LIST_TRASH, ROLE_TRASH },
    { LIST_ARCHIVE, ROLE_ARCHIVE }, { LIST_JUNK, ROLE_JUNK }, { LIST_ALL, ROLE_ALL },
};

/* What servers and other programs call them where SPECIAL-USE says nothing; the more usual name
 * first. */
static const struct {
    const char *name;
    enum cache_role role;
} common_names[] = {
    { "Sent", ROLE_SENT },
    { "Sent Items", ROLE_SENT },
    { "Sent Messages", ROLE_SENT },
    { "Sent Mail", ROLE_SENT },
    { "Drafts", ROLE_DRAFTS },
    { "Draft", ROLE_DRAFTS },
    { "Trash", ROLE_TRASH },
    { "Deleted Items", ROLE_TRASH },
    { "Deleted Messages", ROLE_TRASH },
    { "Bin", ROLE_TRASH },
    { "Archive", ROLE_ARCHIVE },
    { "Archives", ROLE_ARCHIVE },
    { "Junk", ROLE_JUNK },
    { "Spam", ROLE_JUNK },
    { "Junk E-mail", ROLE_JUNK },
    { "Junk Email", ROLE_JUNK },
};

void roles_name(struct arena *a, struct sync_listed *f)
{
    struct buf utf8 = BUF_INIT(4 * WIRE_NAME_MAX), out = BUF_INIT(8 * WIRE_NAME_MAX);
    if (wire_name_decode(f->wire, &utf8) != 0)
        utf8_clean(&utf8, f->wire);
    if (str_ieqc(buf_str(&utf8), "INBOX"))
        buf_adds(&out, "INBOX");
    else
        for (size_t i = 0; i < utf8.len; i++) {
            if (f->delim != 0 && utf8.data[i] == f->delim)
                buf_addc(&out, '/');
            else if (utf8.data[i] == '/')
                buf_adds(&out, "\xE2\x88\x95");
            else
                buf_addc(&out, utf8.data[i]);
        }
    f->name = arena_str(a, buf_str(&out));
    buf_free(&utf8);
    buf_free(&out);
}

static bool role_taken(const struct sync_listed *rows, size_t n, enum cache_role role)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].role == role)
            return true;
    return false;
}

/* Some servers keep all folders below INBOX. */
static bool is_called(const struct sync_listed *f, const char *name)
{
    struct str in = f->name;
    if (f->role != ROLE_NONE || (f->flags & (LIST_NOSELECT | LIST_NONEXISTENT)) != 0)
        return false;
    (void)str_lit(&in, "INBOX/");
    return str_ieqc(in, name);
}

void roles_assign(struct sync_listed *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rows[i].role = str_eqc(rows[i].name, "INBOX") ? ROLE_INBOX : ROLE_NONE;
    for (size_t s = 0; s < COUNT(special_use); s++)
        for (size_t i = 0; i < n; i++)
            if ((rows[i].flags & special_use[s].flag) != 0 && rows[i].role == ROLE_NONE &&
                !role_taken(rows, n, special_use[s].role))
                rows[i].role = special_use[s].role;
    for (size_t c = 0; c < COUNT(common_names); c++)
        for (size_t i = 0; i < n; i++)
            if (is_called(&rows[i], common_names[c].name) &&
                !role_taken(rows, n, common_names[c].role))
                rows[i].role = common_names[c].role;
}
