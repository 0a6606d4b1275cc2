/* SPDX-License-Identifier: MIT */
/* net_smtp - sends one message from standard input: net_smtp TLS HOST PORT CA PASSWORD FROM TO...
 * TLS is direct, starttls, loopback or none; CA may be "-"; an empty PASSWORD: no login.
 * Says "OUTCOME ENCRYPTED ERROR-CODE words". */
#include <stdio.h>
#include <stdlib.h>

#include "net/smtp.h"
#include "base/banned.h"

enum { MESSAGE_MAX = 64 << 20, RCPTS_MAX = 1000 };

static int body_read(void *arg, uint64_t offset, size_t want, struct buf *out, struct error *err)
{
    const struct buf *message = arg;
    (void)err;
    buf_add_str(out, str_head(str_skip(buf_str(message), (size_t)offset), want));
    return 0;
}

static void read_all(struct buf *message)
{
    char bytes[65536];
    size_t n;
    while ((n = fread(bytes, 1, sizeof bytes, stdin)) > 0)
        buf_add(message, bytes, n);
}

static struct smtp *connect_to(char **argv, struct error *err)
{
    struct net_login login = { .user = "jane", .secret = str_c(argv[5]) };
    struct str tls = str_c(argv[1]);
    struct smtp_options o = {
        .endpoint = { .proto = NET_SMTP,
                      .host = argv[2],
                      .port = (uint16_t)strtoul(argv[3], NULL, 10),
                      .tls = str_eqc(tls, "direct") ? TLS_DIRECT
                             : str_eqc(tls, "none") ? TLS_NONE
                                                    : TLS_STARTTLS,
                      .loopback_plain = str_eqc(tls, "loopback"),
                      .ca_file = str_eqc(str_c(argv[4]), "-") ? NULL : argv[4],
                      .ehlo_name = "client.example" },
        .login = argv[5][0] != '\0' ? &login : NULL,
        .connect_ms = 20000,
        .wait_ms = 20000,
    };
    return smtp_open(&o, err);
}

int main(int argc, char **argv)
{
    struct buf message = BUF_INIT(MESSAGE_MAX);
    struct error err = { 0 };
    if (argc < 8 || argc - 7 > RCPTS_MAX)
        return 64;
    if (net_init(&err) < 0)
        return 70;
    struct smtp_rcpt *rcpts = xcalloc((size_t)argc, sizeof *rcpts);
    struct smtp_envelope env = {
        .sender = argv[6], .rcpts = rcpts, .rcpts_n = (size_t)argc - 7, .eight_bit = true
    };
    struct smtp_body body = { .read = body_read, .arg = &message };
    enum smtp_outcome outcome = SMTP_UNSENT;
    read_all(&message);
    env.size = message.len;
    for (int k = 7; k < argc; k++)
        rcpts[k - 7].address = argv[k];
    struct smtp *s = connect_to(argv, &err);
    bool secure = s != NULL && smtp_secure(s);
    if (s != NULL)
        outcome = smtp_send(s, &env, &body, &err);
    printf("%d %d %d %s\n", (int)outcome, secure, (int)err.code, err.text);
    smtp_close(&s);
    free(rcpts);
    buf_free(&message);
    net_cleanup();
    return 0;
}
