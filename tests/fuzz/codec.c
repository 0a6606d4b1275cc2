/* SPDX-License-Identifier: MIT */
/* base64, quoted-printable, uuencode: there and back gives the same bytes, and junk decodes the
 * same in any split. */
#include "fuzz.h"

#include "mime/codec.h"
#include "base/banned.h"

enum { OUT_MAX = 1 << 20 };

struct way {
    struct codec *codec;
    bool encode, crlf;
    struct buf out;
    int rc;
};

/* What is damaged stays so. */
static void note(struct way *w, int rc)
{
    if (w->rc == 0 || rc < 0)
        w->rc = rc;
}

static void piece(void *arg, struct str in)
{
    struct way *w = arg;
    struct error err;
    if (w->rc >= 0)
        note(w, w->encode ? codec_encode(w->codec, in, false, w->crlf, &w->out, &err)
                          : codec_decode(w->codec, in, false, &w->out, &err));
}

static int go(enum codec_kind kind, bool encode, bool crlf, struct str in, enum fuzz_split split,
              struct buf *out)
{
    struct way w = { .codec = codec_new(kind, encode ? "name.bin" : NULL),
                     .encode = encode,
                     .crlf = crlf,
                     .out = BUF_INIT(OUT_MAX) };
    struct error err;
    fuzz_feed(in, split, piece, &w);
    if (w.rc >= 0)
        note(&w, encode ? codec_encode(w.codec, STR(""), true, crlf, &w.out, &err)
                        : codec_decode(w.codec, STR(""), true, &w.out, &err));
    buf_add_str(out, buf_str(&w.out));
    buf_free(&w.out);
    codec_free(&w.codec);
    return w.rc;
}

/* Whether bytes were damaged may be known sooner or later; what they are may not differ. */
static int any_split(enum codec_kind kind, bool encode, bool crlf, struct str in, struct buf *out)
{
    struct buf cut = BUF_INIT(OUT_MAX);
    int rc = go(kind, encode, crlf, in, FUZZ_WHOLE, out);
    for (int split = FUZZ_CUT; split <= FUZZ_BYTES; split++) {
        buf_clear(&cut);
        FUZZ_CHECK(go(kind, encode, crlf, in, (enum fuzz_split)split, &cut) == rc);
        fuzz_same(buf_str(out), buf_str(&cut));
    }
    buf_free(&cut);
    return rc;
}

static void lines_hold(struct str in, size_t most)
{
    for (struct str line; str_line(&in, &line);)
        FUZZ_CHECK(line.n <= most);
}

/* Quoted-printable carries text: its line ends come back as the ones of the encoding. */
static void canonical(struct str in, bool crlf, struct buf *out)
{
    for (size_t i = 0; i < in.n; i++) {
        bool pair = in.p[i] == '\r' && i + 1 < in.n && in.p[i + 1] == '\n';
        i += pair;
        if (pair || in.p[i] == '\n')
            buf_adds(out, crlf ? "\r\n" : "\n");
        else
            buf_addc(out, in.p[i]);
    }
}

static void there_and_back(enum codec_kind kind, bool crlf, struct str in)
{
    struct buf code = BUF_INIT(OUT_MAX), back = BUF_INIT(OUT_MAX), want = BUF_INIT(OUT_MAX);
    FUZZ_CHECK(any_split(kind, true, crlf, in, &code) == 0);
    if (kind != CODEC_UU)
        lines_hold(buf_str(&code), 76);
    FUZZ_CHECK(any_split(kind, false, false, buf_str(&code), &back) == 0);
    if (kind == CODEC_QP)
        canonical(in, crlf, &want);
    else
        buf_add_str(&want, in);
    fuzz_same(buf_str(&back), buf_str(&want));
    buf_free(&code);
    buf_free(&back);
    buf_free(&want);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    unsigned choice = fuzz_choice(&in);
    enum codec_kind kind = (enum codec_kind)(choice / 2 % 3);
    struct buf out = BUF_INIT(OUT_MAX);
    (void)any_split(kind, false, false, in, &out);
    there_and_back(kind, (choice & 1) != 0, in);
    buf_free(&out);
    return 0;
}
