/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "mime/codec.h"
#include "base/banned.h"

enum { CHUNK = 1 << 20, OUT_MAX = 8 << 20, GUESS_NONE = -1 };

static const struct option options[] = {
    { "uu", no_argument, NULL, CODEC_UU + 1 },
    { "base64", no_argument, NULL, CODEC_BASE64 + 1 },
    { "qp", no_argument, NULL, CODEC_QP + 1 },
    { NULL, 0, NULL, 0 },
};

/* Which codec the options name, GUESS_NONE for none; -2 for a mistake. */
static int read_kind(int argc, char **argv)
{
    int kind = GUESS_NONE, c;
    while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
        if (c == '?' || kind != GUESS_NONE)
            return -2;
        kind = c - 1;
    }
    return kind;
}

static int read_some(char *chunk, size_t *n, struct error *err)
{
    ssize_t got;
    do
        got = read(STDIN_FILENO, chunk, CHUNK);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_sys(err, _("cannot read standard input"));
    *n = (size_t)got;
    return 0;
}

/* The input through the codec to standard output. 1: damaged. first: bytes that were read already.
 */
static int pump(struct codec *codec, bool encode, char *chunk, size_t n, struct error *err)
{
    struct buf out = BUF_INIT(OUT_MAX);
    int rc = 0, damaged = 0;
    bool last;
    do {
        last = n == 0;
        struct str in = { chunk, n };
        rc = encode ? codec_encode(codec, in, last, false, &out, err)
                    : codec_decode(codec, in, last, &out, err);
        damaged |= rc == 1;
        if (rc >= 0)
            rc = file_write_fd(STDOUT_FILENO, buf_str(&out), _("standard output"), err);
        buf_clear(&out);
        if (rc == 0 && !last)
            rc = read_some(chunk, &n, err);
    } while (rc == 0 && !last);
    buf_free(&out);
    return rc == 0 ? damaged : -1;
}

static bool is_base64_char(char c)
{
    return ascii_is_alnum(c) || ascii_is_space(c) || c == '+' || c == '/' || c == '=';
}

static bool is_hex(char c)
{
    return ascii_is_digit(c) || (c >= 'A' && c <= 'F');
}

/* Text with "=C3" in it and with characters that base64 does not have. */
static bool looks_like_qp(struct str s)
{
    bool escape = false, other = false;
    for (size_t i = 0; i < s.n; i++) {
        escape =
            escape || (s.p[i] == '=' && i + 2 < s.n && is_hex(s.p[i + 1]) && is_hex(s.p[i + 2]));
        other = other || !is_base64_char(s.p[i]);
    }
    return escape && other;
}

/* What has a begin line says so; what is neither that nor quoted-printable is base64. */
static enum codec_kind guess_kind(struct str s)
{
    if (str_starts(s, "begin ") || str_search(s, STR("\nbegin ")) < s.n)
        return CODEC_UU;
    return looks_like_qp(s) ? CODEC_QP : CODEC_BASE64;
}

static int run(int kind, const char *name, bool encode)
{
    struct error err;
    char *chunk = xmalloc(CHUNK);
    size_t n = 0;
    int rc = read_some(chunk, &n, &err);
    struct codec *codec = NULL;
    if (rc == 0 && kind == GUESS_NONE)
        kind = (int)guess_kind((struct str){ chunk, n });
    if (rc == 0) {
        codec = codec_new((enum codec_kind)kind, name);
        rc = pump(codec, encode, chunk, n, &err);
    }
    if (rc == 1)
        error_set(&err, ERR_PARSE, RETRY_NEVER,
                  _("the data are damaged; what could be decoded was"));
    codec_free(&codec);
    free(chunk);
    if (rc < 0 && err.code == ERR_SYS && err.sys == EPIPE)
        return EX_IOERR; /* a reader that has seen enough: nothing to complain about */
    return rc == 0 ? EX_OK : cli_fail(&err);
}

int sub_encode(struct cli *c, int argc, char **argv)
{
    (void)c;
    int kind = read_kind(argc, argv);
    if (kind < 0 || argc - optind > 1)
        return cli_usage(cli_find(STR("encode")));
    return run(kind, argc > optind ? argv[optind] : "-", true);
}

int sub_decode(struct cli *c, int argc, char **argv)
{
    (void)c;
    int kind = read_kind(argc, argv);
    if (kind < GUESS_NONE || argc > optind)
        return cli_usage(cli_find(STR("decode")));
    return run(kind, NULL, false);
}
