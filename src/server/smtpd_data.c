/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "server/limits.h"
#include "server/smtpd_in.h"
#include "base/banned.h"

enum { DATA_PIECE = 16 << 10 };

static const struct smtpd_refusal no_mail = { 503, "5.5.1", "MAIL first" };
static const struct smtpd_refusal no_rcpt = { 503, "5.5.1", "RCPT first" };
static const struct smtpd_refusal alone = { 501, "5.5.4", "DATA stands alone" };
static const struct smtpd_refusal chunks = { 503, "5.5.1", "BDAT has begun, go on with it" };
static const struct smtpd_refusal full = { 452, "4.3.1", "no room, try again later" };
static const struct smtpd_refusal over_quota = { 452, "4.2.2", "mailbox full, try again later" };
static const struct smtpd_refusal later = { 451, "4.3.0", "cannot deliver now, try again later" };
static const struct smtpd_refusal too_large = { 552, "5.3.4", "message too large" };
static const struct smtpd_refusal circles = { 554, "5.4.6", "this mail goes round in circles" };
/* SMTP smuggling: whoever sends this wants two servers to see two different messages. */
static const struct smtpd_refusal bare = { 550, "5.6.0", "bare CR or LF in the message" };

/* RFC 3848, RFC 6531 §4.3 */
static void with_make(struct smtpd *s)
{
    struct buf with = BUF_INIT(sizeof s->mail.with - 1);
    buf_adds(&with, s->mail.utf8 ? "UTF8" : s->esmtp && !s->setup.lmtp ? "E" : "");
    buf_adds(&with, s->setup.lmtp ? "LMTP" : "SMTP");
    if (s->esmtp)
        buf_addf(&with, "%s%s", s->secure ? "S" : "", s->authenticated ? "A" : "");
    memcpy(s->mail.with, buf_c(&with), with.len + 1);
    buf_free(&with);
}

/* The first byte of the message is about to come. */
static void message_begin(struct smtpd *s, bool raw)
{
    struct smtpd_mail *m = &s->mail;
    int64_t now = s->setup.ops->name(s->setup.ops->arg, m->id);
    with_make(s);
    m->env = (struct fixup_env){ .sender = buf_str(&m->sender),
                                 .rcpt = str_c(m->first_rcpt),
                                 .rcpts_n = m->taken,
                                 .host = str_c(s->setup.options->host),
                                 .helo = buf_str(&s->helo),
                                 .peer = str_c(s->setup.peer),
                                 .id = str_c(m->id),
                                 .tls = buf_str(&s->tls),
                                 .forward = str_c(m->taken == 1 ? m->forward : NULL),
                                 .with = m->with,
                                 .now = now };
    spill_init(&m->spill, s->setup.tmp_dir,
               s->setup.options->limits.message + 2 * (uint64_t)SERVER_HEADER_MAX);
    fixup_init(&m->fixup, &m->env, &m->spill);
    buf_init(&m->piece, 2 * DATA_PIECE + 16);
    m->unstuff = (struct wire_unstuff){ .lenient = s->ends == ENDS_LF, .raw = raw };
    m->coming = true;
}

static const struct smtpd_refusal *refusal_of(const struct error *err)
{
    if (err->code == ERR_LIMIT)
        return &too_large;
    if (err->sys == EDQUOT)
        return &over_quota;
    return err->sys == ENOSPC || err->sys == EFBIG ? &full : &later;
}

static bool is_too_large(const struct smtpd *s)
{
    return s->mail.size > s->setup.options->limits.message;
}

/* NULL: it has been delivered, or each recipient's code tells. */
static const struct smtpd_refusal *message_deliver(struct smtpd *s)
{
    struct smtpd_mail *m = &s->mail;
    struct error err = { 0 };
    if (is_too_large(s))
        return &too_large;
    if (fixup_end(&m->fixup, &err) != 0)
        return refusal_of(&err);
    if (m->fixup.hops > SMTP_RECEIVED_MAX || m->fixup.looped)
        return &circles;
    struct deliver_mail mail = { .by = s->setup.peer,
                                 .sender = buf_str(&m->sender),
                                 .rcpts = m->rcpts,
                                 .n = m->rcpts_n,
                                 .message = &m->spill,
                                 .path = m->fixup.path,
                                 .now = m->env.now,
                                 .envid = m->envid,
                                 .ret = m->ret,
                                 .utf8 = m->utf8,
                                 .eight_bit = m->eight_bit,
                                 .each = s->setup.lmtp };
    memcpy(mail.id, m->id, sizeof mail.id);
    if (s->setup.ops->deliver(s->setup.ops->arg, &mail, &err) == 0 || s->setup.lmtp)
        return NULL;
    err.code = ERR_SYS;
    return refusal_of(&err);
}

static void answer(struct smtpd *s, const struct smtpd_refusal *refused, struct buf *out)
{
    if (refused != NULL) {
        s->setup.ops->refused(s->setup.ops->arg, s->mail.id, buf_str(&s->mail.sender), STR(""),
                              refused->code);
        smtpd_reply(s, out, refused->code, refused->enhanced, refused->text);
    } else
        smtpd_replyf(s, out, 250, "2.0.0", "%s Message accepted for delivery", s->mail.id);
}

/* RFC 2033 §4.2: an answer for each RCPT that was taken, in their order; an alias has succeeded
 * when all have it. */
static void answer_each(struct smtpd *s, const struct smtpd_refusal *refused, struct buf *out)
{
    const struct smtpd_mail *m = &s->mail;
    size_t at = 0;
    for (size_t i = 0; i < m->taken; i++) {
        unsigned worst = 250;
        for (; at < m->told_n && m->told[at].rcpt == i; at++) {
            unsigned code = m->rcpts[m->told[at].target].code;
            worst = code != 250 ? code : worst;
        }
        answer(s,
               refused != NULL ? refused
               : worst == 250  ? NULL
               : worst == 452  ? &full
                               : &later,
               out);
    }
}

static void message_end(struct smtpd *s, struct buf *out)
{
    struct smtpd_mail *m = &s->mail;
    bool smuggled = m->unstuff.bare && !m->unstuff.lenient;
    const struct smtpd_refusal *refused = smuggled ? &bare : message_deliver(s);
    if (s->setup.lmtp)
        answer_each(s, refused, out);
    else
        answer(s, refused, out);
    s->closing = s->closing || smuggled;
    smtpd_mail_clear(s);
    s->state = STATE_COMMAND;
}

/* NULL when a message may come. */
static const struct smtpd_refusal *message_refused(const struct smtpd *s)
{
    return !s->mail.begun ? &no_mail : s->mail.rcpts_n == 0 ? &no_rcpt : NULL;
}

void smtpd_data(struct smtpd *s, const struct smtp_cmd *c, struct buf *out)
{
    const struct smtpd_refusal *refused = c->arg.n > 0     ? &alone
                                          : s->mail.coming ? &chunks
                                                           : message_refused(s);
    if (refused != NULL) {
        smtpd_reply(s, out, refused->code, refused->enhanced, refused->text);
        return;
    }
    smtpd_reply(s, out, 354, NULL, "Enter mail, end with \".\" on a line by itself");
    message_begin(s, false);
    s->state = STATE_DATA;
}

static void piece_take(struct smtpd *s)
{
    struct smtpd_mail *m = &s->mail;
    for (size_t i = 0; i < m->piece.len && !m->eight_bit; i++)
        m->eight_bit = (unsigned char)m->piece.data[i] >= 0x80;
    m->size += m->piece.len;
    if (!is_too_large(s))
        fixup_add(&m->fixup, buf_str(&m->piece));
    buf_clear(&m->piece);
}

static bool dots_feed(struct smtpd *s, struct str *in, struct buf *out)
{
    struct smtpd_mail *m = &s->mail;
    struct str piece = str_head(*in, DATA_PIECE);
    size_t n = piece.n;
    enum wire_result r = wire_unstuff_next(&m->unstuff, &piece, &m->piece);
    *in = str_skip(*in, n - piece.n);
    piece_take(s);
    if (r == WIRE_MORE)
        return in->n > 0;
    message_end(s, out);
    return true;
}

/* ---- BDAT (RFC 3030 §2) ---- */

/* What a chunk that is taken adds, or that it was the last. */
static void chunk_end(struct smtpd *s, struct buf *out)
{
    struct error err;
    struct smtpd_refusal *r = &s->chunk_refused;
    s->state = STATE_COMMAND;
    if (r->code == 0 && is_too_large(s))
        *r = too_large;
    if (r->code == 0 && spill_check(&s->mail.spill, &err) != 0)
        *r = *refusal_of(&err);
    if (r->code != 0) {
        if (s->setup.lmtp && s->chunk_last && s->mail.taken > 0)
            answer_each(s, r, out);
        else
            smtpd_reply(s, out, r->code, r->enhanced, r->text);
        smtpd_mail_clear(s);
    } else if (!s->chunk_last)
        smtpd_reply(s, out, 250, "2.0.0", "chunk taken");
    else {
        wire_unstuff_finish(&s->mail.unstuff, &s->mail.piece);
        piece_take(s);
        message_end(s, out);
    }
}

void smtpd_bdat(struct smtpd *s, const struct smtp_cmd *c, const struct smtpd_refusal *refused,
                struct buf *out)
{
    if (refused == NULL)
        refused = message_refused(s);
    s->chunk_refused = refused != NULL ? *refused : (struct smtpd_refusal){ 0 };
    s->chunk_left = c->chunk;
    s->chunk_last = c->last;
    if (refused == NULL && !s->mail.coming)
        message_begin(s, true);
    s->state = STATE_CHUNK;
    if (s->chunk_left == 0)
        chunk_end(s, out);
}

static bool chunk_feed(struct smtpd *s, struct str *in, struct buf *out)
{
    size_t n = in->n < DATA_PIECE ? in->n : DATA_PIECE;
    n = n < s->chunk_left ? n : (size_t)s->chunk_left;
    struct str piece = str_head(*in, n);
    *in = str_skip(*in, n);
    s->chunk_left -= n;
    if (s->chunk_refused.code == 0) {
        wire_unstuff_next(&s->mail.unstuff, &piece, &s->mail.piece);
        piece_take(s);
    }
    if (s->chunk_left == 0)
        chunk_end(s, out);
    return s->chunk_left == 0 || in->n > 0;
}

bool smtpd_data_feed(struct smtpd *s, struct str *in, struct buf *out)
{
    if (in->n == 0)
        return false;
    return s->state == STATE_CHUNK ? chunk_feed(s, in, out) : dots_feed(s, in, out);
}
