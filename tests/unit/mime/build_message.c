/* SPDX-License-Identifier: MIT */
/* build_message FROM TO SUBJECT [FILE]... < text > message, or build_message encode|decode
 * base64|qp|uu, or build_message files < text: the uuencoded files in it, each as a line with its
 * state, its size and its name, and its bytes. What roundtrip.py compares with other programs. */
#include <stdio.h>

#include "base/file.h"
#include "mime/build.h"
#include "mime/codec.h"
#include "mime/uu.h"
#include "base/banned.h"

enum { SIZE_MAX_HERE = 64 << 20, FILES_MAX = 8 };

static int to_stdout(void *arg, struct str bytes, struct error *err)
{
    (void)arg;
    return file_write_fd(1, bytes, "standard output", err);
}

static int once(void *arg, struct buf *chunk, struct error *err)
{
    struct str *left = arg;
    struct str piece = str_head(*left, chunk->max);
    (void)err;
    buf_add_str(chunk, piece);
    *left = str_skip(*left, piece.n);
    return piece.n > 0;
}

static int build(int argc, char **argv, struct str text, struct error *err)
{
    struct mime_source parts[FILES_MAX] = { 0 };
    struct buf files[FILES_MAX] = { 0 };
    struct str left[FILES_MAX];
    struct mime_outline m = { .from = str_c(argv[1]),
                              .to = str_c(argv[2]),
                              .subject = str_c(argv[3]) };
    int rc = 0;
    for (int i = 4; i < argc && i < 4 + FILES_MAX && rc == 0; i++) {
        size_t n = m.parts_n++;
        struct str path = str_c(argv[i]);
        buf_init(&files[n], SIZE_MAX_HERE);
        rc = file_read(argv[i], &files[n], err);
        left[n] = buf_str(&files[n]);
        parts[n] = (struct mime_source){ .read = once, .arg = &left[n] };
        parts[n].name = str_skip(path, str_rfind(path, '/') + 1);
    }
    m.date = STR("Mon, 23 Nov 2026 08:05:59 +0000");
    m.message_id = STR("<1@example.org>");
    m.boundary = STR("boundary-of-this-test");
    m.text = text;
    m.parts = parts;
    if (rc == 0)
        rc = mime_build(&m, to_stdout, NULL, err);
    for (size_t n = 0; n < FILES_MAX; n++)
        buf_free(&files[n]);
    return rc;
}

static int code(bool encode, struct str kind, struct str in, struct error *err)
{
    struct buf out = BUF_INIT(SIZE_MAX_HERE);
    struct codec *c = codec_new(str_eqc(kind, "base64") ? CODEC_BASE64
                                : str_eqc(kind, "qp")   ? CODEC_QP
                                                        : CODEC_UU,
                                "name");
    int rc =
        encode ? codec_encode(c, in, true, false, &out, err) : codec_decode(c, in, true, &out, err);
    if (rc >= 0)
        rc = file_write_fd(1, buf_str(&out), "standard output", err);
    codec_free(&c);
    buf_free(&out);
    return rc;
}

static void put_file(void *arg, const struct uu_file *f)
{
    struct buf out = BUF_INIT(SIZE_MAX_HERE);
    struct codec *c = codec_new(CODEC_UU, NULL);
    struct error err;
    if (codec_decode(c, str_head(str_skip(*(struct str *)arg, f->offset), f->length), true, &out,
                     &err) < 0)
        fprintf(stderr, "%s\n", err.text);
    printf("%s%s %zu %.*s\n", f->damaged ? "damaged" : "whole", f->unended ? "-unended" : "",
           out.len, STR_ARG(f->name));
    fwrite(out.data, 1, out.len, stdout);
    codec_free(&c);
    buf_free(&out);
}

static void files(struct str in)
{
    struct uu_reader *r = uu_reader_new(put_file, &in);
    uu_reader_feed(r, in, true);
    uu_reader_free(&r);
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    struct buf in = BUF_INIT(SIZE_MAX_HERE);
    int rc = file_read_fd(0, &in, &err);
    if (rc == 0 && argc == 2)
        files(buf_str(&in));
    else if (rc == 0 && argc == 3)
        rc = code(str_eqc(str_c(argv[1]), "encode"), str_c(argv[2]), buf_str(&in), &err);
    else if (rc == 0 && argc > 3)
        rc = build(argc, argv, buf_str(&in), &err);
    if (rc != 0)
        fprintf(stderr, "%s\n", err.text);
    buf_free(&in);
    return rc != 0;
}
