/* SPDX-License-Identifier: MIT */
#include "bus/event.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "base/utf8.h"
#include "base/banned.h"

enum { TEXT_MAX = 1 << 20 };

static const char *const event_names[EVENT_KINDS] = {
    [EVENT_HELLO] = "hello",
    [EVENT_STATE] = "state",
    [EVENT_PROGRESS] = "progress",
    [EVENT_FOLDER] = "folder",
    [EVENT_FOLDERS] = "folders",
    [EVENT_OUTBOX] = "outbox",
    [EVENT_OP_FAILED] = "op-failed",
    [EVENT_BODY] = "body",
    [EVENT_FOUND] = "found",
    [EVENT_ERROR] = "error",
    [EVENT_ASK] = "ask",
    [EVENT_DONE] = "done",
    [EVENT_BYE] = "bye",
};
static const char *const hint_names[HINT_KINDS] = {
    [HINT_HELLO] = "hello",   [HINT_WAKE] = "wake",     [HINT_SYNC] = "sync",
    [HINT_BODY] = "body",     [HINT_SEARCH] = "search", [HINT_SEND] = "send",
    [HINT_ANSWER] = "answer", [HINT_CANCEL] = "cancel", [HINT_STOP] = "stop",
};

/* Zero and empty values are left out: who reads them finds the same. */
static void put_number(json_t *o, const char *name, int64_t value)
{
    if (value != 0)
        json_object_set_new(o, name, json_integer(value));
}

static void put_text(json_t *o, const char *name, struct str value)
{
    if (value.n == 0)
        return;
    struct buf clean = BUF_INIT(TEXT_MAX);
    utf8_clean(&clean, value);
    json_object_set_new(o, name, json_stringn(buf_c(&clean), clean.len));
    buf_wipe(&clean);
}

static void write_line(json_t *o, struct buf *out)
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(o);
    buf_adds(out, text);
    buf_addc(out, '\n');
    explicit_bzero(text, strlen(text));
    free(text);
}

void bus_event_write(const struct bus_event *ev, struct buf *out)
{
    json_t *o = json_object();
    json_object_set_new(o, "event", json_string(event_names[ev->kind]));
    put_number(o, "id", ev->id);
    put_text(o, "account", ev->account);
    put_text(o, "folder", ev->folder);
    put_text(o, "state", ev->state);
    put_number(o, "done", ev->done);
    put_number(o, "total", ev->total);
    put_number(o, "more", ev->more);
    put_number(o, "rate", ev->rate);
    put_number(o, "left", ev->left);
    put_number(o, "fetched", ev->fetched);
    put_number(o, "sent", ev->sent);
    put_number(o, "code", ev->code);
    if (ev->later)
        json_object_set_new(o, "later", json_true());
    put_text(o, "text", ev->text);
    put_number(o, "version", ev->version);
    put_number(o, "schema", ev->schema);
    put_text(o, "config", ev->config);
    write_line(o, out);
}

void bus_hint_write(const struct bus_hint *h, struct buf *out)
{
    json_t *o = json_object();
    json_object_set_new(o, "hint", json_string(hint_names[h->kind]));
    put_number(o, "id", h->id);
    put_text(o, "account", h->account);
    put_text(o, "folder", h->folder);
    put_text(o, "text", h->text);
    put_text(o, "config", h->config);
    put_number(o, "version", h->version);
    put_number(o, "schema", h->schema);
    write_line(o, out);
}

static struct str get_text(struct arena *a, const json_t *o, const char *name)
{
    const json_t *value = json_object_get(o, name);
    return json_is_string(value)
               ? arena_str(a, (struct str){ json_string_value(value), json_string_length(value) })
               : STR("");
}

static int64_t get_number(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

/* The object of a line and which of names its first word is. */
static json_t *read_line(struct str line, const char *key, const char *const *names, int n,
                         int *kind, struct error *err)
{
    json_error_t why;
    json_t *o = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    const char *name = json_string_value(json_object_get(o, key));
    for (*kind = 0; name != NULL && *kind < n; ++*kind)
        if (strcmp(names[*kind], name) == 0)
            return o;
    json_decref(o);
    error_set(err, ERR_PARSE, RETRY_NEVER, _("the engine and tmail do not understand each other"));
    return NULL;
}

int bus_event_read(struct arena *a, struct str line, struct bus_event *out, struct error *err)
{
    int kind;
    json_t *o = read_line(line, "event", event_names, EVENT_KINDS, &kind, err);
    if (o == NULL)
        return -1;
    *out = (struct bus_event){
        .kind = (enum bus_event_kind)kind,
        .id = get_number(o, "id"),
        .done = get_number(o, "done"),
        .total = get_number(o, "total"),
        .code = (int)get_number(o, "code"),
        .later = json_is_true(json_object_get(o, "later")),
        .account = get_text(a, o, "account"),
        .folder = get_text(a, o, "folder"),
        .state = get_text(a, o, "state"),
        .text = get_text(a, o, "text"),
        .more = get_number(o, "more"),
        .rate = get_number(o, "rate"),
        .left = get_number(o, "left"),
        .fetched = get_number(o, "fetched"),
        .sent = get_number(o, "sent"),
        .version = get_number(o, "version"),
        .schema = get_number(o, "schema"),
        .config = get_text(a, o, "config"),
    };
    json_decref(o);
    return 0;
}

int bus_hint_read(struct arena *a, struct str line, struct bus_hint *out, struct error *err)
{
    int kind;
    json_t *o = read_line(line, "hint", hint_names, HINT_KINDS, &kind, err);
    if (o == NULL)
        return -1;
    *out = (struct bus_hint){
        .kind = (enum bus_hint_kind)kind,
        .id = get_number(o, "id"),
        .account = get_text(a, o, "account"),
        .folder = get_text(a, o, "folder"),
        .text = get_text(a, o, "text"),
        .config = get_text(a, o, "config"),
        .version = get_number(o, "version"),
        .schema = get_number(o, "schema"),
    };
    json_decref(o);
    return 0;
}
