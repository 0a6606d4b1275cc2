/* SPDX-License-Identifier: MIT */
#include "compose/edit.h"
#include "compose/people.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "base/banned.h"

enum { REASON_MAX = 900 };

static bool has_mail(const struct outbox_entry *e, const struct mime_addr *who)
{
    struct buf spec = BUF_INIT(4096);
    bool has = false;
    mime_addr_spec(who, &spec);
    for (size_t i = 0; i < e->rcpts_n; i++)
        has |= e->rcpts[i].code >= 200 && e->rcpts[i].code < 300 &&
               str_eq(e->rcpts[i].address, buf_str(&spec));
    buf_free(&spec);
    return has;
}

/* Without those who have it already. What cannot be read stays as it was typed. */
static void field_reduce(struct arena *a, char **field, const struct outbox_entry *e)
{
    struct people all = { 0 }, left = { 0 };
    struct buf text = BUF_INIT(DRAFT_TEXT_MAX);
    struct error ignored;
    if (people_add_typed(a, &all, str_c(*field), &ignored) == 0) {
        left.list = arena_array(a, all.n + 1, sizeof *left.list);
        for (size_t i = 0; i < all.n; i++)
            if (!has_mail(e, &all.list[i]))
                left.list[left.n++] = all.list[i];
        people_show(&left, &text);
        if (left.n < all.n)
            draft_set(field, buf_str(&text));
    }
    buf_free(&text);
}

/* A line of its header: a server's words have line ends and more. */
static void reason_set(struct draft *d, struct str reason)
{
    struct str head = str_head(reason, utf8_cut(reason, REASON_MAX));
    char *line = xmemdup0(head.p, head.n);
    for (char *p = line; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = ' ';
    draft_header_set(d, DRAFT_NOT_SENT, str_trim(str_c(line)));
    free(line);
}

static int draft_of_entry(struct cache *c, struct arena *a, const struct outbox_entry *e,
                          int64_t id, struct draft **out, struct error *err)
{
    int rc = draft_load(c, id, out, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    char **fields[] = { &(*out)->to, &(*out)->cc, &(*out)->bcc };
    for (size_t i = 0; i < COUNT(fields); i++)
        field_reduce(a, fields[i], e);
    if (e->state == OUTBOX_FAILED)
        reason_set(*out, e->reason);
    return draft_save(*out, c, err);
}

static int take_back(struct cache *c, struct arena *a, int64_t entry, struct draft **out,
                     struct error *err)
{
    struct outbox_entry e;
    int64_t id = 0;
    int rc = cache_outbox_get(c, a, entry, &e, err);
    if (rc != 0)
        return rc;
    int none = cache_outbox_draft(c, entry, &id, err);
    rc = none < 0 ? -1 : cache_outbox_cancel(c, entry, err);
    if (rc != 0 || none == 1 || e.state == OUTBOX_DOUBT)
        return rc;
    return draft_of_entry(c, a, &e, id, out, err);
}

int draft_take_back(struct cache *c, int64_t entry, struct draft **out, struct error *err)
{
    struct arena *a = arena_new(8192);
    *out = NULL;
    int rc = cache_begin(c, true, err);
    if (rc == 0) {
        rc = take_back(c, a, entry, out, err);
        if (rc == 0)
            rc = cache_commit(c, err);
        if (rc != 0) {
            cache_rollback(c);
            draft_free(out);
        }
    }
    arena_free(&a);
    return rc;
}

int draft_recall(struct cache *c, int64_t id, struct draft **out, struct error *err)
{
    int64_t entry = 0;
    int rc = cache_draft_entry(c, id, &entry, err);
    if (rc < 0)
        return -1;
    return rc == 0 ? draft_take_back(c, entry, out, err) : draft_load(c, id, out, err);
}
