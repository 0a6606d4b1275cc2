/* SPDX-License-Identifier: MIT */
/* summary DECODER [MESSAGES]: summaries by tmail-decode, many messages under way at a time, as a
 * first sync asks for them: how many for a second of its processor; and the most memory that it
 * has with one message of 200 MB, for several kinds of such. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/corpus.h"
#include "bench/lap.h"
#include "decode/client.h"
#include "base/banned.h"

enum { MESSAGES = 20000, LAPS = 5, LARGE = 200 << 20, PIECE = 64 << 10, KINDS_SEED = 7 };

static void die(const struct error *err)
{
    fprintf(stderr, "%s\n", err->text);
    exit(1);
}

/* As a shop writes: the same as text and as HTML, and a file. */
static void mixed(struct buf *out, uint64_t i)
{
    buf_addf(out,
             "From: =?utf-8?Q?Caf=C3=A9?= <shop@example.org>\r\nTo: Jane Roe <jane@example.org>\r\n"
             "Subject: =?utf-8?Q?Rechnung_f=C3=BCr?= %llu\r\nMessage-ID: <%llu@example.org>\r\n"
             "Date: Mon, 05 Jan 2026 12:00:00 +0100\r\nMIME-Version: 1.0\r\n"
             "Content-Type: multipart/mixed; boundary=\"=-outer\"\r\n\r\n--=-outer\r\n"
             "Content-Type: multipart/alternative; boundary=\"=-inner\"\r\n\r\n--=-inner\r\n"
             "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
             "quoted-printable\r\n\r\n",
             (unsigned long long)i, (unsigned long long)i);
    for (int k = 0; k < 20; k++)
        buf_adds(out, "Gr=C3=BC=C3=9Fe, the figures of this week are in the file.\r\n");
    buf_adds(out, "--=-inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>");
    for (int k = 0; k < 60; k++)
        buf_adds(out, "<p style=\"margin: 0\">The <b>figures</b> of this week &amp; more</p>\r\n");
    buf_adds(out, "</body></html>\r\n--=-inner--\r\n--=-outer\r\nContent-Type: application/pdf; "
                  "name=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    for (int k = 0; k < 150; k++)
        buf_adds(out, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5\r\n");
    buf_adds(out, "--=-outer--\r\n");
}

static void text(struct buf *out, uint64_t i)
{
    static const struct corpus corpus = { .seed = KINDS_SEED, .n = 100000 };
    struct corpus_mail m;
    corpus_mail_init(&m);
    corpus_mail(&corpus, i, &m);
    buf_add_str(out, buf_str(&m.raw));
    corpus_mail_free(&m);
}

static void take(struct decode *d)
{
    struct error err;
    struct mime_summary s;
    struct arena *a = arena_new(4096);
    uint64_t tag;
    if (decode_take(d, a, -1, &tag, &s, &err) < 0)
        die(&err);
    arena_free(&a);
}

/* Of the children that have ended: microseconds of the processor. */
static double children_used(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void lap(const char *worker, const struct buf *mail, size_t kinds, size_t n, struct laps *l)
{
    struct error err;
    double before = children_used();
    struct decode *d = decode_new(worker, NULL, &err);
    size_t taken = 0;
    if (d == NULL)
        die(&err);
    for (size_t i = 0; i < n; i++) {
        if (i - taken == DECODE_AHEAD_MAX) {
            take(d);
            taken++;
        }
        if (decode_begin(d, i, STR(""), &err) != 0 ||
            decode_feed(d, i, buf_str(&mail[i % kinds]), true, &err) != 0)
            die(&err);
    }
    for (; taken < n; taken++)
        take(d);
    decode_free(&d);
    lap_add(l, (double)n / (children_used() - before) * 1e6);
}

static void speed(const char *worker, const char *name, void (*make)(struct buf *, uint64_t),
                  size_t n)
{
    enum { DIFFERENT = 200 };
    static struct buf mail[DIFFERENT];
    struct laps laps = { .n = 0 };
    size_t bytes = 0;
    for (size_t i = 0; i < DIFFERENT; i++) {
        buf_init(&mail[i], 1 << 20);
        make(&mail[i], i);
        bytes += mail[i].len;
    }
    for (int i = 0; i < LAPS; i++)
        lap(worker, mail, DIFFERENT, n, &laps);
    printf("summary_%s size %.2f kB\n", name, (double)bytes / DIFFERENT / 1000);
    char *metric = xasprintf("summary_%s", name);
    lap_print(metric, "rate", &laps, "/s");
    free(metric);
    for (size_t i = 0; i < DIFFERENT; i++)
        buf_free(&mail[i]);
}

struct large {
    const char *name, *head, *again;
};

/* In a process of its own, so that the peak is of this decoder alone. */
static void peak(const char *worker, const struct large *l)
{
    struct error err;
    struct rusage u;
    struct buf piece = BUF_INIT(2 * PIECE);
    fflush(stdout);
    if (fork() != 0) {
        wait(NULL);
        return;
    }
    struct decode *d = decode_new(worker, NULL, &err);
    while (piece.len < PIECE)
        buf_adds(&piece, l->again);
    double began = lap_now();
    if (d == NULL || decode_begin(d, 0, STR(""), &err) != 0 ||
        decode_feed(d, 0, str_c(l->head), false, &err) != 0)
        die(&err);
    for (size_t done = 0; done < LARGE; done += piece.len)
        if (decode_feed(d, 0, buf_str(&piece), done + piece.len >= LARGE, &err) != 0)
            die(&err);
    take(d);
    decode_free(&d);
    getrusage(RUSAGE_CHILDREN, &u);
    printf("summary_large_%s peak %.2f MB\nsummary_large_%s time %.2f ms\n", l->name,
           (double)u.ru_maxrss * 1024 / 1e6, l->name, lap_now() - began);
    buf_free(&piece);
    fflush(stdout);
    _exit(0);
}

int main(int argc, char **argv)
{
    static const struct large kinds[] = {
        { "file", "Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n",
          "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5\r\n" },
        { "text", "Subject: x\r\n\r\n", "The figures of this week are in the file.\r\n" },
        { "line", "Subject: x\r\n\r\n", "no end of it " },
        { "header", "Subject: ", "=?utf-8?Q?no_end_of_it?=\r\n " },
        { "uuencode", "Subject: x\r\n\r\nbegin 644 x\r\n",
          "M86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A86%A\r\n" },
        { "parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
          "--b\r\nContent-Type: text/html\r\n\r\n<p>x\r\n" },
    };
    size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : MESSAGES;
    if (argc < 2)
        return 64;
    speed(argv[1], "text", text, n);
    speed(argv[1], "mixed", mixed, n);
    for (size_t i = 0; i < COUNT(kinds); i++)
        peak(argv[1], &kinds[i]);
    return 0;
}
