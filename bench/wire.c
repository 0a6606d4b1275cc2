/* SPDX-License-Identifier: MIT */
/* wire imaps|pop3s PORT [N]: the bare wire, what no client can beat: one TLS connection to a server
 * on the loopback (user jane, password pw), everything that can be sent together in one write,
 * bytes read 256 kB at a time and thrown away. imaps fetches the whole INBOX, pop3s messages 1 to
 * N with 500 RETR under way. Prints milliseconds and bytes. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "bench/lap.h"
#include "base/banned.h"

enum { READ_MAX = 256 << 10, AHEAD = 500, COMMANDS_MAX = 64 << 10 };

struct wire {
    SSL *tls;
    struct buf in;
    unsigned long long bytes;
};

static void die(const char *why)
{
    fprintf(stderr, "wire: %s\n", why);
    exit(1);
}

static int tcp_connect(unsigned port)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        die("cannot connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void wire_open(struct wire *w, unsigned port)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_default_read_buffer_len(ctx, READ_MAX);
    w->tls = SSL_new(ctx);
    SSL_CTX_free(ctx);
    buf_init(&w->in, READ_MAX);
    if (SSL_set_fd(w->tls, tcp_connect(port)) != 1 || SSL_connect(w->tls) != 1)
        die("no TLS");
}

static void wire_send(struct wire *w, struct str s)
{
    if (SSL_write(w->tls, s.p, (int)s.n) != (int)s.n)
        die("cannot send");
}

/* More bytes behind those that are kept. */
static void wire_read(struct wire *w)
{
    int room = (int)(READ_MAX - w->in.len);
    char *to = room > 0 ? buf_room(&w->in, (size_t)room) : NULL;
    int n = to == NULL ? 0 : SSL_read(w->tls, to, room);
    if (n <= 0)
        die("the server closed");
    buf_grown(&w->in, (size_t)n);
    w->bytes += (unsigned)n;
}

/* One line without its end; borrowed until the next read. */
static struct str wire_line(struct wire *w, size_t *took)
{
    size_t end;
    while ((end = str_find(buf_str(&w->in), '\n')) == w->in.len)
        wire_read(w);
    *took = end + 1;
    return str_head(buf_str(&w->in), end);
}

/* A number of bytes is passed over. */
static void wire_skip(struct wire *w, uint64_t n)
{
    while (n > 0) {
        size_t part = n < w->in.len ? (size_t)n : w->in.len;
        buf_consume(&w->in, part);
        n -= part;
        if (n > 0)
            wire_read(w);
    }
}

/* Size of the literal that the line announces; false: none. */
static bool literal_of(struct str line, uint64_t *size)
{
    size_t n = line.n;
    if (n > 0 && line.p[n - 1] == '\r')
        n--;
    if (n < 3 || line.p[n - 1] != '}')
        return false;
    while (n > 0 && line.p[n - 1] != '{')
        n--;
    struct str digits = str_skip(line, n);
    return str_u64(&digits, size) == 0;
}

static void run_imap(struct wire *w)
{
    wire_send(w, STR("a LOGIN jane pw\r\nb SELECT INBOX\r\n"
                     "c UID FETCH 1:* (UID FLAGS BODY.PEEK[])\r\n"));
    for (;;) {
        size_t took;
        uint64_t size = 0;
        struct str line = wire_line(w, &took);
        bool literal = literal_of(line, &size), done = str_starts(line, "c ");
        if (str_starts(line, "a NO") || str_starts(line, "b NO") || str_starts(line, "c NO"))
            die("refused");
        buf_consume(&w->in, took);
        if (done)
            return;
        if (literal)
            wire_skip(w, size);
    }
}

static void retr(struct wire *w, unsigned from, unsigned to)
{
    struct buf cmd = BUF_INIT(COMMANDS_MAX);
    for (unsigned i = from; i < to; i++)
        buf_addf(&cmd, "RETR %u\r\n", i);
    if (cmd.len > 0)
        wire_send(w, buf_str(&cmd));
    buf_free(&cmd);
}

/* Passes one answer of several lines: up to the line that is a dot alone (RFC 1939 §3). */
static void answer_skip(struct wire *w)
{
    size_t took;
    struct str line = wire_line(w, &took);
    if (!str_starts(line, "+OK"))
        die("refused");
    took--; /* its line end may begin the final dot's line */
    for (;;) {
        buf_consume(&w->in, took);
        size_t n = str_search(buf_str(&w->in), STR("\n.\r\n"));
        if (n < w->in.len) {
            buf_consume(&w->in, n + 4);
            return;
        }
        took = w->in.len > 3 ? w->in.len - 3 : 0;
        buf_consume(&w->in, took);
        took = 0;
        wire_read(w);
    }
}

static void run_pop(struct wire *w, unsigned n)
{
    size_t took;
    (void)wire_line(w, &took);
    buf_consume(&w->in, took);
    wire_send(w, STR("USER jane\r\nPASS pw\r\nSTAT\r\n"));
    for (int i = 0; i < 3; i++) {
        if (!str_starts(wire_line(w, &took), "+OK"))
            die("refused");
        buf_consume(&w->in, took);
    }
    unsigned asked = n < AHEAD ? n : AHEAD;
    retr(w, 1, asked + 1);
    for (unsigned i = 1; i <= n; i++) {
        answer_skip(w);
        /* Asked again in bunches, so that a command costs no record of its own. */
        if (asked < n && asked - i <= AHEAD - AHEAD / 10) {
            unsigned to = i + AHEAD < n ? i + AHEAD : n;
            retr(w, asked + 1, to + 1);
            asked = to;
        }
    }
}

int main(int argc, char **argv)
{
    struct wire w = { 0 };
    struct str port = str_c(argc > 2 ? argv[2] : ""), n = str_c(argc > 3 ? argv[3] : "0");
    uint32_t port_n, n_n;
    if (argc < 3 || str_u32(&port, &port_n) < 0 || str_u32(&n, &n_n) < 0) {
        fprintf(stderr, "usage: wire imaps|pop3s PORT [N]\n");
        return 64;
    }
    double start = lap_now();
    wire_open(&w, port_n);
    if (str_eqc(str_c(argv[1]), "imaps"))
        run_imap(&w);
    else
        run_pop(&w, n_n);
    printf("%.1f %llu\n", lap_now() - start, w.bytes);
    SSL_free(w.tls);
    buf_free(&w.in);
    return 0;
}
