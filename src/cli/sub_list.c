/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>

#include "base/i18n.h"
#include "base/utf8.h"
#include "cli/out.h"
#include "cli/sub_list.h"
#include "mime/addr.h"
#include "base/banned.h"

enum { PAGE = 100, LIST_DEFAULT = 50, WHO_WIDTH = 20, NAMES_MAX = 64 };

struct list {
    const char *folder;
    uint64_t n;
    bool threads, json;
};

static int read_options(struct list *l, int argc, char **argv)
{
    static const struct option options[] = { { "threads", no_argument, NULL, 't' },
                                             { "json", no_argument, NULL, 'j' },
                                             { NULL, 0, NULL, 0 } };
    int o;
    while ((o = getopt_long(argc, argv, "f:n:", options, NULL)) != -1) {
        struct str number = str_c(optarg);
        if (o == 'f')
            l->folder = optarg;
        else if (o == 't')
            l->threads = true;
        else if (o == 'j')
            l->json = true;
        else if (o != 'n' || str_u64(&number, &l->n) != 0 || number.n > 0)
            return -1;
    }
    return optind == argc ? 0 : -1;
}

static json_t *folder_names(struct cli *c, struct arena *a, int64_t message)
{
    struct str *names;
    size_t n = 0;
    struct error ignored;
    json_t *list = json_array();
    if (cache_message_folders(c->cache, a, message, &names, &n, &ignored) == 0)
        for (size_t i = 0; i < n; i++)
            json_array_append_new(list, out_json_text(names[i]));
    return list;
}

json_t *sub_list_json(struct cli *c, struct arena *a, const struct cache_row *row)
{
    struct str account = STR("");
    struct error ignored;
    json_t *o = json_object();
    (void)!cache_account_name(c->cache, a, row->account, &account, &ignored);
    json_object_set_new(o, "id", json_integer(row->id));
    json_object_set_new(o, "account", out_json_text(account));
    json_object_set_new(o, "folders", folder_names(c, a, row->id));
    json_object_set_new(o, "date", out_json_date(row->date));
    json_object_set_new(o, "from", out_json_addresses(row->from));
    json_object_set_new(o, "to", out_json_addresses(row->to));
    json_object_set_new(o, "subject", out_json_text(row->subject));
    json_object_set_new(o, "preview", out_json_text(row->preview));
    json_object_set_new(o, "size", json_integer((json_int_t)row->size));
    json_object_set_new(o, "flags", out_json_flags(row->flags));
    json_object_set_new(o, "tags", json_array());
    struct str keywords = row->keywords, word;
    while (str_word(&keywords, &word))
        json_array_append_new(json_object_get(o, "tags"), out_json_text(word));
    json_object_set_new(o, "thread", json_integer(row->thread));
    json_object_set_new(o, "message_id", out_json_text(row->message_id));
    json_object_set_new(o, "attachments", json_boolean(row->flags & CACHE_ATTACHMENT));
    if (row->thread_n > 0) {
        json_object_set_new(o, "messages", json_integer(row->thread_n));
        json_object_set_new(o, "unread", json_integer(row->thread_unread));
    }
    return o;
}

static void put_column(struct str text, unsigned width, struct buf *line)
{
    unsigned used;
    buf_add_str(line, utf8_fit(text, width, &used));
    for (; used < width; used++)
        buf_addc(line, ' ');
}

void sub_list_print(struct arena *a, const struct cache_row *row)
{
    struct mime_addr who[1];
    struct buf line = BUF_INIT(64 << 10);
    struct tm tm = { 0 };
    time_t t = (time_t)row->date;
    char date[32] = "";
    if (localtime_r(&t, &tm) != NULL)
        strftime(date, sizeof date, "%Y-%m-%d %H:%M", &tm);
    struct str from = row->from;
    if (mime_addr_list(a, row->from, who, 1) == 1 && who[0].name.n > 0)
        from = who[0].name;
    buf_addf(&line, "%6lld %c%c%c %s  ", (long long)row->id, row->flags & CACHE_SEEN ? ' ' : 'N',
             row->flags & CACHE_FLAGGED ? '!' : ' ', row->flags & CACHE_ATTACHMENT ? '+' : ' ',
             date);
    put_column(from, WHO_WIDTH, &line);
    buf_addf(&line, "  %.*s", STR_ARG(row->subject));
    out_text(buf_str(&line), false);
    putchar('\n');
    buf_free(&line);
}

static int print_list(struct cli *c, const struct list *l, const struct cache_query *q,
                      struct error *err)
{
    struct cache_row *rows = xcalloc(PAGE, sizeof *rows);
    struct cache_key key;
    uint64_t left = l->n;
    size_t n = PAGE, shown = 0;
    int rc = 0;
    while (rc == 0 && left > 0 && n == PAGE) {
        struct arena *a = arena_new(64 << 10);
        n = PAGE;
        rc = cache_list(c->cache, a, q, shown > 0 ? &key : NULL, CACHE_NEXT, rows, &n, err);
        for (size_t i = 0; rc == 0 && i < n && left > 0; i++, left--, shown++) {
            key = rows[i].key;
            if (l->json)
                out_json_line(sub_list_json(c, a, &rows[i]));
            else
                sub_list_print(a, &rows[i]);
        }
        arena_free(&a);
    }
    free(rows);
    return rc != 0 ? -1 : shown > 0 ? 0 : 1;
}

/* 0; 1 when nothing was found. */
static int find_query(struct cli *c, const struct list *l, struct cache_query *q, struct error *err)
{
    struct arena *a = arena_new(4096);
    struct cache_folder f;
    int rc = l->folder != NULL ? cli_folder(c, a, l->folder, &f, err) : 0;
    q->kind = l->threads ? LIST_DIFFERENT_THREADS : LIST_FOLDER;
    if (l->folder == NULL && l->threads)
        rc = cli_folder(c, a, "INBOX", &f, err);
    else if (l->folder == NULL)
        q->kind = LIST_INBOXES;
    if (rc == 0 && q->kind != LIST_INBOXES)
        q->folder = f.id;
    if (rc == 1)
        rc = error_set(err, ERR_NOINPUT, RETRY_NEVER, _("there is no folder \"%s\""),
                       l->folder != NULL ? l->folder : "INBOX");
    arena_free(&a);
    return rc;
}

int sub_list(struct cli *c, int argc, char **argv)
{
    struct list l = { .n = LIST_DEFAULT };
    struct cache_query q = { 0 };
    struct error err;
    if (read_options(&l, argc, argv) != 0)
        return cli_usage(cli_find(STR("list")));
    int rc = cli_need_cache(c, CACHE_READ, &err);
    if (rc == 0)
        rc = find_query(c, &l, &q, &err);
    if (rc == 0)
        rc = print_list(c, &l, &q, &err);
    if (rc < 0)
        return cli_fail(&err);
    int code = out_end();
    return rc == 1 && code == EX_OK ? CLI_NOTHING : code;
}
