/* SPDX-License-Identifier: MIT */
#include "bus/jline.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "base/utf8.h"
#include "base/banned.h"

enum { TEXT_MAX = 1 << 20 };

json_t *jline_read(struct str line, struct error *err)
{
    json_error_t why;
    json_t *o = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (json_is_object(o))
        return o;
    json_decref(o);
    error_set(err, ERR_PARSE, RETRY_NEVER, _("the engine and tmail do not understand each other"));
    return NULL;
}

void jline_write(const json_t *o, struct buf *out)
{
    char *text = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
    buf_adds(out, text);
    buf_addc(out, '\n');
    explicit_bzero(text, strlen(text));
    free(text);
}

void jline_wipe(json_t *o)
{
    const char *name;
    json_t *value;
    json_object_foreach(o, name, value) if (json_is_string(value))
        explicit_bzero((char *)(uintptr_t)json_string_value(value), json_string_length(value));
    json_decref(o);
}

void jline_put(json_t *o, const char *name, struct str value)
{
    if (value.n == 0)
        return;
    struct buf clean = BUF_INIT(TEXT_MAX);
    utf8_clean(&clean, value);
    json_object_set_new(o, name, json_stringn(buf_c(&clean), clean.len));
    buf_wipe(&clean);
}

void jline_put_number(json_t *o, const char *name, int64_t value)
{
    if (value != 0)
        json_object_set_new(o, name, json_integer(value));
}

void jline_put_yes(json_t *o, const char *name, bool value)
{
    if (value)
        json_object_set_new(o, name, json_true());
}

struct str jline_text(const json_t *o, const char *name)
{
    const json_t *value = json_object_get(o, name);
    return json_is_string(value)
               ? (struct str){ json_string_value(value), json_string_length(value) }
               : STR("");
}

int64_t jline_number(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

bool jline_yes(const json_t *o, const char *name)
{
    return json_is_true(json_object_get(o, name));
}
