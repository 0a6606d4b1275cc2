/* SPDX-License-Identifier: MIT */
/* STATUS and LIST: what folders there are and how they are (RFC 3501 §6.3.8 to 10, RFC 5258, 5819,
 * 6154, 9051 §6.3.9). */
#include "server/imapd_in.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "server/limits.h"
#include "server/names.h"
#include "wire/imap_cmd.h"
#include "wire/imap_name.h"
#include "base/banned.h"

/* ---- names ---- */

/* RFC 6855 §3: UTF-8 in a quoted string. */
static void put_utf8(struct buf *out, struct str s)
{
    buf_addc(out, '"');
    for (size_t k = 0; k < s.n; k++) {
        if (s.p[k] == '"' || s.p[k] == '\\')
            buf_addc(out, '\\');
        buf_addc(out, s.p[k]);
    }
    buf_addc(out, '"');
}

void imapd_put_name(struct imapd *i, struct str name)
{
    struct buf wire = BUF_INIT(WIRE_NAME_MAX * 4);
    bool as_it_is = imapd_utf8(i) && utf8_valid(name) && str_is_line(name);
    struct str shown = !as_it_is && wire_name_encode(name, &wire) == 0 ? buf_str(&wire) : name;
    if (!wire_put_astring(i->out, shown, false)) {
        if (as_it_is)
            put_utf8(i->out, shown);
        else
            wire_put_string(i->out, shown);
    }
    buf_free(&wire);
}

/* ---- STATUS ---- */

static uint64_t status_value(const struct wire_node *item, const struct mailbox_job *j)
{
    return wire_is(item, "MESSAGES")          ? j->status.messages
           : wire_is(item, "UIDNEXT")         ? j->uid_next
           : wire_is(item, "UIDVALIDITY")     ? j->validity
           : wire_is(item, "UNSEEN")          ? j->status.unseen
           : wire_is(item, "SIZE")            ? j->status.size
           : wire_is(item, "DELETED")         ? j->status.deleted
           : wire_is(item, "DELETED-STORAGE") ? (j->status.deleted_size + 1023) / 1024
           : wire_is(item, "HIGHESTMODSEQ")   ? j->modseq
                                              : 0;
}

static void put_status(struct imapd *i, const struct wire_node *items, struct str name,
                       const struct mailbox_job *j)
{
    const char *gap = "";
    buf_adds(i->out, "* STATUS ");
    imapd_put_name(i, name);
    buf_adds(i->out, " (");
    for (; items != NULL; items = items->next) {
        buf_addf(i->out, "%s%.*s %" PRIu64, gap, STR_ARG(items->s), status_value(items, j));
        gap = " ";
    }
    buf_adds(i->out, ")\r\n");
}

static bool status_items_ok(const struct wire_node *n)
{
    static const char *const items[] = { "MESSAGES",    "RECENT",          "UIDNEXT",
                                         "UIDVALIDITY", "UNSEEN",          "SIZE",
                                         "DELETED",     "DELETED-STORAGE", "HIGHESTMODSEQ" };
    bool ok = true;
    for (; n != NULL && ok; n = n->next) {
        ok = false;
        for (size_t k = 0; k < COUNT(items) && !ok; k++)
            ok = wire_is(n, items[k]);
    }
    return ok;
}

/* 0; 1 no such folder; -1 */
static int status_of(struct imapd *i, const struct wire_node *items, struct str name,
                     struct error *err)
{
    struct mailbox *box = NULL;
    int rc = desk_mailbox(i->setup.desk, buf_str(&i->account), name, false, &box, err);
    if (rc != 0)
        return rc;
    struct mailbox_job *j = mailbox_job_new(MAILBOX_STATUS);
    rc = mailbox_call(box, i->setup.desk->answers, &j, err);
    for (const struct wire_node *n = items; n != NULL; n = n->next)
        if (wire_is(n, "HIGHESTMODSEQ"))
            imapd_condstore(i);
    if (rc == 0)
        put_status(i, items, name, j);
    mailbox_job_free(&j);
    desk_mailbox_done(i->setup.desk, &box);
    return rc;
}

void imapd_status(struct imapd *i, const struct wire_node *args)
{
    struct error err;
    struct buf name = BUF_INIT(4096);
    const struct wire_node *items = args->next;
    if (items == NULL || items->kind != WIRE_LIST || !status_items_ok(items->child))
        imapd_bad(i, "STATUS needs a folder and a list of items");
    else if (!imapd_folder(i, args, &name))
        imapd_no(i, "[CANNOT] this is no folder name");
    else {
        int rc = status_of(i, items->child, buf_str(&name), &err);
        if (rc < 0)
            imapd_fail(i, &err);
        else if (rc > 0)
            imapd_no(i, "[NONEXISTENT] no such folder");
        else {
            imapd_tell(i, true);
            imapd_ok(i, "Done");
        }
    }
    buf_free(&name);
}

/* ---- LIST ---- */

struct listing {
    bool lsub, only_subscribed, only_special, show_subscribed;
    bool recursive; /* what has something below that is wanted is told as well */
    bool extended, utf8;
    const struct wire_node *status; /* items, or NULL */
    struct str reference;
    const struct wire_node *patterns; /* a string, or a chain of them */
    bool one;
};

/* RFC 3501 §6.3.8: * is anything, % anything within a level. Goes back to the last * or % only:
 * never worse than the product of both lengths. */
static bool matches(struct str pattern, struct str name)
{
    size_t p = 0;
    size_t n = 0;
    size_t star = SIZE_MAX;
    size_t star_n = 0;
    size_t percent = SIZE_MAX;
    size_t percent_n = 0;
    while (n < name.n || p < pattern.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            star_n = n;
            percent = SIZE_MAX;
        } else if (p < pattern.n && pattern.p[p] == '%') {
            percent = p++;
            percent_n = n;
        } else if (p < pattern.n && n < name.n && pattern.p[p] == name.p[n]) {
            p++;
            n++;
        } else if (percent != SIZE_MAX && percent_n < name.n && name.p[percent_n] != '/') {
            p = percent + 1;
            n = ++percent_n;
        } else if (star != SIZE_MAX && star_n < name.n) {
            p = star + 1;
            n = ++star_n;
            percent = SIZE_MAX;
        } else
            return false;
    }
    return true;
}

static bool pattern_add(const struct listing *l, struct str s, struct buf *out)
{
    if (s.n == 0)
        return true;
    if (l->utf8 && utf8_valid(s)) {
        buf_add_str(out, s);
        return true;
    }
    return wire_name_decode(s, out) == 0;
}

static bool matches_any(const struct listing *l, struct str name)
{
    bool hit = false;
    for (const struct wire_node *n = l->patterns; n != NULL && !hit; n = l->one ? NULL : n->next) {
        struct buf pattern = BUF_INIT(WIRE_NAME_MAX * 4);
        struct str s;
        if (pattern_add(l, l->reference, &pattern) && imapd_text(n, &s) &&
            (s.n > 0 || !l->extended) && pattern_add(l, s, &pattern))
            hit = matches(buf_str(&pattern), name) ||
                  (name_is_inbox(name) && name_is_inbox(buf_str(&pattern)));
        buf_free(&pattern);
    }
    return hit;
}

/* RFC 6154: what a folder is for, by the names that people and programs give. */
static const char *special_use(struct str name)
{
    static const struct {
        const char *name, *attribute;
    } uses[] = { { "Sent", "\\Sent" },        { "Sent Mail", "\\Sent" }, { "Sent Items", "\\Sent" },
                 { "Drafts", "\\Drafts" },    { "Trash", "\\Trash" },    { "Archive", "\\Archive" },
                 { "Archives", "\\Archive" }, { "Junk", "\\Junk" },      { "Spam", "\\Junk" } };
    for (size_t k = 0; k < COUNT(uses); k++)
        if (str_ieqc(name, uses[k].name))
            return uses[k].attribute;
    return NULL;
}

/* ---- the tree of all that may be told ---- */

struct list_row {
    const char *name;
    const struct folder_name *f; /* NULL: there is only something below */
    bool below;                  /* something below is wanted */
    bool hidden;                 /* and some of that is not matched itself */
};

static int row_cmp(const void *a, const void *b)
{
    const struct list_row *x = a;
    const struct list_row *y = b;
    bool inbox = name_is_inbox(str_c(x->name));
    if (inbox != name_is_inbox(str_c(y->name)))
        return inbox ? -1 : 1;
    int by_name = strcmp(x->name, y->name);
    return by_name != 0 ? by_name : (x->f == NULL) - (y->f == NULL);
}

static int name_cmp(const void *key, const void *row)
{
    struct list_row one = { .name = key, .f = ((const struct list_row *)row)->f };
    return row_cmp(&one, row);
}

/* The folder is one of those that are asked for, whatever its name. */
static bool is_wanted(const struct listing *l, const struct folder_name *f)
{
    if (f == NULL || (l->only_subscribed ? !f->subscribed : !f->selectable && !f->children))
        return false;
    return !l->only_special || (f->selectable && special_use(str_c(f->name)) != NULL);
}

/* All folders, and all that is above those that are wanted. */
static struct list_row *rows_make(struct arena *a, const struct listing *l,
                                  const struct folder_list *list, size_t *n)
{
    struct list_row *rows = arena_array(a, list->n * (NAME_LEVELS + 1) + 1, sizeof *rows);
    size_t all = 0;
    for (size_t k = 0; k < list->n; k++) {
        struct str name = str_c(list->p[k].name);
        rows[all++] = (struct list_row){ .name = name.p, .f = &list->p[k] };
        if (!l->recursive || !is_wanted(l, &list->p[k]))
            continue;
        for (int level = 0; level < NAME_LEVELS && str_find(name, '/') < name.n; level++) {
            name = str_head(name, str_rfind(name, '/'));
            rows[all++] = (struct list_row){ .name = arena_str(a, name).p };
        }
    }
    qsort(rows, all, sizeof *rows, row_cmp);
    *n = 0;
    for (size_t k = 0; k < all; k++)
        if (*n == 0 || strcmp(rows[*n - 1].name, rows[k].name) != 0)
            rows[(*n)++] = rows[k];
    return rows;
}

/* Tells all that is above a wanted row. */
static void row_tell(struct arena *a, const struct listing *l, struct list_row *rows, size_t n,
                     const struct list_row *row)
{
    struct str name = str_c(row->name);
    bool hidden = !matches_any(l, name);
    while (str_find(name, '/') < name.n) {
        name = str_head(name, str_rfind(name, '/'));
        struct list_row *above = bsearch(arena_str(a, name).p, rows, n, sizeof *rows, name_cmp);
        if (above == NULL)
            break;
        above->below = true;
        above->hidden = above->hidden || hidden;
    }
}

/* Whether it can be selected; RFC 3501 §6.3.9: LSUB says so of what is not subscribed itself. */
static const char *existence(const struct listing *l, const struct folder_name *f)
{
    if (l->lsub && !is_wanted(l, f))
        return " \\Noselect";
    if (f != NULL && f->selectable)
        return "";
    return f != NULL && f->children ? " \\Noselect" : " \\NonExistent";
}

static void put_attributes(struct imapd *i, const struct listing *l, const struct list_row *row)
{
    const struct folder_name *f = row->f;
    const char *use = special_use(str_c(row->name));
    bool children = f == NULL || f->children;
    buf_adds(i->out, children ? "\\HasChildren" : "\\HasNoChildren");
    if (name_is_inbox(str_c(row->name)))
        buf_adds(i->out, " \\NoInferiors");
    buf_adds(i->out, existence(l, f));
    if (f != NULL && f->subscribed && (l->only_subscribed || l->show_subscribed) && !l->lsub)
        buf_adds(i->out, " \\Subscribed");
    if (use != NULL && f != NULL && f->selectable)
        buf_addf(i->out, " %s", use);
}

static void put_row(struct imapd *i, const struct listing *l, const struct list_row *row)
{
    buf_adds(i->out, l->lsub ? "* LSUB (" : "* LIST (");
    put_attributes(i, l, row);
    buf_adds(i->out, ") \"/\" ");
    imapd_put_name(i, str_c(row->name));
    if (row->below && !l->lsub)
        buf_addf(i->out, " (\"CHILDINFO\" (%s%s%s))", l->only_subscribed ? "\"SUBSCRIBED\"" : "",
                 l->only_subscribed && l->only_special ? " " : "",
                 l->only_special ? "\"SPECIAL-USE\"" : "");
    buf_adds(i->out, "\r\n");
}

static void put_rows(struct imapd *i, const struct listing *l, const struct list_row *rows,
                     size_t n)
{
    struct error ignored;
    for (size_t k = 0; k < n; k++) {
        const struct list_row *row = &rows[k];
        /* RFC 5258 §3.5 */
        if ((!is_wanted(l, row->f) && !row->hidden) || !matches_any(l, str_c(row->name)))
            continue;
        put_row(i, l, row);
        /* RFC 5819 §2: one that cannot be looked at has its LIST line alone. */
        if (l->status != NULL && row->f != NULL && row->f->selectable &&
            status_of(i, l->status, str_c(row->name), &ignored) != 0)
            continue;
        if (i->out->len > SERVER_OUT_FLUSH && i->setup.flush(i->setup.arg, i->out) != 0)
            i->closing = true;
    }
}

static void list_answer(struct imapd *i, const struct listing *l)
{
    struct error err;
    struct folder_list list = { 0 };
    size_t n;
    if (desk_list(i->setup.desk, buf_str(&i->account), &list, &err) != 0) {
        folders_list_free(&list);
        imapd_fail(i, &err);
        return;
    }
    struct arena *a = arena_new(4096);
    struct list_row *rows = rows_make(a, l, &list, &n);
    for (size_t k = 0; k < n && l->recursive; k++)
        if (is_wanted(l, rows[k].f))
            row_tell(a, l, rows, n, &rows[k]);
    put_rows(i, l, rows, n);
    arena_free(&a);
    folders_list_free(&list);
    imapd_ok(i, "Done");
}

/* ---- the command ---- */

static bool selection_read(const struct wire_node *n, struct listing *l)
{
    for (; n != NULL; n = n->next) {
        if (wire_is(n, "SUBSCRIBED"))
            l->only_subscribed = true;
        else if (wire_is(n, "SPECIAL-USE"))
            l->only_special = true;
        else if (wire_is(n, "RECURSIVEMATCH"))
            l->recursive = true;
        else if (!wire_is(n, "REMOTE"))
            return false;
    }
    return !l->recursive || l->only_subscribed || l->only_special; /* RFC 5258 §3 */
}

static bool return_read(const struct wire_node *n, struct listing *l)
{
    if (n == NULL)
        return true;
    if (!wire_is(n, "RETURN") || n->next == NULL || n->next->kind != WIRE_LIST)
        return false;
    for (n = n->next->child; n != NULL; n = n->next) {
        if (wire_is(n, "SUBSCRIBED"))
            l->show_subscribed = true;
        else if (wire_is(n, "STATUS") && n->next != NULL && n->next->kind == WIRE_LIST) {
            n = n->next;
            l->status = n->child;
        } else if (!wire_is(n, "CHILDREN") && !wire_is(n, "SPECIAL-USE"))
            return false;
    }
    return status_items_ok(l->status);
}

static void patterns_run(struct imapd *i, struct listing *l, const struct wire_node *pattern)
{
    l->one = pattern->kind != WIRE_LIST;
    l->extended = l->extended || !l->one;
    l->patterns = l->one ? pattern : pattern->child;
    if (!l->one && wire_count(l->patterns) > IMAP_LIST_PATTERNS)
        imapd_no(i, "[LIMIT] too many patterns");
    else if (!l->extended && pattern->s.n == 0) {
        buf_addf(i->out, "* %s (\\Noselect) \"/\" \"\"\r\n", l->lsub ? "LSUB" : "LIST");
        imapd_ok(i, "Done");
    } else
        list_answer(i, l);
}

static void list_run(struct imapd *i, const struct wire_node *args, bool lsub)
{
    struct listing l = {
        .lsub = lsub, .only_subscribed = lsub, .recursive = lsub, .utf8 = imapd_utf8(i)
    };
    bool ok = true;
    if (!lsub && args->kind == WIRE_LIST) {
        ok = selection_read(args->child, &l);
        args = args->next;
        l.extended = true;
    }
    if (!ok) {
        imapd_bad(i, "cannot read what is to be listed");
        return;
    }
    const struct wire_node *pattern = args != NULL ? args->next : NULL;
    if (!imapd_text(args, &l.reference) || pattern == NULL || !return_read(pattern->next, &l)) {
        imapd_bad(i, "cannot read that");
        return;
    }
    patterns_run(i, &l, pattern);
}

void imapd_list(struct imapd *i, const struct wire_node *args)
{
    list_run(i, args, false);
}

void imapd_lsub(struct imapd *i, const struct wire_node *args)
{
    list_run(i, args, true);
}
