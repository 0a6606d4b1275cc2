/* SPDX-License-Identifier: MIT */
#include "compose/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "base/idna.h"
#include "cache/body.h"
#include "cache/journal.h"
#include "compose/people.h"
#include "mime/build.h"
#include "mime/codec.h"
#include "base/banned.h"

enum { READ_CHUNK = 64 << 10, SPEC_MAX = 512 };

/* The bytes of one attachment: a file, or a part of a message in the store through its codec. */
struct source {
    struct cache *cache;
    const struct draft_attachment *from;
    int fd;
    uint64_t offset, left; /* of a stored part, encoded bytes */
    struct codec *codec;
    bool ended;
};

/* Everything that is needed until the message is frozen. */
struct freezing {
    struct arena *arena;
    struct cache *cache;
    struct source *sources;
    size_t sources_n;
    struct cache_body *body;
    uint64_t size;
    bool eight_bit;
};

static int read_file(struct source *s, struct buf *chunk, struct error *err)
{
    char *room = buf_room(chunk, READ_CHUNK);
    ssize_t n;
    do
        n = sys_fault(FAULT_READ, "attachment read") != 0 ? -1 : read(s->fd, room, READ_CHUNK);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        error_sys(err, _("cannot read %s"), s->from->path);
        err->code = ERR_NOINPUT;
        return -1;
    }
    buf_grown(chunk, (size_t)n);
    return n > 0;
}

static int read_part(struct source *s, struct buf *chunk, struct error *err)
{
    struct buf raw = BUF_INIT(READ_CHUNK);
    size_t want = s->left < READ_CHUNK ? (size_t)s->left : READ_CHUNK;
    int rc = 0;
    if (s->ended)
        return 0;
    if (want > 0)
        rc = cache_body_read(s->cache, s->from->message, s->offset, want, &raw, err);
    s->offset += raw.len;
    s->left -= raw.len;
    s->ended = raw.len == 0 || s->left == 0;
    if (rc == 0 && s->codec != NULL)
        rc = codec_decode(s->codec, buf_str(&raw), s->ended, chunk, err);
    else if (rc == 0)
        buf_add_str(chunk, buf_str(&raw));
    buf_free(&raw);
    return rc < 0 ? -1 : 1; /* damaged data are forwarded as far as they go */
}

static int read_source(void *arg, struct buf *chunk, struct error *err)
{
    struct source *s = arg;
    return s->fd >= 0 ? read_file(s, chunk, err) : read_part(s, chunk, err);
}

static int open_stored(struct freezing *f, struct source *s, struct error *err)
{
    struct str flat;
    struct mime_summary m;
    int rc = cache_summary(f->cache, f->arena, s->from->message, &flat, err);
    if (rc == 0)
        rc = mime_summary_read(f->arena, flat, &m, err);
    if (rc < 0)
        return -1;
    if (rc == 1 || (s->from->part != SIZE_MAX && s->from->part >= m.parts_n))
        return error_set(err, ERR_NOINPUT, RETRY_NEVER,
                         _("the attachment %s is no longer in the store"), s->from->name);
    if (s->from->part == SIZE_MAX) {
        s->left = UINT64_MAX;
        return 0;
    }
    s->offset = m.parts[s->from->part].offset;
    s->left = m.parts[s->from->part].length;
    s->codec = codec_of_part(m.parts[s->from->part].encoding);
    return 0;
}

static int open_sources(struct freezing *f, const struct draft *d, struct mime_outline *m,
                        struct error *err)
{
    f->sources = arena_array(f->arena, d->attachments_n, sizeof *f->sources);
    m->parts = arena_array(f->arena, d->attachments_n, sizeof *m->parts);
    for (size_t i = 0; i < d->attachments_n; i++) {
        const struct draft_attachment *a = &d->attachments[i];
        struct source *s = &f->sources[i];
        *s = (struct source){ .cache = f->cache, .from = a, .fd = -1 };
        f->sources_n = i + 1;
        m->parts[i] = (struct mime_source){ .name = str_c(a->name),
                                            .type = str_c(a->type),
                                            .uuencode = a->uuencode,
                                            .message = str_ieqc(str_c(a->type), "message/rfc822"),
                                            .read = read_source,
                                            .arg = s };
        if (a->path == NULL && open_stored(f, s, err) != 0)
            return -1;
        if (a->path != NULL && (sys_fault(FAULT_OPEN, "attachment open") != 0 ||
                                (s->fd = open(a->path, O_RDONLY | O_CLOEXEC)) < 0)) {
            error_sys(err, _("cannot attach %s"), a->path);
            err->code = ERR_NOINPUT;
            return -1;
        }
    }
    m->parts_n = d->attachments_n;
    return 0;
}

static int store_bytes(void *arg, struct str bytes, struct error *err)
{
    struct freezing *f = arg;
    for (size_t i = 0; i < bytes.n && !f->eight_bit; i++)
        f->eight_bit = (unsigned char)bytes.p[i] >= 0x80;
    f->size += bytes.n;
    return cache_body_append(f->body, bytes, err);
}

/* What is said to us alone. */
static bool is_order(struct str name)
{
    return str_ieqc(name, DRAFT_SEND_AT) || str_ieqc(name, DRAFT_RECEIPT) ||
           str_ieqc(name, DRAFT_NOT_SENT);
}

static void extra_headers(struct freezing *f, const struct draft *d, struct mime_outline *m)
{
    m->extra = arena_array(f->arena, d->headers_n, sizeof *m->extra);
    for (size_t i = 0; i < d->headers_n; i++) {
        struct str line = str_c(d->headers[i]), name;
        if (str_until(&line, ':', &name) == 0 && !is_order(name))
            m->extra[m->extra_n++] = (struct mime_field){ name, str_trim(line) };
    }
}

static char *random_hex(struct arena *a)
{
    unsigned char bytes[16];
    char *out = arena_alloc(a, 2 * sizeof bytes + 1);
    clock_random(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return out;
}

/* Writes the whole message into the store as a body. */
static int freeze(struct freezing *f, const struct draft *d, struct outbox_entry *e,
                  const struct mime_addr *from, struct error *err)
{
    char *date = arena_alloc(f->arena, CLOCK_RFC5322_MAX);
    char *boundary = arena_fmt(f->arena, "tmail-%s", random_hex(f->arena));
    unsigned char identity[32];
    int known;
    clock_rfc5322(clock_wall_ms() / 1000, date);
    struct buf domain = BUF_INIT(SPEC_MAX);
    idna_mail_domain(STR(""), from->domain, &domain);
    e->message_id =
        str_c(arena_fmt(f->arena, "<%s@%.*s>", random_hex(f->arena), STR_ARG(buf_str(&domain))));
    buf_free(&domain);
    struct mime_outline m = {
        .from = str_c(d->from),
        .to = str_c(d->to),
        .cc = str_c(d->cc),
        .reply_to = str_c(d->reply_to),
        .subject = str_c(d->subject),
        .message_id = e->message_id,
        .in_reply_to = str_c(d->in_reply_to),
        .references = str_c(d->references),
        .date = str_c(date),
        .boundary = str_c(boundary),
        .text = str_c(d->text),
    };
    extra_headers(f, d, &m);
    if (open_sources(f, d, &m, err) != 0)
        return -1;
    f->body = cache_body_create(f->cache, err);
    if (f->body == NULL || mime_build(&m, store_bytes, f, err) != 0)
        return -1;
    return cache_body_finish(&f->body, &e->body, identity, &known, err);
}

static int envelope(struct arena *a, const struct draft *d, struct mime_addr *from,
                    struct outbox_entry *e, struct error *err)
{
    struct people sender = { 0 }, to = { 0 };
    struct buf spec = BUF_INIT(SPEC_MAX);
    if (people_add_typed(a, &sender, str_c(d->from), err) || sender.n != 1)
        return sender.n == 1
                   ? -1
                   : error_set(err, ERR_ADDRESS, RETRY_NEVER, _("From must be one address."));
    if (people_add_typed(a, &to, str_c(d->to), err) ||
        people_add_typed(a, &to, str_c(d->cc), err) || people_add_typed(a, &to, str_c(d->bcc), err))
        return -1;
    if (to.n == 0)
        return error_set(err, ERR_ADDRESS, RETRY_NEVER, _("There is no recipient."));
    *from = sender.list[0];
    mime_addr_spec(from, &spec);
    e->sender = arena_str(a, buf_str(&spec));
    e->rcpts = arena_array(a, to.n, sizeof *e->rcpts);
    e->rcpts_n = to.n;
    for (size_t i = 0; i < to.n; i++) {
        buf_clear(&spec);
        mime_addr_spec(&to.list[i], &spec);
        e->rcpts[i].address = arena_str(a, buf_str(&spec));
    }
    buf_free(&spec);
    return 0;
}

/* \Answered or $Forwarded on the message that this one is about; gone messages need no mark. */
static int mark_original(struct freezing *f, const struct draft *d, struct error *err)
{
    struct cache_row row;
    if (d->answers == 0)
        return 0;
    int rc = cache_row_get(f->cache, f->arena, d->answers, 0, &row, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    struct cache_op op = { .account = row.account,
                           .message = row.id,
                           .folder = row.folder,
                           .kind = OP_FLAGS,
                           .add = d->forwards ? CACHE_FORWARDED : CACHE_ANSWERED,
                           .quiet = true };
    int64_t id;
    return cache_journal_add(f->cache, &op, &id, err);
}

static int enter_outbox(struct freezing *f, struct draft *d, struct outbox_entry *e, int64_t *id,
                        struct error *err)
{
    if (cache_begin(f->cache, true, err) != 0)
        return -1;
    if ((d->id != 0 || draft_save(d, f->cache, err) == 0) &&
        cache_outbox_add(f->cache, e, d->id, id, err) == 0 && mark_original(f, d, err) == 0)
        return cache_commit(f->cache, err);
    cache_rollback(f->cache);
    return -1;
}

static void end_freezing(struct freezing *f)
{
    for (size_t i = 0; i < f->sources_n; i++) {
        if (f->sources[i].fd >= 0)
            close(f->sources[i].fd);
        codec_free(&f->sources[i].codec);
    }
    cache_body_drop(&f->body);
    arena_free(&f->arena);
}

int draft_queue(struct draft **d, struct cache *c, const struct config *cfg, int64_t send_at,
                int64_t *outbox_id, struct error *err)
{
    struct freezing f = { .arena = arena_new(8192), .cache = c };
    struct outbox_entry e = { .state = OUTBOX_QUEUED,
                              .created = clock_wall_ms() / 1000,
                              .not_before = send_at,
                              .save_sent = true,
                              .subject = str_c((*d)->subject) };
    const struct config_account *account = config_account(cfg, str_c((*d)->account));
    struct mime_addr from;
    int rc = account != NULL && account->send != SEND_NONE
                 ? 0
                 : error_set(err, ERR_CONFIG, RETRY_NEVER,
                             _("account \"%s\" has no \"send\" in tmailrc"), (*d)->account);
    if (rc == 0)
        rc = draft_send_at(*d, e.created, send_at, &e.not_before, err);
    if (rc == 0)
        rc = cache_account_id(c, str_c((*d)->account), &e.account, err);
    e.receipt = account != NULL && draft_receipt(*d, account);
    if (rc == 0)
        rc = envelope(f.arena, *d, &from, &e, err);
    if (rc == 0)
        rc = freeze(&f, *d, &e, &from, err);
    e.size = f.size;
    e.eight_bit = f.eight_bit;
    if (rc == 0)
        rc = enter_outbox(&f, *d, &e, outbox_id, err);
    end_freezing(&f);
    if (rc != 0)
        return -1;
    char *edited = edit_file_path(*d, c);
    unlink(edited); /* left by an editor session that was cut off, and now sent */
    free(edited);
    draft_free(d);
    return 0;
}
