/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "cache/body.h"
#include "cli/message.h"
#include "cli/out.h"
#include "cli/sub_list.h"
#include "decode/part.h"
#include "base/banned.h"

enum { CHUNK = 256 << 10, HEADER_MAX = 1 << 20 };

enum show_what { SHOW_ALL, SHOW_RAW, SHOW_TEXT, SHOW_HTML, SHOW_HEADERS, SHOW_PART };
struct show {
    enum show_what what;
    const char *part;
    bool json;
};

static int read_options(struct show *s, int argc, char **argv)
{
    static const struct option options[] = {
        { "raw", no_argument, NULL, 'r' },
        { "text", no_argument, NULL, 't' },
        { "html", no_argument, NULL, 'h' },
        { "headers", no_argument, NULL, 'H' },
        { "part", required_argument, NULL, 'p' },
        { "json", no_argument, NULL, 'j' },
        { NULL, 0, NULL, 0 },
    };
    static const char letters[] = "rthHp";
    static const enum show_what whats[] = { SHOW_RAW, SHOW_TEXT, SHOW_HTML, SHOW_HEADERS,
                                            SHOW_PART };
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const char *letter = strchr(letters, o);
        if (o == 'j')
            s->json = true;
        else if (o == '?' || letter == NULL || s->what != SHOW_ALL)
            return -1;
        else
            s->what = whats[letter - letters];
        if (o == 'p')
            s->part = optarg;
    }
    return optind == argc - 1 ? 0 : -1;
}

/* ------------------------------------------------------------------ bytes as they are */

static int write_bytes(void *arg, struct str bytes, struct error *err)
{
    (void)arg;
    return file_write_fd(STDOUT_FILENO, bytes, _("standard output"), err);
}

/* A terminal gets nothing but text that is harmless; a file or a pipe gets the bytes. */
static int write_foreign(void *arg, struct str bytes, struct error *err)
{
    if (!isatty(STDOUT_FILENO))
        return write_bytes(arg, bytes, err);
    out_text(bytes, true);
    return 0;
}

static int show_raw(struct cli *c, const struct cli_text *t, struct error *err)
{
    struct buf chunk = BUF_INIT(CHUNK);
    int rc = 0;
    for (uint64_t at = 0; rc == 0 && (at == 0 || chunk.len > 0); at += chunk.len) {
        buf_clear(&chunk);
        rc = cache_body_read(c->cache, t->row.id, at, CHUNK, &chunk, err);
        if (rc == 0)
            rc = write_foreign(NULL, buf_str(&chunk), err);
        if (chunk.len == 0)
            break;
    }
    buf_free(&chunk);
    return rc;
}

static int show_headers(struct cli *c, const struct cli_text *t, struct error *err)
{
    struct buf raw = BUF_INIT(HEADER_MAX);
    int rc = cache_body_read(c->cache, t->row.id, 0, HEADER_MAX, &raw, err);
    struct str rest = buf_str(&raw), line;
    while (rc == 0 && str_line(&rest, &line) && line.n > 0) {
        out_text(line, false);
        putchar('\n');
    }
    buf_free(&raw);
    return rc;
}

/* ------------------------------------------------------------------ as text */

static int undecodable(struct error *err)
{
    return error_set(err, ERR_PARSE, RETRY_NEVER,
                     _("this message cannot be decoded; see it with --raw"));
}

/* The decoder died of it once: nothing but its bytes is known. */
static int check_decodable(const struct cli_text *t, struct error *err)
{
    return t->summary.damage & MIME_DAMAGE_OPAQUE ? undecodable(err) : 0;
}

static int show_decoded(struct cli *c, const struct cli_text *t, const struct mime_part_info *part,
                        struct error *err)
{
    struct decode_text text;
    if (cli_need_decode(c, err) != 0)
        return -1;
    int rc = decode_text(c->decode, t->arena, t->raw, part, 0, &text, err);
    if (rc == 1)
        return undecodable(err);
    if (rc == 0)
        out_text(text.text, true);
    return rc;
}

static const struct mime_part_info *find_type(const struct cli_text *t, const char *type)
{
    for (size_t i = 0; i < t->summary.parts_n; i++)
        if (str_ieqc(t->summary.parts[i].type, type) &&
            !(t->summary.parts[i].flags & MIME_PART_ATTACHMENT))
            return &t->summary.parts[i];
    return NULL;
}

static const struct mime_part_info *first_text(const struct cli_text *t)
{
    size_t i = mime_summary_text_part(&t->summary);
    return i < t->summary.parts_n ? &t->summary.parts[i] : NULL;
}

static void put_field(const char *name, struct str value)
{
    if (value.n == 0)
        return;
    printf("%s: ", name);
    out_text(value, false);
    putchar('\n');
}

static void list_attachments(const struct cli_text *t)
{
    bool any = false;
    for (size_t i = 0; i < t->summary.parts_n; i++) {
        const struct mime_part_info *p = &t->summary.parts[i];
        if (!mime_part_is_attachment(p))
            continue;
        printf("%s[%zu] ", any ? "" : "\n", i + 1);
        out_text(p->name.n > 0 ? p->name : p->type, false);
        const char *note = mime_part_note(p);
        printf("%s%s", note[0] != '\0' ? ", " : "", note);
        printf(P_(", %llu byte\n", ", %llu bytes\n", p->decoded), (unsigned long long)p->decoded);
        any = true;
    }
}

static int show_all(struct cli *c, const struct cli_text *t, struct error *err)
{
    char date[CLOCK_RFC5322_MAX];
    const struct mime_part_info *text = first_text(t);
    clock_rfc5322(t->row.date, date);
    put_field("From", t->summary.from);
    put_field("To", t->summary.to);
    put_field("Cc", t->summary.cc);
    put_field("Date", str_c(date));
    put_field("Subject", t->summary.subject);
    putchar('\n');
    int rc = text != NULL ? show_decoded(c, t, text, err) : 0;
    if (rc == 0)
        list_attachments(t);
    return rc;
}

static int show_part(struct cli *c, const struct show *s, const struct cli_text *t,
                     struct error *err)
{
    const struct mime_part_info *part = s->what == SHOW_PART   ? cli_text_part(t, s->part)
                                        : s->what == SHOW_HTML ? find_type(t, "text/html")
                                                               : first_text(t);
    if (part == NULL)
        return error_set(err, ERR_NOINPUT, RETRY_NEVER, _("the message has no such part"));
    if (s->what == SHOW_TEXT)
        return show_decoded(c, t, part, err);
    int rc = decode_part_bytes(t->raw, part, write_foreign, NULL, err);
    if (rc == 1)
        return error_set(err, ERR_PARSE, RETRY_NEVER,
                         _("the part is damaged; what could be decoded was written"));
    return rc;
}

static int show_json(struct cli *c, const struct cli_text *t, struct error *err)
{
    json_t *o = sub_list_json(c, t->arena, &t->row), *list = json_array();
    const struct mime_part_info *text = first_text(t);
    struct decode_text decoded = { 0 };
    int rc = text != NULL ? cli_need_decode(c, err) : 0;
    if (rc == 0 && text != NULL)
        rc = decode_text(c->decode, t->arena, t->raw, text, 0, &decoded, err);
    for (size_t i = 0; i < t->summary.parts_n; i++) {
        const struct mime_part_info *p = &t->summary.parts[i];
        if (!mime_part_is_attachment(p))
            continue;
        json_t *part = json_object();
        json_object_set_new(part, "part", json_integer((json_int_t)i + 1));
        json_object_set_new(part, "name", out_json_text(p->name));
        json_object_set_new(part, "type", out_json_text(p->type));
        json_object_set_new(part, "size", json_integer((json_int_t)p->decoded));
        json_object_set_new(part, "damaged", json_boolean(p->flags & MIME_PART_DAMAGED));
        json_array_append_new(list, part);
    }
    json_object_set_new(o, "attachments", list);
    json_object_set_new(o, "cc", out_json_addresses(t->summary.cc));
    json_object_set_new(o, "text", out_json_text(decoded.text));
    if (rc < 0)
        json_decref(o);
    else
        out_json_line(o);
    return rc < 0 ? -1 : 0;
}

static int show(struct cli *c, const struct show *s, const struct cli_text *t, struct error *err)
{
    if (s->json)
        return show_json(c, t, err);
    if (s->what == SHOW_RAW)
        return show_raw(c, t, err);
    if (s->what == SHOW_HEADERS)
        return show_headers(c, t, err);
    if (check_decodable(t, err) != 0)
        return -1;
    return s->what == SHOW_ALL ? show_all(c, t, err) : show_part(c, s, t, err);
}

int sub_show(struct cli *c, int argc, char **argv)
{
    struct show s = { 0 };
    struct cli_text t;
    struct error err;
    if (read_options(&s, argc, argv) != 0)
        return cli_usage(cli_find(STR("show")));
    int rc = cli_text_open(c, argv[optind], &t, &err);
    if (rc == 0)
        rc = show(c, &s, &t, &err);
    cli_text_clear(&t);
    if (rc == 1) {
        error_set(&err, ERR_NOINPUT, RETRY_NEVER, _("there is no message %s"), argv[optind]);
        (void)cli_fail(&err);
        return CLI_NOTHING;
    }
    return rc == 0 ? out_end() : cli_fail(&err);
}
