/* SPDX-License-Identifier: MIT */
#include "compose/draft.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "cache/folder.h"
#include "compose/edit.h"
#include "compose/when.h"
#include "mime/names.h"
#include "base/banned.h"

enum { SIGNATURE_MAX = 16 << 10, DRAFT_VERSION = 1 };

/* The text fields of a draft, for everything that treats them alike. */
struct field {
    const char *name;
    size_t offset;
};
static const struct field fields[] = {
    { "account", offsetof(struct draft, account) },
    { "from", offsetof(struct draft, from) },
    { "to", offsetof(struct draft, to) },
    { "cc", offsetof(struct draft, cc) },
    { "bcc", offsetof(struct draft, bcc) },
    { "reply_to", offsetof(struct draft, reply_to) },
    { "subject", offsetof(struct draft, subject) },
    { "text", offsetof(struct draft, text) },
    { "in_reply_to", offsetof(struct draft, in_reply_to) },
    { "references", offsetof(struct draft, references) },
};

static char **field_of(const struct draft *d, const struct field *f)
{
    return (char **)((const char *)d + f->offset);
}

void draft_set(char **field, struct str value)
{
    char *copy = xmemdup0(value.p, value.n);
    free(*field);
    *field = copy;
}

static struct draft *draft_empty(void)
{
    struct draft *d = xcalloc(1, sizeof *d);
    for (size_t i = 0; i < COUNT(fields); i++)
        *field_of(d, &fields[i]) = xstrdup("");
    return d;
}

/* "-- " and the signature file of the account; the file was readable when the configuration was. */
static void add_signature(struct draft *d, const struct config_account *account)
{
    struct buf text = BUF_INIT(SIGNATURE_MAX);
    struct error err;
    if (account->signature == NULL)
        return;
    buf_adds(&text, "\n-- \n");
    if (file_read(account->signature, &text, &err) == 0)
        draft_set(&d->text, buf_str(&text));
    buf_free(&text);
}

struct draft *draft_new(const struct config *cfg, const struct config_account *account)
{
    struct draft *d = draft_empty();
    if (account == NULL && cfg->accounts_n > 0)
        account = &cfg->accounts[0];
    if (account != NULL) {
        draft_set(&d->account, str_c(account->name));
        draft_set(&d->from, str_c(account->address));
        add_signature(d, account);
    }
    return d;
}

static void attachment_clear(struct draft_attachment *a)
{
    free(a->path);
    free(a->name);
    free(a->type);
}

void draft_free(struct draft **d)
{
    if (*d == NULL)
        return;
    for (size_t i = 0; i < COUNT(fields); i++)
        free(*field_of(*d, &fields[i]));
    for (size_t i = 0; i < (*d)->headers_n; i++)
        free((*d)->headers[i]);
    for (size_t i = 0; i < (*d)->attachments_n; i++)
        attachment_clear(&(*d)->attachments[i]);
    free((*d)->headers);
    free((*d)->attachments);
    free(*d);
    *d = NULL;
}

struct draft_attachment *draft_attachment_add(struct draft *d)
{
    d->attachments = xrealloc(d->attachments, d->attachments_n + 1, sizeof *d->attachments);
    struct draft_attachment *a = &d->attachments[d->attachments_n++];
    *a = (struct draft_attachment){ 0 };
    return a;
}

int draft_attach(struct draft *d, const char *path, bool uuencode, struct error *err)
{
    struct stat st;
    if (d->attachments_n >= DRAFT_ATTACH_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("more than %d attachments"),
                         DRAFT_ATTACH_MAX);
    /* O_NONBLOCK: a pipe must not hold us up; what is no regular file is refused below. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool regular = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (fd < 0)
        error_sys(err, _("cannot attach %s"), path);
    else if (!regular)
        error_set(err, ERR_NOINPUT, RETRY_NEVER, _("cannot attach %s: it is not a file"), path);
    if (fd >= 0)
        close(fd);
    if (!regular) {
        err->code = ERR_NOINPUT;
        return -1;
    }
    char *full = realpath(path, NULL);
    if (full == NULL) {
        error_sys(err, _("cannot attach %s"), path);
        err->code = ERR_NOINPUT;
        return -1;
    }
    struct draft_attachment *a = draft_attachment_add(d);
    struct str name = str_c(path);
    name = str_skip(name, str_rfind(name, '/') < name.n ? str_rfind(name, '/') + 1 : 0);
    struct str type = mime_type_of_name(name);
    a->path = full;
    a->name = xmemdup0(name.p, name.n);
    a->type = xmemdup0(type.p, type.n);
    a->uuencode = uuencode;
    return 0;
}

void draft_detach(struct draft *d, size_t n)
{
    if (n >= d->attachments_n)
        return;
    attachment_clear(&d->attachments[n]);
    d->attachments_n--;
    memmove(&d->attachments[n], &d->attachments[n + 1],
            (d->attachments_n - n) * sizeof *d->attachments);
}

void draft_header_add(struct draft *d, struct str line)
{
    d->headers = xrealloc(d->headers, d->headers_n + 1, sizeof *d->headers);
    d->headers[d->headers_n++] = xmemdup0(line.p, line.n);
}

/* Text of a person that is not valid UTF-8 (an old editor) is kept readable rather than refused. */
static json_t *json_text(const char *s)
{
    struct buf clean = BUF_INIT(DRAFT_TEXT_MAX * 3u);
    utf8_clean(&clean, str_c(s));
    json_t *value = json_stringn(buf_c(&clean), clean.len);
    buf_free(&clean);
    return value != NULL ? value : json_string("");
}

static json_t *attachment_json(const struct draft_attachment *a)
{
    json_t *o = json_object();
    if (a->path != NULL)
        json_object_set_new(o, "path", json_text(a->path));
    json_object_set_new(o, "name", json_text(a->name));
    json_object_set_new(o, "type", json_text(a->type));
    json_object_set_new(o, "message", json_integer(a->message));
    json_object_set_new(o, "part", json_integer(a->part == SIZE_MAX ? -1 : (json_int_t)a->part));
    json_object_set_new(o, "uuencode", json_boolean(a->uuencode));
    return o;
}

static char *draft_json(const struct draft *d)
{
    json_t *o = json_object(), *headers = json_array(), *attachments = json_array();
    json_object_set_new(o, "version", json_integer(DRAFT_VERSION));
    for (size_t i = 0; i < COUNT(fields); i++)
        json_object_set_new(o, fields[i].name, json_text(*field_of(d, &fields[i])));
    for (size_t i = 0; i < d->headers_n; i++)
        json_array_append_new(headers, json_text(d->headers[i]));
    for (size_t i = 0; i < d->attachments_n; i++)
        json_array_append_new(attachments, attachment_json(&d->attachments[i]));
    json_object_set_new(o, "headers", headers);
    json_object_set_new(o, "attachments", attachments);
    json_object_set_new(o, "answers", json_integer(d->answers));
    json_object_set_new(o, "forwards", json_boolean(d->forwards));
    char *text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    return text;
}

int draft_save(struct draft *d, struct cache *c, struct error *err)
{
    int64_t account;
    if (cache_account_id(c, str_c(d->account), &account, err) != 0)
        return -1;
    char *blob = draft_json(d);
    int rc = cache_draft_put(c, &d->id, account, str_c(d->subject), str_c(d->to), str_c(blob),
                             clock_wall_ms() / 1000, err);
    free(blob);
    return rc;
}

static const char *text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s != NULL ? s : "";
}

static void attachment_from_json(struct draft *d, const json_t *o)
{
    struct draft_attachment *a = draft_attachment_add(d);
    json_int_t part = json_integer_value(json_object_get(o, "part"));
    const char *path = json_string_value(json_object_get(o, "path"));
    a->path = path != NULL ? xstrdup(path) : NULL;
    a->name = xstrdup(text_of(o, "name"));
    a->type = xstrdup(text_of(o, "type"));
    a->message = json_integer_value(json_object_get(o, "message"));
    a->part = part < 0 ? SIZE_MAX : (size_t)part;
    a->uuencode = json_is_true(json_object_get(o, "uuencode"));
}

static struct draft *draft_from_json(struct str blob, struct error *err)
{
    json_error_t why;
    json_t *o = json_loadb(blob.p, blob.n, JSON_REJECT_DUPLICATES, &why), *item;
    size_t i;
    if (o == NULL || json_integer_value(json_object_get(o, "version")) != DRAFT_VERSION) {
        json_decref(o);
        error_set(err, ERR_STORE, RETRY_NEVER, _("this draft was written by another tmail"));
        return NULL;
    }
    struct draft *d = draft_empty();
    for (size_t k = 0; k < COUNT(fields); k++)
        draft_set(field_of(d, &fields[k]), str_c(text_of(o, fields[k].name)));
    json_array_foreach(json_object_get(o, "headers"), i, item) if (json_is_string(item))
        draft_header_add(d, str_c(json_string_value(item)));
    json_array_foreach(json_object_get(o, "attachments"), i, item) attachment_from_json(d, item);
    d->answers = json_integer_value(json_object_get(o, "answers"));
    d->forwards = json_is_true(json_object_get(o, "forwards"));
    json_decref(o);
    return d;
}

struct draft *draft_copy(const struct draft *d)
{
    struct error err;
    char *blob = draft_json(d);
    struct draft *copy = draft_from_json(str_c(blob), &err);
    if (copy == NULL)
        abort(); /* it reads what it wrote */
    copy->id = d->id;
    free(blob);
    return copy;
}

int draft_load(struct cache *c, int64_t id, struct draft **out, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct str blob;
    int rc = cache_draft_get(c, a, id, &blob, err);
    if (rc == 0)
        rc = (*out = draft_from_json(blob, err)) != NULL ? 0 : -1;
    arena_free(&a);
    if (rc != 0)
        return rc;
    (*out)->id = id;
    edit_file_recover(*out, c);
    return 0;
}

static bool is_header(const char *line, const char *name)
{
    size_t n = strlen(name);
    return str_istarts(str_c(line), name) && line[n] == ':';
}

const char *draft_header(const struct draft *d, const char *name)
{
    for (size_t i = 0; i < d->headers_n; i++)
        if (is_header(d->headers[i], name))
            return d->headers[i] + strlen(name) + 1 + strspn(d->headers[i] + strlen(name) + 1, " ");
    return NULL;
}

void draft_header_set(struct draft *d, const char *name, struct str value)
{
    size_t n = 0;
    for (size_t i = 0; i < d->headers_n; i++)
        if (is_header(d->headers[i], name))
            free(d->headers[i]);
        else
            d->headers[n++] = d->headers[i];
    d->headers_n = n;
    if (value.n == 0)
        return;
    char *line = xasprintf("%s: %.*s", name, STR_ARG(value));
    draft_header_add(d, str_c(line));
    free(line);
}

int draft_send_at(const struct draft *d, int64_t now, int64_t otherwise, int64_t *at,
                  struct error *err)
{
    const char *text = draft_header(d, DRAFT_SEND_AT);
    *at = otherwise;
    return text != NULL ? when_read(str_c(text), now, at, err) : 0;
}

bool draft_receipt(const struct draft *d, const struct config_account *account)
{
    const char *text = draft_header(d, DRAFT_RECEIPT);
    return text != NULL ? str_ieqc(str_c(text), "yes") : account->receipt;
}
