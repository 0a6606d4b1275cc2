/* SPDX-License-Identifier: MIT */
/* send TMAIL TMAILD [RUNS]: script send as a whole process, start to exit, of a mail of 1 kB to a
 * tmaild on the loopback; and, where they are installed, msmtp and s-nail through the same server.
 * All take turns. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "bench/lap.h"
#include "base/banned.h"

enum { PORTS_MS = 10000, BODY = 1024 };

struct bench {
    char *root, *profile;
    uint64_t smtp, imap;
    pid_t server;
    int body;
    struct buf raw; /* the mail with its header, for programs that want it */
};

struct peer {
    const char *name;
    char *argv[12];
    bool raw;
    struct laps laps;
};

static int read_ports(struct bench *b, const char *path, struct error *err)
{
    int64_t end = clock_mono_ms() + PORTS_MS;
    while (access(path, R_OK) != 0) {
        if (clock_left_ms(end) == 0)
            return error_set(err, ERR_SYS, RETRY_NEVER, "tmaild told no ports");
        usleep(2000);
    }
    struct buf text = BUF_INIT(4096);
    int rc = file_read(path, &text, err);
    struct str in = buf_str(&text), line;
    while (rc == 0 && str_line(&in, &line)) {
        if (str_lit(&line, "smtp ") == 0 && str_u64(&line, &b->smtp) < 0)
            rc = -1;
        else if (str_lit(&line, "imap ") == 0 && str_u64(&line, &b->imap) < 0)
            rc = -1;
    }
    buf_free(&text);
    return rc;
}

static int server_start(struct bench *b, char *tmaild, struct error *err)
{
    char *mail = xasprintf("%s/server", b->root), *ports = xasprintf("%s/ports", b->root);
    char *argv[] = { tmaild,         "--root",       mail,     "--domain", "example.org", "--user",
                     "jane:secret",  "--accept-any", "--smtp", "0",        "--imap",      "0",
                     "--submission", "none",         "--pop3", "none",     "--tls-cert",  "none",
                     "--port-file",  ports,          NULL };
    struct child_io io = { .in = -1, .out = -1, .err = -1, .session = true };
    b->server = child_start(argv, &io, err);
    int rc = b->server < 0 ? -1 : read_ports(b, ports, err);
    free(mail);
    free(ports);
    return rc;
}

static int profile_write(struct bench *b, struct error *err)
{
    b->profile = xasprintf("%s/profile", b->root);
    char *path = xasprintf("%s/tmailrc", b->profile);
    char *text = xasprintf("[account bench]\naddress = \"Jane Roe <jane@example.org>\"\n"
                           "receive = \"imap://jane@127.0.0.1:%u\"\n"
                           "send = \"smtp://127.0.0.1:%u\"\npassword = \"secret\"\n",
                           (unsigned)b->imap, (unsigned)b->smtp);
    int rc = file_mkdirs(b->profile, err);
    if (rc == 0)
        rc = file_replace(path, str_c(text), 0600, err);
    free(text);
    free(path);
    return rc;
}

/* The text in a file that each run reads from its start. */
static int body_write(struct bench *b, struct error *err)
{
    char *path = xasprintf("%s/body", b->root);
    buf_init(&b->raw, 1 << 16);
    for (int i = 0; i < BODY / 32; i++)
        buf_adds(&b->raw, "thirty-one characters in a row.\n");
    int rc = file_replace(path, buf_str(&b->raw), 0600, err);
    b->body = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    struct buf head = BUF_INIT(1 << 16);
    buf_adds(&head, "From: jane@example.org\nTo: joe@example.org\nSubject: test\n\n");
    buf_add_str(&head, buf_str(&b->raw));
    buf_free(&b->raw);
    b->raw = head;
    return rc;
}

/* Wall time of the whole process; -1 when it failed. */
static double run(struct bench *b, struct peer *p)
{
    struct error err;
    int in = b->body, fds[2] = { -1, -1 };
    if (p->raw) {
        if (file_pipe(fds, &err) < 0 || file_write_fd(fds[1], buf_str(&b->raw), "pipe", &err) < 0)
            return -1;
        close(fds[1]);
        in = fds[0];
    } else
        lseek(in, 0, SEEK_SET);
    struct child_io io = { .in = in, .out = -1, .err = STDERR_FILENO };
    double start = lap_now();
    pid_t pid = child_start(p->argv, &io, &err);
    int code = pid < 0 ? -1 : child_wait(pid);
    double took = lap_now() - start;
    if (p->raw)
        close(in);
    return code == 0 ? took : -1;
}

static bool installed(const char *name)
{
    static const char *const folders[] = { "/usr/bin", "/usr/local/bin", "/bin" };
    bool found = name[0] == '/' || name[0] == '.';
    for (size_t i = 0; i < COUNT(folders) && !found; i++) {
        char *path = xasprintf("%s/%s", folders[i], name);
        found = access(path, X_OK) == 0;
        free(path);
    }
    return found;
}

static int measure(struct bench *b, char *tmail, size_t runs)
{
    char *port = xasprintf("--port=%u", (unsigned)b->smtp);
    char *mta = xasprintf("mta=smtp://127.0.0.1:%u", (unsigned)b->smtp);
    struct peer peers[] = {
        { .name = "send_tmail",
          .argv = { tmail, "--profile", b->profile, "-s", "test", "joe@example.org" } },
        { .name = "send_msmtp",
          .raw = true,
          .argv = { "msmtp", "--file=/dev/null", "--host=127.0.0.1", port,
                    "--from=jane@example.org", "--", "joe@example.org" } },
        { .name = "send_s-nail",
          .argv = { "s-nail", "-:/", "-Sv15-compat", "-S", mta, "-r", "jane@example.org", "-s",
                    "test", "joe@example.org" } },
    };
    int rc = 0;
    for (size_t i = 0; i <= runs; i++)
        for (size_t k = 0; k < COUNT(peers); k++) {
            if (!installed(peers[k].argv[0]))
                continue;
            double took = run(b, &peers[k]);
            if (took < 0) {
                fprintf(stderr, "send: %s failed\n", peers[k].name);
                rc = -1;
                continue;
            }
            if (i > 0)
                lap_add(&peers[k].laps, took);
            else
                printf("%s first_process %.2f ms\n", peers[k].name, took);
        }
    for (size_t k = 0; k < COUNT(peers); k++)
        lap_print(peers[k].name, "whole_process", &peers[k].laps, "ms");
    free(port);
    free(mta);
    return rc;
}

int main(int argc, char **argv)
{
    struct bench b = { .server = -1, .body = -1 };
    struct error err = { 0 };
    uint64_t runs = 0;
    struct str count = str_c(argc > 3 ? argv[3] : "31");
    if (argc < 3 || str_u64(&count, &runs) < 0 || runs == 0 || runs > LAPS_MAX) {
        fprintf(stderr, "usage: send TMAIL TMAILD [RUNS]\n");
        return 64;
    }
    b.root = file_temp_dir("tmail-bench-", &err);
    if (b.root != NULL) /* the engine's socket lives and goes with the rest */
        setenv("XDG_RUNTIME_DIR", b.root, 1);
    int rc = b.root == NULL ? -1 : server_start(&b, argv[2], &err);
    if (rc == 0)
        rc = profile_write(&b, &err);
    if (rc == 0)
        rc = body_write(&b, &err);
    if (rc < 0)
        fprintf(stderr, "send: %s\n", err.text);
    else
        rc = measure(&b, argv[1], (size_t)runs);
    if (b.server > 0) {
        kill(b.server, SIGTERM);
        child_wait(b.server);
    }
    if (b.body >= 0)
        close(b.body);
    if (b.root != NULL)
        file_remove_tree(b.root);
    buf_free(&b.raw);
    free(b.profile);
    free(b.root);
    return rc < 0 ? 1 : 0;
}
