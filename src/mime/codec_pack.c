/* SPDX-License-Identifier: MIT */
#include "mime/codec_pack.h"

#include <endian.h>
#include <stdlib.h>

#include "base/banned.h"

enum { LINE_BASE64 = 57, LINE_UU = 45, LINE_MAX = 57 };

struct codec_pack {
    enum codec_kind kind;
    bool ready, begun, damaged, padded;
    /* out: two characters for each twelve bits, and the bytes of a line that is not full */
    char pairs[4096][2];
    unsigned char held[LINE_MAX];
    size_t held_n;
    /* in: the characters of a group that is not full */
    struct codec_pack_in in;
    unsigned char group[4];
    unsigned group_n;
    char *name;
};

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char uu_alphabet[] =
    "`!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_";

void codec_pack_in_init(struct codec_pack_in *t, enum codec_kind kind)
{
    const char *alphabet = kind == CODEC_BASE64 ? base64_alphabet : uu_alphabet;
    for (unsigned place = 0; place < 4; place++) {
        for (unsigned c = 0; c < 256; c++)
            t->place[place][c] = CODEC_PACK_BAD;
        for (uint32_t v = 0; v < 64; v++)
            t->place[place][(unsigned char)alphabet[v]] = v << (18 - 6 * place);
        if (kind == CODEC_UU)
            t->place[place][' '] = 0;
    }
}

size_t codec_pack_groups(const struct codec_pack_in *t, const unsigned char *in, size_t groups,
                         unsigned char *out)
{
    for (size_t i = 0; i < groups; i++) {
        uint32_t v =
            t->place[0][in[0]] | t->place[1][in[1]] | t->place[2][in[2]] | t->place[3][in[3]];
        if (v >= CODEC_PACK_BAD)
            return i;
        v = htobe32(v << 8);
        memcpy(out, &v, sizeof v);
        in += 4;
        out += 3;
    }
    return groups;
}

struct codec_pack *codec_pack_new(enum codec_kind kind, const char *name)
{
    struct codec_pack *c = xcalloc(1, sizeof *c);
    c->kind = kind;
    c->name = xstrdup(name != NULL ? name : "attachment");
    return c;
}

void codec_pack_free(struct codec_pack **c)
{
    if (*c == NULL)
        return;
    free((*c)->name);
    free(*c);
    *c = NULL;
}

/* A group that padding or the end of the data has cut: RFC 2045 §6.8. */
static unsigned char *finish_group(struct codec_pack *c, unsigned char *out)
{
    unsigned n = c->group_n;
    if (n == 1)
        c->damaged = true;
    if (n >= 2) {
        memset(c->group + n, 'A', 4 - n);
        unsigned char three[4];
        codec_pack_groups(&c->in, c->group, 1, three);
        memcpy(out, three, n - 1);
        out += n - 1;
    }
    c->group_n = 0;
    return out;
}

/* One character the careful way. */
static unsigned char *take_character(struct codec_pack *c, unsigned char ch, unsigned char *out)
{
    if (c->in.place[3][ch] < CODEC_PACK_BAD) {
        c->padded = false;
        c->group[c->group_n++] = ch;
        return c->group_n == 4 ? finish_group(c, out) : out;
    }
    if (ch == '=') {
        if (c->group_n == 0 && !c->padded)
            c->damaged = true;
        c->padded = true;
        return finish_group(c, out);
    }
    if (!ascii_is_space((char)ch))
        c->damaged = true;
    return out;
}

static int decode_block(struct codec_pack *c, struct str in, struct buf *out, struct error *err)
{
    char *room = buf_room(out, in.n / 4 * 3 + 8);
    if (room == NULL)
        return buf_check(out, err);
    unsigned char *to = (unsigned char *)room;
    const unsigned char *p = (const unsigned char *)in.p;
    const unsigned char *end = p + in.n;
    while (p < end) {
        if (c->group_n == 0) {
            size_t done = codec_pack_groups(&c->in, p, (size_t)(end - p) / 4, to);
            p += done * 4;
            to += done * 3;
            if (done > 0)
                c->padded = false;
        }
        if (p < end)
            to = take_character(c, *p++, to);
    }
    buf_grown(out, (size_t)(to - (unsigned char *)room));
    return 0;
}

int codec_pack_decode(struct codec_pack *c, struct str in, bool last, struct buf *out,
                      struct error *err)
{
    if (!c->ready)
        codec_pack_in_init(&c->in, c->kind);
    c->ready = true;
    while (in.n > 0) {
        if (decode_block(c, str_head(in, CODEC_BLOCK), out, err) != 0)
            return -1;
        in = str_skip(in, CODEC_BLOCK);
    }
    if (last && c->group_n > 0) {
        unsigned char rest[4];
        c->damaged = true;
        buf_add(out, rest, (size_t)(finish_group(c, rest) - rest));
        if (buf_check(out, err) != 0)
            return -1;
    }
    return c->damaged;
}

static void init_pairs(struct codec_pack *c)
{
    const char *alphabet = c->kind == CODEC_BASE64 ? base64_alphabet : uu_alphabet;
    for (unsigned v = 0; v < 4096; v++) {
        c->pairs[v][0] = alphabet[v >> 6];
        c->pairs[v][1] = alphabet[v & 63];
    }
}

static char *put_group(const struct codec_pack *c, const unsigned char *in, char *out)
{
    unsigned v = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2];
    memcpy(out, c->pairs[v >> 12], 2);
    memcpy(out + 2, c->pairs[v & 4095], 2);
    return out + 4;
}

/* Whole groups of three bytes, six bytes at a time while eight can be read. */
static char *put_groups(const struct codec_pack *c, const unsigned char *in, size_t n, char *out)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 6) {
        uint64_t v;
        memcpy(&v, in + i, sizeof v);
        v = be64toh(v);
        memcpy(out, c->pairs[v >> 52], 2);
        memcpy(out + 2, c->pairs[v >> 40 & 4095], 2);
        memcpy(out + 4, c->pairs[v >> 28 & 4095], 2);
        memcpy(out + 6, c->pairs[v >> 16 & 4095], 2);
        out += 8;
    }
    for (; i + 3 <= n; i += 3)
        out = put_group(c, in + i, out);
    return out;
}

/* One line; bytes that fill no group are padded: '=' for base64 (RFC 2045 §6.8), zeros for
 * uuencode. */
static char *put_line(const struct codec_pack *c, const unsigned char *in, size_t n, bool crlf,
                      char *out)
{
    if (c->kind == CODEC_UU)
        *out++ = uu_alphabet[n];
    out = put_groups(c, in, n - n % 3, out);
    if (n % 3 != 0) {
        unsigned char rest[3] = { 0 };
        memcpy(rest, in + n - n % 3, n % 3);
        out = put_group(c, rest, out);
        if (c->kind == CODEC_BASE64)
            memset(out - 3 + n % 3, '=', 3 - n % 3);
    }
    if (crlf)
        *out++ = '\r';
    *out++ = '\n';
    return out;
}

/* The name ends the begin line: nothing in it may end it early. */
static void put_begin(struct codec_pack *c, bool crlf, struct buf *out)
{
    buf_adds(out, "begin 644 ");
    for (const char *p = c->name; *p != '\0'; p++)
        buf_addc(out, (unsigned char)*p < ' ' || *p == 0x7f ? '_' : *p);
    buf_adds(out, crlf ? "\r\n" : "\n");
}

static char *put_lines(struct codec_pack *c, struct str *in, bool last, bool crlf, char *to)
{
    size_t line = c->kind == CODEC_BASE64 ? LINE_BASE64 : LINE_UU;
    const unsigned char *p = (const unsigned char *)in->p;
    size_t n = in->n;
    if (c->held_n > 0 && (n > 0 || last)) {
        size_t more = line - c->held_n < n ? line - c->held_n : n;
        if (more > 0)
            memcpy(c->held + c->held_n, p, more);
        c->held_n += more;
        p += more;
        n -= more;
        if (c->held_n == line || last) {
            to = put_line(c, c->held, c->held_n, crlf, to);
            c->held_n = 0;
        }
    }
    for (; n >= line; n -= line, p += line)
        to = put_line(c, p, line, crlf, to);
    if (n > 0 && last) {
        to = put_line(c, p, n, crlf, to);
    } else if (n > 0) {
        memcpy(c->held + c->held_n, p, n);
        c->held_n += n;
    }
    return to;
}

static int encode_block(struct codec_pack *c, struct str in, bool last, bool crlf, struct buf *out,
                        struct error *err)
{
    char *room = buf_room(out, in.n / 3 * 4 + in.n / 8 + 2 * LINE_MAX);
    if (room == NULL)
        return buf_check(out, err);
    char *to = put_lines(c, &in, last, crlf, room);
    buf_grown(out, (size_t)(to - room));
    return 0;
}

int codec_pack_encode(struct codec_pack *c, struct str in, bool last, bool crlf, struct buf *out,
                      struct error *err)
{
    if (!c->ready)
        init_pairs(c);
    c->ready = true;
    if (c->kind == CODEC_UU && !c->begun)
        put_begin(c, crlf, out);
    c->begun = true;
    while (in.n > CODEC_BLOCK) {
        if (encode_block(c, str_head(in, CODEC_BLOCK), false, crlf, out, err) != 0)
            return -1;
        in = str_skip(in, CODEC_BLOCK);
    }
    if (encode_block(c, in, last, crlf, out, err) != 0)
        return -1;
    if (last && c->kind == CODEC_UU)
        buf_adds(out, crlf ? "`\r\nend\r\n" : "`\nend\n");
    return buf_check(out, err);
}
