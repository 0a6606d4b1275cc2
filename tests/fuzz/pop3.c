/* SPDX-License-Identifier: MIT */
/* POP3, both directions: replies, listings, bodies in any split, and a server's commands. */
#include "fuzz.h"

#include "wire/pop3.h"
#include "wire/reply.h"
#include "base/banned.h"

enum { REPLIES, LISTING, BODY };

struct reader {
    unsigned what;
    struct buf kept, out;
    struct wire_pop3_body body;
    bool over;
};

static enum wire_result reply(struct reader *r, struct str *in)
{
    struct wire_pop3_reply reply;
    enum wire_result rc = wire_pop3_reply_next(in, &reply);
    if (rc == WIRE_OK)
        buf_addf(&r->out, "%d [%.*s] %.*s\n", (int)reply.kind, STR_ARG(reply.code),
                 STR_ARG(reply.text));
    return rc;
}

static enum wire_result listing(struct reader *r, struct str *in)
{
    struct str line, uid;
    uint32_t number;
    uint64_t bytes;
    bool end;
    enum wire_result rc = wire_pop3_line_next(in, &line, &end);
    if (rc != WIRE_OK)
        return rc;
    buf_addf(&r->out, "%d %.*s", end, STR_ARG(line));
    if (wire_pop3_number_size(line, &number, &bytes) == 0)
        buf_addf(&r->out, " size %u %llu", number, (unsigned long long)bytes);
    if (wire_pop3_number_uid(line, &number, &uid) == 0) {
        FUZZ_CHECK(uid.n <= WIRE_POP3_UID_MAX && number > 0);
        buf_addf(&r->out, " uid %u %.*s", number, STR_ARG(uid));
    }
    buf_addc(&r->out, '\n');
    return WIRE_OK;
}

/* Lines wait until they are whole. */
static void lines(struct reader *r, struct str piece)
{
    buf_add_str(&r->kept, piece);
    struct str in = buf_str(&r->kept);
    enum wire_result rc = WIRE_OK;
    while (!r->over && rc == WIRE_OK)
        rc = r->what == REPLIES ? reply(r, &in) : listing(r, &in);
    if (rc == WIRE_BAD) {
        buf_adds(&r->out, "bad\n");
        r->over = true;
    }
    buf_consume(&r->kept, r->kept.len - in.n);
}

static void body(struct reader *r, struct str piece)
{
    struct str run;
    while (!r->over && piece.n > 0) {
        size_t before = piece.n;
        r->over = wire_pop3_body_next(&r->body, &piece, &run) == WIRE_OK;
        buf_add_str(&r->out, run);
        FUZZ_CHECK(r->over || piece.n < before || run.n > 0);
    }
    if (r->over)
        buf_addf(&r->kept, "%.*s", STR_ARG(piece));
}

static void feed(void *arg, struct str piece)
{
    struct reader *r = arg;
    if (r->what == BODY)
        body(r, piece);
    else
        lines(r, piece);
}

static void read_all(unsigned what, struct str in, enum fuzz_split split, struct buf *out)
{
    struct reader r = { .what = what, .kept = BUF_INIT(1 << 20), .out = BUF_INIT(1 << 20) };
    fuzz_feed(in, split, feed, &r);
    buf_add_str(out, buf_str(&r.out));
    buf_adds(out, r.over ? "[over]" : "");
    buf_free(&r.kept);
    buf_free(&r.out);
}

static void any_split(unsigned what, struct str in, struct buf *whole)
{
    struct buf cut = BUF_INIT(1 << 20);
    for (int split = FUZZ_CUT; split <= FUZZ_BYTES; split++) {
        buf_clear(whole);
        buf_clear(&cut);
        read_all(what, in, FUZZ_WHOLE, whole);
        read_all(what, in, (enum fuzz_split)split, &cut);
        fuzz_same(buf_str(whole), buf_str(&cut));
    }
    buf_free(&cut);
}

/* What a server stuffs with CRLF line ends comes back. */
static void body_comes_back(struct str in)
{
    struct buf wire = BUF_INIT(1 << 20), plain = BUF_INIT(1 << 20), back = BUF_INIT(1 << 20);
    struct wire_stuff s = { 0 };
    for (struct str line; str_line(&in, &line);)
        if (str_is_line(line)) {
            buf_add_str(&plain, line);
            buf_adds(&plain, "\r\n");
        }
    wire_stuff_add(&s, buf_str(&plain), &wire);
    wire_stuff_end(&s, &wire);
    any_split(BODY, buf_str(&wire), &back);
    buf_adds(&plain, "[over]");
    fuzz_same(buf_str(&plain), buf_str(&back));
    buf_free(&wire);
    buf_free(&plain);
    buf_free(&back);
}

static void commands(struct str in)
{
    for (struct str line; str_line(&in, &line);) {
        struct wire_pop3_cmd cmd;
        wire_pop3_cmd_read(line, &cmd);
        FUZZ_CHECK(cmd.verb >= POP3_USER && cmd.verb <= POP3_UNKNOWN);
        FUZZ_CHECK(cmd.text.n == 0 ||
                   (cmd.text.p >= line.p && cmd.text.p + cmd.text.n <= line.p + line.n));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct buf out = BUF_INIT(1 << 20);
    unsigned choice = fuzz_choice(&in);
    any_split(choice % 3, in, &out);
    body_comes_back(in);
    commands(in);
    buf_free(&out);
    return 0;
}
