/* SPDX-License-Identifier: MIT */
#include "server/thread.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "server/limits.h"
#include "base/banned.h"

enum { DIGEST = 16 };
#define NONE UINT32_MAX

struct item {
    uint32_t name;
    int64_t date;
    bool reply, has_id;
    struct str subject;
    size_t ids, refs_n; /* of its ids: the references, oldest first, and then its own if has_id */
};
struct id {
    unsigned char digest[DIGEST];
    uint32_t at; /* in the order in which they came */
};
/* A message, or what others speak of: a dummy. */
struct node {
    uint32_t parent, item;
    uint32_t children_n;
    int64_t date; /* of a dummy: of its first child, as is order */
    uint32_t order;
};
struct thread {
    struct arena *a;
    EVP_MD_CTX *sum;
    struct item *items;
    size_t n, cap;
    struct id *ids;
    size_t ids_n, ids_cap;
    uint32_t *id_nodes; /* of each id, in the order in which they came */
    struct node *nodes;
    size_t nodes_n;
    uint32_t *sorted; /* nodes by parent, siblings by date; those at the top last */
    size_t top;       /* the first of these */
    uint64_t steps;   /* that looking for loops has left */
};

struct thread *thread_new(void)
{
    struct thread *t = xcalloc(1, sizeof *t);
    t->a = arena_new(64 << 10);
    t->sum = EVP_MD_CTX_new();
    t->steps = IMAP_THREAD_STEPS;
    if (t->sum != NULL && EVP_DigestInit_ex(t->sum, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(t->sum);
        t->sum = NULL;
    }
    return t;
}

void thread_free(struct thread **t)
{
    if (*t == NULL)
        return;
    EVP_MD_CTX_free((*t)->sum);
    arena_free(&(*t)->a);
    free((*t)->items);
    free((*t)->ids);
    free((*t)->id_nodes);
    free((*t)->nodes);
    free((*t)->sorted);
    free(*t);
    *t = NULL;
}

/* ---- what messages say ---- */

/* The next "<left@right>"; quotes are left out, so that both ways to write it are one (RFC 5256 §3).
 */
static bool id_next(struct str *in, struct buf *id)
{
    while (in->n > 0) {
        *in = str_skip(*in, str_find(*in, '<') + 1);
        struct str word = str_head(*in, str_find(*in, '>'));
        if (word.n == in->n)
            return false;
        size_t inner = str_find(word, '<');
        if (inner < word.n) { /* the one before never ended */
            *in = str_skip(*in, inner);
            continue;
        }
        *in = str_skip(*in, word.n + 1);
        buf_clear(id);
        for (size_t i = 0; i < word.n; i++)
            if (word.p[i] != '"' && word.p[i] != '\\' && !ascii_is_space(word.p[i]))
                buf_addc(id, word.p[i]);
        size_t at = str_find(buf_str(id), '@');
        if (at > 0 && at + 1 < id->len && !id->over)
            return true;
    }
    return false;
}

static int id_add(struct thread *t, struct str id, struct error *err)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (t->ids_n == IMAP_THREAD_IDS)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("too many messages for a thread"));
    if (t->sum == NULL || EVP_DigestInit_ex(t->sum, NULL, NULL) != 1 ||
        EVP_DigestUpdate(t->sum, id.p, id.n) != 1 || EVP_DigestFinal_ex(t->sum, digest, NULL) != 1)
        return error_set(err, ERR_SYS, RETRY_LATER, _("cannot make a digest"));
    if (t->ids_n == t->ids_cap) {
        t->ids_cap = t->ids_cap * 2 + 256;
        t->ids = xrealloc(t->ids, t->ids_cap, sizeof *t->ids);
    }
    memcpy(t->ids[t->ids_n].digest, digest, DIGEST);
    t->ids[t->ids_n].at = (uint32_t)t->ids_n;
    t->ids_n++;
    return 0;
}

/* The ids of a field, of very many the last: the parent is among them. */
static int refs_add(struct thread *t, struct str field, size_t most, size_t *n, struct error *err)
{
    struct buf id = BUF_INIT(IMAP_LINE_MAX);
    struct str rest = field;
    size_t count = 0;
    int rc = 0;
    while (id_next(&rest, &id))
        count++;
    size_t pass = most == 1 || count <= most ? 0 : count - most;
    rest = field;
    *n = 0;
    while (rc == 0 && *n < most && id_next(&rest, &id)) {
        if (pass > 0) {
            pass--;
            continue;
        }
        rc = id_add(t, buf_str(&id), err);
        *n += rc == 0;
    }
    buf_free(&id);
    return rc;
}

int thread_add(struct thread *t, const struct thread_message *m, struct error *err)
{
    size_t own = 0;
    if (arena_used(t->a) > IMAP_SORT_MEMORY)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("too many messages for a thread"));
    if (t->n == t->cap) {
        t->cap = t->cap * 2 + 256;
        t->items = xrealloc(t->items, t->cap, sizeof *t->items);
    }
    struct item *item = &t->items[t->n];
    *item = (struct item){ .name = m->name,
                           .date = m->date,
                           .reply = m->reply,
                           .subject = arena_str(t->a, m->subject),
                           .ids = t->ids_n };
    if (refs_add(t, m->references, IMAP_THREAD_REFS, &item->refs_n, err) != 0 ||
        (item->refs_n == 0 && refs_add(t, m->in_reply_to, 1, &item->refs_n, err) != 0) ||
        refs_add(t, m->message_id, 1, &own, err) != 0)
        return -1;
    item->has_id = own > 0;
    t->n++;
    return 0;
}

/* ---- nodes ---- */

static uint32_t node_new(struct thread *t, uint32_t item)
{
    t->nodes[t->nodes_n] = (struct node){ .parent = NONE, .item = item };
    return (uint32_t)t->nodes_n++;
}

static bool is_dummy(const struct thread *t, uint32_t node)
{
    return t->nodes[node].item == NONE;
}

static int id_cmp(const void *x, const void *y)
{
    const struct id *a = x;
    const struct id *b = y;
    int c = memcmp(a->digest, b->digest, DIGEST);
    return c != 0 ? c : a->at < b->at ? -1 : a->at > b->at;
}

/* A node for each id that is spoken of. There is room for one more for each message, and for a dummy
 * for each that is put under one. */
static void nodes_make(struct thread *t)
{
    t->nodes = xcalloc(t->ids_n + 2 * t->n + 1, sizeof *t->nodes);
    t->id_nodes = xcalloc(t->ids_n + 1, sizeof *t->id_nodes);
    if (t->ids_n > 0)
        qsort(t->ids, t->ids_n, sizeof *t->ids, id_cmp);
    for (size_t i = 0; i < t->ids_n; i++) {
        bool same = i > 0 && memcmp(t->ids[i].digest, t->ids[i - 1].digest, DIGEST) == 0;
        t->id_nodes[t->ids[i].at] = same ? (uint32_t)t->nodes_n - 1 : node_new(t, NONE);
    }
}

static void link_cut(struct thread *t, uint32_t child)
{
    uint32_t parent = t->nodes[child].parent;
    if (parent != NONE)
        t->nodes[parent].children_n--;
    t->nodes[child].parent = NONE;
}

/* Unless it made a loop. Where that would take too long to find out there is no link. */
static void link_make(struct thread *t, uint32_t parent, uint32_t child)
{
    if (parent == child)
        return;
    for (uint32_t up = parent; t->nodes[child].children_n > 0 && up != NONE;
         up = t->nodes[up].parent) {
        if (up == child || t->steps == 0)
            return;
        t->steps--;
    }
    t->nodes[child].parent = parent;
    t->nodes[parent].children_n++;
}

/* RFC 5256 §3, REFERENCES, step 1 */
static void nodes_link(struct thread *t)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct item *m = &t->items[i];
        uint32_t last = NONE;
        for (size_t k = 0; k < m->refs_n; k++) {
            uint32_t ref = t->id_nodes[m->ids + k];
            if (last != NONE && t->nodes[ref].parent == NONE)
                link_make(t, last, ref);
            last = ref;
        }
        uint32_t own = m->has_id ? t->id_nodes[m->ids + m->refs_n] : NONE;
        if (own != NONE && is_dummy(t, own))
            t->nodes[own].item = (uint32_t)i;
        else /* without an id, or with that of another */
            own = node_new(t, (uint32_t)i);
        link_cut(t, own);
        if (last != NONE)
            link_make(t, last, own);
    }
}

/* Steps 2 and 3: dummies go, but for those at the top. From each on the way up is noted where it led,
 * so that no way is gone twice. */
static void dummies_prune(struct thread *t)
{
    for (uint32_t i = 0; i < t->nodes_n; i++) {
        uint32_t to = t->nodes[i].parent;
        while (to != NONE && is_dummy(t, to) && t->nodes[to].parent != NONE)
            to = t->nodes[to].parent;
        for (uint32_t at = i; at != to && at != NONE;) {
            uint32_t up = t->nodes[at].parent;
            if (is_dummy(t, at) || at == i)
                t->nodes[at].parent = to;
            at = up;
        }
    }
}

/* ---- order ---- */

/* Dates of messages, and of dummies those of their first child; counts children that are messages.
 * After pruning dummies stand at the top alone. */
static void dates_set(struct thread *t)
{
    for (size_t i = 0; i < t->nodes_n; i++) {
        struct node *n = &t->nodes[i];
        n->children_n = 0;
        n->date = n->item != NONE ? t->items[n->item].date : INT64_MAX;
        n->order = n->item;
    }
    for (size_t i = 0; i < t->nodes_n; i++) {
        const struct node *n = &t->nodes[i];
        if (n->item == NONE || n->parent == NONE)
            continue;
        struct node *p = &t->nodes[n->parent];
        p->children_n++;
        if (p->item == NONE && (n->date < p->date || (n->date == p->date && n->order < p->order))) {
            p->date = n->date;
            p->order = n->order;
        }
    }
}

static int sibling_cmp(const void *x, const void *y, void *arg)
{
    const struct thread *t = arg;
    const struct node *a = &t->nodes[*(const uint32_t *)x];
    const struct node *b = &t->nodes[*(const uint32_t *)y];
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    if (a->date != b->date)
        return a->date < b->date ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* Dummies without children are of no use any more; with one child the child stands for it. */
static bool is_left_out(const struct thread *t, uint32_t node)
{
    return is_dummy(t, node) && t->nodes[node].children_n < 2;
}

static void sort_all(struct thread *t)
{
    size_t n = 0;
    dates_set(t);
    free(t->sorted);
    t->sorted = xcalloc(t->nodes_n + 1, sizeof *t->sorted);
    for (uint32_t i = 0; i < t->nodes_n; i++) {
        uint32_t parent = t->nodes[i].parent;
        if (parent != NONE && is_left_out(t, parent))
            t->nodes[i].parent = NONE;
        if (!is_left_out(t, i))
            t->sorted[n++] = i;
    }
    if (n > 0)
        qsort_r(t->sorted, n, sizeof *t->sorted, sibling_cmp, t);
    t->top = n;
    while (t->top > 0 && t->nodes[t->sorted[t->top - 1]].parent == NONE)
        t->top--;
    t->sorted[n] = NONE;
}

/* ---- threads of one subject ---- */

static const struct item *item_of(const struct thread *t, uint32_t node)
{
    return &t->items[t->nodes[node].order]; /* of a dummy its first child */
}

static int subject_cmp(const void *x, const void *y, void *arg)
{
    const struct thread *t = arg;
    uint32_t a = *(const uint32_t *)x;
    uint32_t b = *(const uint32_t *)y;
    int c = str_cmp(item_of(t, a)->subject, item_of(t, b)->subject);
    if (c != 0)
        return c;
    if (t->nodes[a].date != t->nodes[b].date)
        return t->nodes[a].date < t->nodes[b].date ? -1 : 1;
    return t->nodes[a].order < t->nodes[b].order ? -1 : 1;
}

/* Step 5.C, for one thread of those with a subject; main is the one that the others go to. */
static void merge_one(struct thread *t, uint32_t node, uint32_t *main, uint32_t *moved)
{
    if (is_dummy(t, *main)) {
        if (is_dummy(t, node))
            moved[node] = *main;
        else
            t->nodes[node].parent = *main;
    } else if (item_of(t, node)->reply && !item_of(t, *main)->reply)
        t->nodes[node].parent = *main;
    else {
        uint32_t both = node_new(t, NONE);
        t->nodes[node].parent = both;
        t->nodes[*main].parent = both;
        *main = both;
    }
}

static void group_merge(struct thread *t, const uint32_t *group, size_t n, uint32_t *moved)
{
    uint32_t main = group[0];
    for (size_t i = 1; i < n; i++) /* step 5.B */
        if (!is_dummy(t, main) &&
            (is_dummy(t, group[i]) || (item_of(t, main)->reply && !item_of(t, group[i])->reply)))
            main = group[i];
    uint32_t first = main;
    for (size_t i = 0; i < n; i++)
        if (group[i] != first)
            merge_one(t, group[i], &main, moved);
}

/* Step 5 */
static void subjects_merge(struct thread *t)
{
    size_t n = 0;
    uint32_t *tops = xcalloc(t->nodes_n + 1, sizeof *tops);
    uint32_t *moved = xcalloc(t->nodes_n + 1, sizeof *moved); /* to where a dummy's children go */
    size_t before = t->nodes_n;
    for (size_t i = 0; i < before; i++)
        moved[i] = NONE;
    for (size_t i = t->top; t->sorted[i] != NONE; i++)
        if (item_of(t, t->sorted[i])->subject.n > 0)
            tops[n++] = t->sorted[i];
    if (n > 0)
        qsort_r(tops, n, sizeof *tops, subject_cmp, t);
    for (size_t begin = 0, end; begin < n; begin = end) {
        struct str subject = item_of(t, tops[begin])->subject;
        for (end = begin + 1; end < n && str_eq(item_of(t, tops[end])->subject, subject); end++)
            ;
        group_merge(t, tops + begin, end - begin, moved);
    }
    for (size_t i = 0; i < t->nodes_n; i++) {
        uint32_t parent = t->nodes[i].parent;
        if (parent != NONE && parent < before && moved[parent] != NONE)
            t->nodes[i].parent = moved[parent];
    }
    free(tops);
    free(moved);
}

/* ---- writing ---- */

/* Where the children of node begin in sorted. */
static size_t children_at(const struct thread *t, uint32_t node)
{
    size_t lo = 0;
    size_t hi = t->top;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (t->nodes[t->sorted[mid]].parent < node)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* What is still to be written, the next at the end: a node in brackets, or NONE: a bracket that
 * closes. */
struct work {
    uint32_t *todo;
    size_t n;
};

/* A message and those that follow it one by one; where they are several each is a list. */
static void put_line(struct thread *t, uint32_t node, struct work *w, struct buf *out)
{
    for (;;) {
        const struct node *n = &t->nodes[node];
        size_t at = children_at(t, node);
        if (n->item != NONE)
            buf_addf(out, "%u", t->items[n->item].name);
        if (n->children_n == 0)
            return;
        if (n->item != NONE)
            buf_addc(out, ' ');
        if (n->children_n > 1) {
            for (size_t k = n->children_n; k-- > 0;)
                w->todo[w->n++] = t->sorted[at + k];
            return;
        }
        node = t->sorted[at];
    }
}

static void put_all(struct thread *t, struct buf *out)
{
    /* Each node waits once, each bracket that is open as well. */
    struct work w = { .todo = xcalloc(2 * t->nodes_n + 1, sizeof *w.todo) };
    for (size_t i = t->top; t->sorted[i] != NONE; i++) {
        w.todo[w.n++] = t->sorted[i];
        while (w.n > 0) {
            uint32_t node = w.todo[--w.n];
            if (node == NONE) {
                buf_addc(out, ')');
                continue;
            }
            buf_addc(out, '(');
            w.todo[w.n++] = NONE;
            put_line(t, node, &w, out);
        }
    }
    free(w.todo);
}

void thread_put_references(struct thread *t, struct buf *out)
{
    nodes_make(t);
    nodes_link(t);
    dummies_prune(t);
    sort_all(t); /* step 4 */
    subjects_merge(t);
    sort_all(t); /* step 6 */
    put_all(t, out);
}

void thread_put_subjects(struct thread *t, struct buf *out)
{
    t->nodes = xcalloc(t->n + 1, sizeof *t->nodes);
    uint32_t *order = xcalloc(t->n + 1, sizeof *order);
    for (size_t i = 0; i < t->n; i++)
        order[i] = node_new(t, (uint32_t)i);
    dates_set(t);
    if (t->n > 0)
        qsort_r(order, t->n, sizeof *order, subject_cmp, t);
    for (size_t i = 1, first = 0; i < t->n; i++)
        if (str_eq(item_of(t, order[i])->subject, item_of(t, order[first])->subject))
            t->nodes[order[i]].parent = order[first];
        else
            first = i;
    free(order);
    sort_all(t);
    put_all(t, out);
}
