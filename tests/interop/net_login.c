/* SPDX-License-Identifier: MIT */
/* net_login - connects, logs in and goes: net_login KEY=VALUE...
 * proto (imap, pop3, smtp), host, port, tls (direct, starttls, loopback, none), ca, user, secret,
 * kind (password, token, external, kerberos), mech, pin, cert, key, proxy, tunnel, wait.
 * Says "ok", or "CODE/RETRY words" with the numbers of error.h; logs at debug level to standard
 * error. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/imap.h"
#include "net/pop3.h"
#include "net/smtp.h"
#include "base/banned.h"

static const char *value(char **argv, const char *key)
{
    size_t n = strlen(key);
    for (size_t i = 1; argv[i] != NULL; i++)
        if (strncmp(argv[i], key, n) == 0 && argv[i][n] == '=')
            return argv[i] + n + 1;
    return NULL;
}

static unsigned which(const char *word, const char *const *words)
{
    for (unsigned i = 0; words[i] != NULL; i++)
        if (word != NULL && strcmp(word, words[i]) == 0)
            return i;
    return 0;
}

static struct endpoint endpoint_of(char **argv)
{
    static const char *const protos[] = { "imap", "pop3", "smtp", NULL };
    static const char *const ways[] = { "direct", "starttls", "none", "loopback", NULL };
    unsigned way = which(value(argv, "tls"), ways);
    const char *host = value(argv, "host");
    return (struct endpoint){ .proto = (enum net_proto)which(value(argv, "proto"), protos),
                              .host = host != NULL ? host : "127.0.0.1",
                              .port = (uint16_t)strtoul(value(argv, "port"), NULL, 10),
                              .tls = way == 3 ? TLS_STARTTLS : (enum net_tls)way,
                              .loopback_plain = way == 3,
                              .ca_file = value(argv, "ca"),
                              .pin = value(argv, "pin"),
                              .cert_file = value(argv, "cert"),
                              .key_file = value(argv, "key"),
                              .proxy = value(argv, "proxy"),
                              .tunnel = value(argv, "tunnel") };
}

static bool log_in(struct endpoint ep, const struct net_login *login, int wait_ms, struct log *log,
                   struct error *err)
{
    struct imap *imap = NULL;
    struct pop3 *pop3 = NULL;
    struct smtp *smtp = NULL;
    struct error bye;
    if (ep.proto == NET_IMAP)
        imap = imap_open(&(struct imap_options){ .endpoint = ep,
                                                 .login = login,
                                                 .log = log,
                                                 .connect_ms = wait_ms,
                                                 .wait_ms = wait_ms },
                         err);
    else if (ep.proto == NET_POP3)
        pop3 = pop3_open(&(struct pop3_options){ .endpoint = ep,
                                                 .login = login,
                                                 .log = log,
                                                 .connect_ms = wait_ms,
                                                 .wait_ms = wait_ms },
                         err);
    else
        smtp = smtp_open(&(struct smtp_options){ .endpoint = ep,
                                                 .login = login,
                                                 .log = log,
                                                 .connect_ms = wait_ms,
                                                 .wait_ms = wait_ms },
                         err);
    bool ok = imap != NULL || pop3 != NULL || smtp != NULL;
    imap_close(&imap);
    smtp_close(&smtp);
    if (pop3 != NULL && pop3_quit(&pop3, &bye) < 0)
        printf("QUIT: %s\n", bye.text);
    return ok;
}

int main(int argc, char **argv)
{
    static const char *const kinds[] = { "password", "token", "external", "kerberos", NULL };
    struct error err = { 0 };
    const char *user = value(argv, "user");
    uint64_t wait_ms = 20000;
    struct str wait = str_c(value(argv, "wait"));
    struct net_login login = { .user = user != NULL ? user : "jane",
                               .secret = str_c(value(argv, "secret")),
                               .kind = (enum net_login_kind)which(value(argv, "kind"), kinds),
                               .mechanism = value(argv, "mech") };
    (void)argc;
    (void)str_u64(&wait, &wait_ms);
    if (net_init(&err) < 0)
        return 1;
    struct log *log = log_open_fd(STDERR_FILENO, "net_login", LOG_DEBUG);
    if (log_in(endpoint_of(argv), &login, (int)wait_ms, log, &err))
        printf("ok\n");
    else
        printf("%d/%d %s\n", (int)err.code, (int)err.retry, err.text);
    log_close(&log);
    net_cleanup();
    return 0;
}
