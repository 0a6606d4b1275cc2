/* SPDX-License-Identifier: MIT */
#include "sync/popname.h"

#include "base/clock.h"
#include "base/i18n.h"
#include "sync/head.h"
#include "base/banned.h"

struct naming {
    struct arena *a;
    struct pop3_entry *entries;
    struct head head;
    bool open;
    size_t named;
};

bool popname_needed(const struct pop3_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (entries[i].uid.n > 0)
            return false;
    return n > 0;
}

static struct str hex_name(struct arena *a, const unsigned char *digest, size_t n)
{
    struct buf name = BUF_INIT(2 + 2 * n);
    buf_addc(&name, '\n');
    for (size_t i = 0; i < n; i++)
        buf_addf(&name, "%02x", digest[i]);
    struct str kept = arena_str(a, buf_str(&name));
    buf_free(&name);
    return kept;
}

static int on_chunk(void *arg, size_t i, struct str bytes, bool last, struct error *err)
{
    struct naming *n = arg;
    unsigned char digest[32];
    (void)err;
    if (!n->open)
        head_init(&n->head);
    n->open = !last;
    head_add(&n->head, bytes);
    if (!last)
        return 0;
    head_end(&n->head, n->entries[i].size, digest);
    n->entries[i].uid = hex_name(n->a, digest, sizeof digest);
    n->named++;
    return 0;
}

static int on_refused(void *arg, size_t i, const char *words, struct error *err)
{
    (void)arg;
    (void)i;
    (void)words;
    (void)err;
    return 0;
}

/* Names that nothing had before and nothing will have again. */
static void names_for_once(struct naming *n, size_t count)
{
    unsigned char random[16];
    clock_random(random, sizeof random);
    for (size_t i = 0; i < count; i++) {
        random[0] = (unsigned char)(i & 0xFF);
        random[1] = (unsigned char)(i >> 8 & 0xFF);
        n->entries[i].uid = hex_name(n->a, random, sizeof random);
    }
}

int popname_make(struct pop3 *p, struct arena *a, const struct pop3_entry *entries, size_t n,
                 struct pop3_entry **out, struct error *err)
{
    struct naming names = { .a = a, .entries = arena_array(a, n, sizeof *entries) };
    size_t done = 0;
    if (n > POPNAME_MAX)
        return error_set(err, ERR_LIMIT, RETRY_LATER,
                         _("the server gives no unique-ids (UIDL), and has more than %d messages: "
                           "nothing was fetched or deleted"),
                         POPNAME_MAX);
    memcpy(names.entries, entries, n * sizeof *entries);
    *out = names.entries;
    int rc = pop3_fetch(p, entries, n, 0,
                        &(struct pop3_handler){
                            .chunk = on_chunk, .refused = on_refused, .arg = &names },
                        &done, err);
    if (names.open)
        head_drop(&names.head);
    if (rc == 0 && names.named == 0)
        names_for_once(&names, n);
    return rc;
}
