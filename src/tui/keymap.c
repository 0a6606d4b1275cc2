/* SPDX-License-Identifier: MIT */
#include "tui/keymap.h"

#include <stdlib.h>

#include "base/i18n.h"
#include "base/utf8.h"
#include "base/banned.h"

#define ALT_BIT 0x80000000u

struct binding {
    uint32_t keys[KEYMAP_SEQUENCE_MAX];
    size_t n;
    const char *view, *command;
    char *shown; /* as written */
};
struct keymap {
    struct binding *bindings;
    size_t n, cap;
    uint32_t typed[KEYMAP_SEQUENCE_MAX];
    size_t typed_n;
    bool esc; /* the next key is Alt's */
};

static const struct {
    const char *name;
    uint32_t key;
} names[] = {
    { "Up", TERM_KEY_UP },         { "Down", TERM_KEY_DOWN },
    { "Left", TERM_KEY_LEFT },     { "Right", TERM_KEY_RIGHT },
    { "Home", TERM_KEY_HOME },     { "End", TERM_KEY_END },
    { "PageUp", TERM_KEY_PGUP },   { "PageDown", TERM_KEY_PGDN },
    { "Insert", TERM_KEY_INSERT }, { "Del", TERM_KEY_DELETE },
    { "Delete", TERM_KEY_DELETE }, { "Enter", TERM_KEY_ENTER },
    { "Return", TERM_KEY_ENTER },  { "Backspace", TERM_KEY_BACKSPACE },
    { "Tab", TERM_KEY_TAB },       { "BackTab", TERM_KEY_BACKTAB },
    { "Esc", TERM_KEY_ESC },       { "Space", ' ' },
};

struct keymap *keymap_new(void)
{
    return xcalloc(1, sizeof(struct keymap));
}

void keymap_free(struct keymap **k)
{
    if (*k == NULL)
        return;
    for (size_t i = 0; i < (*k)->n; i++)
        free((*k)->bindings[i].shown);
    free((*k)->bindings);
    free(*k);
    *k = NULL;
}

/* What stands between < and >. 0 when there is no such key. */
static uint32_t key_named(struct str name)
{
    uint32_t alt = 0, cp;
    uint64_t number;
    if (str_ilit(&name, "Alt-") == 0)
        alt = ALT_BIT;
    for (size_t i = 0; i < COUNT(names); i++)
        if (str_ieqc(name, names[i].name))
            return names[i].key | alt;
    struct str rest = name;
    if (str_ilit(&rest, "F") == 0 && str_u64(&rest, &number) == 0 && rest.n == 0 && number >= 1 &&
        number <= 12)
        return (TERM_KEY_F1 + (uint32_t)number - 1) | alt;
    rest = name;
    return alt != 0 && utf8_next(&rest, &cp) && rest.n == 0 ? cp | alt : 0;
}

/* One key off *in. 0, or -1 when it has no meaning. */
static int key_read(struct str *in, uint32_t *key)
{
    struct str s = *in, name;
    if (str_lit(&s, "<") == 0 && str_until(&s, '>', &name) == 0 && name.n > 0) {
        *in = s;
        *key = key_named(name);
        return *key != 0 ? 0 : -1;
    }
    s = *in;
    if (str_lit(&s, "^") == 0 && s.n > 0 && s.p[0] >= '@' && s.p[0] <= 'z') {
        *key = (uint32_t)(ascii_upper(s.p[0]) - '@');
        *in = str_skip(s, 1);
        return 0;
    }
    return utf8_next(in, key) ? 0 : -1;
}

static struct binding *binding_find(struct keymap *k, const char *view, const uint32_t *keys,
                                    size_t n)
{
    for (size_t i = 0; i < k->n; i++) {
        struct binding *b = &k->bindings[i];
        if (b->n == n && strcmp(b->view, view) == 0 && memcmp(b->keys, keys, n * sizeof *keys) == 0)
            return b;
    }
    return NULL;
}

static struct binding *binding_add(struct keymap *k)
{
    if (k->n == k->cap) {
        k->cap = k->cap > 0 ? 2 * k->cap : 128;
        k->bindings = xrealloc(k->bindings, k->cap, sizeof *k->bindings);
    }
    return &k->bindings[k->n++];
}

static int bind_one(struct keymap *k, const char *view, struct str word, const char *command,
                    struct error *err)
{
    uint32_t keys[KEYMAP_SEQUENCE_MAX];
    size_t n = 0;
    struct str in = word;
    while (in.n > 0)
        if (n == COUNT(keys) || key_read(&in, &keys[n++]) != 0)
            return error_set(err, ERR_CONFIG, RETRY_NEVER, _("“%.*s” is not a key or keys"),
                             STR_ARG(word));
    struct binding *b = binding_find(k, view, keys, n);
    if (b == NULL && k->n >= KEYMAP_BINDINGS_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("more than %d keys are bound"),
                         KEYMAP_BINDINGS_MAX);
    if (b == NULL)
        b = binding_add(k);
    else
        free(b->shown);
    *b = (struct binding){
        .n = n, .view = view, .command = command, .shown = xmemdup0(word.p, word.n)
    };
    memcpy(b->keys, keys, n * sizeof *keys);
    return 0;
}

int keymap_bind(struct keymap *k, const char *view, const char *keys, const char *command,
                struct error *err)
{
    struct str in = str_c(keys), word;
    while (str_word(&in, &word))
        if (bind_one(k, view, word, command, err) != 0)
            return -1;
    return 0;
}

void keymap_unbind(struct keymap *k, const char *view, const char *command)
{
    size_t kept = 0;
    for (size_t i = 0; i < k->n; i++) {
        struct binding *b = &k->bindings[i];
        if (strcmp(b->view, view) == 0 && strcmp(b->command, command) == 0)
            free(b->shown);
        else
            k->bindings[kept++] = *b;
    }
    k->n = kept;
}

static enum keymap_result look_up(struct keymap *k, const char *view, const char **command)
{
    enum keymap_result result = KEYMAP_NONE;
    for (size_t i = 0; i < k->n; i++) {
        struct binding *b = &k->bindings[i];
        if (strcmp(b->view, view) != 0 || b->n < k->typed_n ||
            memcmp(b->keys, k->typed, k->typed_n * sizeof k->typed[0]) != 0)
            continue;
        if (b->n == k->typed_n) {
            *command = b->command;
            return KEYMAP_FOUND;
        }
        result = KEYMAP_PARTIAL;
    }
    return result;
}

enum keymap_result keymap_feed(struct keymap *k, const char *view, const struct term_input *in,
                               const char **command)
{
    uint32_t key = in->key | (in->alt || k->esc ? ALT_BIT : 0);
    k->esc = false;
    if (k->typed_n == COUNT(k->typed))
        k->typed_n = 0;
    k->typed[k->typed_n++] = key;
    enum keymap_result r = look_up(k, view, command);
    if (r == KEYMAP_NONE)
        r = look_up(k, "*", command);
    if (r != KEYMAP_PARTIAL)
        k->typed_n = 0;
    if (r == KEYMAP_NONE && key == TERM_KEY_ESC) {
        k->esc = true;
        return KEYMAP_PARTIAL;
    }
    return r;
}

static void show(const struct keymap *k, const char *view, const char *command, size_t max,
                 struct buf *out)
{
    size_t shown = 0;
    for (size_t i = 0; i < k->n && shown < max; i++) {
        const struct binding *b = &k->bindings[i];
        if (strcmp(b->command, command) != 0 ||
            (strcmp(b->view, view) != 0 && strcmp(b->view, "*") != 0))
            continue;
        buf_adds(out, shown++ > 0 ? ", " : "");
        buf_adds(out, b->shown);
    }
}

void keymap_show(const struct keymap *k, const char *view, const char *command, struct buf *out)
{
    show(k, view, command, SIZE_MAX, out);
}

void keymap_show_first(const struct keymap *k, const char *view, const char *command,
                       struct buf *out)
{
    show(k, view, command, 1, out);
}
