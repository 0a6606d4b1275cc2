/* SPDX-License-Identifier: MIT */
/* relay_once - one attempt of tmaild's relay or of its agent, without a queue:
 *   relay_once NAME DNS MX-PORT relay DESTINATION SENDER COPIES RECIPIENT...
 *   relay_once NAME DNS MX-PORT host:HOST:PORT DESTINATION ...     (--relay)
 *   relay_once NAME DNS MX-PORT agent:WHAT - SENDER COPIES ACCOUNT...
 * NAME is what it calls itself; the message is standard input, COPIES of it are sent, each to all
 * recipients. Says for each "COPY RECIPIENT FATE CODE ENHANCED HOST DSN text", then "peak KILOBYTES".
 * NOTIFY, ORCPT, ENVID, RET, EIGHT and UTF8 of the environment go into each. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/dns.h"
#include "server/agent.h"
#include "base/banned.h"

enum { RCPTS_MAX = 2000 };

static int message_read(void *arg, uint64_t at, size_t want, struct buf *out, struct error *err)
{
    char *room = buf_room(out, want);
    ssize_t n = room != NULL ? pread(*(int *)arg, room, want, (off_t)at) : -1;
    if (n < 0)
        return error_sys(err, "cannot read the message");
    buf_grown(out, (size_t)n);
    return 0;
}

static unsigned number(const char *name)
{
    const char *value = getenv(name);
    return value != NULL ? (unsigned)strtoul(value, NULL, 10) : 0;
}

static void fill(struct relay_mail *m, char **argv, int n, uint64_t size, int *fd)
{
    *m = (struct relay_mail){ .id = "test",
                              .sender = argv[6],
                              .envid = getenv("ENVID"),
                              .ret = number("RET"),
                              .rcpts = xcalloc((size_t)n, sizeof *m->rcpts),
                              .n = (size_t)n,
                              .size = size,
                              .eight_bit = number("EIGHT") != 0,
                              .utf8 = number("UTF8") != 0,
                              .read = message_read,
                              .arg = fd };
    for (int i = 0; i < n; i++)
        m->rcpts[i] = (struct relay_rcpt){ .address = argv[8 + i],
                                           .account = argv[8 + i],
                                           .orcpt = getenv("ORCPT"),
                                           .notify = number("NOTIFY") };
}

static int send_all(char **argv, struct relay_mail *mails, size_t n, struct error *err)
{
    struct log *log = log_open_fd(STDERR_FILENO, "relay_once", LOG_INFO);
    struct server_options o = { .host = argv[1],
                                .dns = argv[2][0] != '-' ? argv[2] : NULL,
                                .mx_port = (int)strtoul(argv[3], NULL, 10),
                                .relay_login = { getenv("LOGIN_NAME"), getenv("LOGIN_PASSWORD") },
                                .relay_ca = getenv("RELAY_CA"),
                                .trace = true };
    options_limits_default(&o.limits);
    o.limits.dns_s = 2;
    o.limits.connect_s = 5;
    o.limits.reply_s = number("REPLY_S") > 0 ? number("REPLY_S") : 20;
    struct str how = str_c(argv[4]);
    int rc = -1;
    if (str_lit(&how, "agent:") == 0) {
        o.agent = (char *)how.p;
        struct agent *a = agent_new(&o, log, NULL, err);
        rc = a != NULL ? agent_deliver(a, mails, n, err) : -1;
        agent_free(&a);
    } else {
        o.relay = str_lit(&how, "host:") == 0 ? (char *)how.p : NULL;
        struct relay *r = relay_new(&o, log, NULL, err);
        rc = r != NULL ? relay_send(r, argv[5], mails, n, err) : -1;
        relay_free(&r);
    }
    log_close(&log);
    return rc;
}

static void say(size_t copy, const struct relay_rcpt *r)
{
    static const char *const fates[] = { "later", "sent", "refused" };
    printf("%zu %s %s %u %s %s %d %s\n", copy, r->address, fates[r->fate], r->code, r->enhanced,
           r->host[0] != '\0' ? r->host : "-", r->peer_has_dsn, r->text);
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    int fd = STDIN_FILENO;
    struct stat st;
    if (argc < 9 || argc - 8 > RCPTS_MAX || fstat(fd, &st) != 0)
        return 64;
    signal(SIGPIPE, SIG_IGN);
    if (net_init(&err) < 0 || dns_init(&err) < 0)
        return 70;
    size_t n = strtoul(argv[7], NULL, 10);
    struct relay_mail *mails = xcalloc(n, sizeof *mails);
    for (size_t i = 0; i < n; i++)
        fill(&mails[i], argv, argc - 8, (uint64_t)st.st_size, &fd);
    int rc = send_all(argv, mails, n, &err);
    if (rc != 0)
        printf("error %d %s\n", (int)err.code, err.text);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < mails[i].n; k++)
            say(i, &mails[i].rcpts[k]);
        free(mails[i].rcpts);
    }
    free(mails);
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) == 0)
        printf("peak %ld\n", used.ru_maxrss);
    dns_cleanup();
    net_cleanup();
    return 0;
}
