/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "server/agent_in.h"
#include "server/limits.h"
#include "wire/smtp_cmd.h"
#include "base/banned.h"

enum { COMMAND_ENV = 8, MS = 1000 };

/* A run of the command: message in, the first words of what it says out. */
struct run {
    struct agent *agent;
    struct agent_text text;
    struct buf piece, said;
    int in, out; /* our ends; -1 when closed */
    int64_t deadline;
    bool read_failed;
};

/* sysexits(3). What nobody knows is tried again. */
static enum relay_fate exit_fate(int code, const char **enhanced)
{
    static const struct {
        int code;
        enum relay_fate fate;
        const char *enhanced;
    } known[] = {
        { EX_OK, RELAY_SENT, "2.0.0" },
        { EX_USAGE, RELAY_REFUSED, "5.3.5" },
        { EX_DATAERR, RELAY_REFUSED, "5.6.0" },
        { EX_NOINPUT, RELAY_REFUSED, "5.3.0" },
        { EX_NOUSER, RELAY_REFUSED, "5.1.1" },
        { EX_NOHOST, RELAY_REFUSED, "5.1.2" },
        { EX_UNAVAILABLE, RELAY_REFUSED, "5.3.0" },
        { EX_SOFTWARE, RELAY_REFUSED, "5.3.0" },
        { EX_OSERR, RELAY_LATER, "4.3.0" },
        { EX_OSFILE, RELAY_REFUSED, "5.3.5" },
        { EX_CANTCREAT, RELAY_REFUSED, "5.2.0" },
        { EX_IOERR, RELAY_LATER, "4.3.0" },
        { EX_TEMPFAIL, RELAY_LATER, "4.3.0" },
        { EX_PROTOCOL, RELAY_REFUSED, "5.5.0" },
        { EX_NOPERM, RELAY_REFUSED, "5.7.0" },
        { EX_CONFIG, RELAY_LATER, "4.3.5" },
    };
    for (size_t i = 0; i < COUNT(known); i++)
        if (known[i].code == code) {
            *enhanced = known[i].enhanced;
            return known[i].fate;
        }
    *enhanced = "4.3.0";
    return RELAY_LATER;
}

static void env_add(struct arena *a, char **env, size_t *n, const char *name, const char *value)
{
    struct buf b = BUF_INIT(8192);
    if (value == NULL)
        return;
    buf_addf(&b, "%s=%s", name, value);
    if (!b.over)
        env[(*n)++] = (char *)arena_str(a, buf_str(&b)).p;
    buf_free(&b);
}

/* Addresses that no SMTP session takes (they may come from elsewhere) are kept out as well. */
static int environment(struct arena *arena, const struct relay_mail *m, const struct relay_rcpt *r,
                       char **env, struct error *err)
{
    size_t n = 0;
    bool null_sender = m->sender[0] == '\0';
    if ((!null_sender && !wire_smtp_addr_ok(str_c(m->sender), true)) ||
        !str_is_line(str_c(r->address)) || !str_is_line(str_c(r->account)))
        return error_set(err, ERR_ADDRESS, RETRY_NEVER,
                         _("an address of the message cannot be told to a command"));
    env_add(arena, env, &n, "PATH", getenv("PATH"));
    env_add(arena, env, &n, "LANG", getenv("LANG"));
    env_add(arena, env, &n, "TZ", getenv("TZ"));
    env_add(arena, env, &n, "SENDER", m->sender);
    env_add(arena, env, &n, "RECIPIENT", r->address);
    env_add(arena, env, &n, "ACCOUNT", r->account);
    env[n] = NULL;
    return 0;
}

static int arguments(struct agent *a, struct arena *arena, const char *account, char **argv,
                     struct error *err)
{
    struct buf word = BUF_INIT(8192);
    int rc = 0;
    size_t n = 0;
    for (; a->argv[n] != NULL && rc == 0; n++) {
        buf_clear(&word);
        rc = agent_fill(a->argv[n], account, &word, err);
        argv[n] = (char *)arena_str(arena, buf_str(&word)).p;
    }
    argv[n] = NULL;
    buf_free(&word);
    return rc;
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* One write of what is there; a command that does not want it all is done reading. */
static int feed(struct run *r, struct error *err)
{
    if (r->piece.len == 0 && agent_text_read(&r->text, &r->piece, err) < 0) {
        r->read_failed = true;
        return -1;
    }
    if (r->piece.len == 0) {
        shut(&r->in);
        return 0;
    }
    ssize_t n = write(r->in, r->piece.data, r->piece.len);
    if (n >= 0)
        buf_consume(&r->piece, (size_t)n);
    else if (errno != EAGAIN && errno != EINTR)
        shut(&r->in);
    return 0;
}

/* Keeps the first words, reads the rest away. */
static void hear(struct run *r)
{
    char chunk[4096];
    ssize_t n = read(r->out, chunk, sizeof chunk);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        shut(&r->out);
    size_t room = AGENT_SAID_MAX - r->said.len;
    if (n > 0)
        buf_add(&r->said, chunk, (size_t)n < room ? (size_t)n : room);
}

/* Until the command has closed its output. -1: time, cancel, or our own message cannot be read. */
static int pump(struct run *r, struct error *err)
{
    while (r->out >= 0) {
        struct pollfd fds[3] = { { r->out, POLLIN, 0 },
                                 { r->in, POLLOUT, 0 },
                                 { net_cancel_fd(r->agent->cancel), POLLIN, 0 } };
        int n = poll(fds, COUNT(fds), clock_left_ms(r->deadline));
        if (net_cancel_is_set(r->agent->cancel))
            return error_set(err, ERR_CANCELLED, RETRY_LATER, _("stopped"));
        if (n == 0)
            return error_set(err, ERR_LIMIT, RETRY_LATER, _("the command took too long"));
        if (fds[1].revents != 0 && feed(r, err) < 0)
            return -1;
        if (fds[0].revents != 0)
            hear(r);
    }
    return 0;
}

static int run_start(struct run *r, char *const argv[], char *const env[], pid_t *pid,
                     struct error *err)
{
    int in[2], out[2];
    if (file_pipe(in, err) != 0)
        return -1;
    if (file_pipe(out, err) != 0) {
        close(in[0]);
        close(in[1]);
        return -1;
    }
    struct child_io io = { .in = in[0], .out = out[1], .err = out[1], .session = true, .env = env };
    *pid = child_start(argv, &io, err);
    close(in[0]);
    close(out[1]);
    r->in = in[1];
    r->out = out[0];
    fcntl(r->in, F_SETFL, O_NONBLOCK);
    fcntl(r->out, F_SETFL, O_NONBLOCK);
    return *pid < 0 ? -1 : 0;
}

/* The exit code, or -1 with *err. */
static int run(struct run *r, char *const argv[], char *const env[], struct error *err)
{
    pid_t pid = -1;
    int code = -1;
    if (run_start(r, argv, env, &pid, err) == 0) {
        int rc = pump(r, err);
        shut(&r->in);
        /* Output closed, but still there: it gets the time that is left. */
        bool late = rc == 0 && child_wait_ms(pid, clock_left_ms(r->deadline), &code) != 0;
        if (late)
            rc = error_set(err, ERR_LIMIT, RETRY_LATER, _("the command took too long"));
        if (rc != 0) {
            kill(-pid, SIGKILL); /* with all that it started */
            child_wait(pid);
        }
        code = rc == 0 ? code : -1;
    }
    shut(&r->in);
    shut(&r->out);
    return code;
}

static void tell(const struct run *run, int code, struct relay_rcpt *r)
{
    char text[NET_WORDS_MAX];
    const char *enhanced;
    enum relay_fate fate = exit_fate(code, &enhanced);
    net_words(text, sizeof text, buf_str(&run->said));
    if (text[0] == '\0')
        snprintf(text, sizeof text, _("the command ended with exit code %d"), code);
    relay_result(r, fate, 0, enhanced, NULL, text);
}

int agent_command(struct agent *a, const struct relay_mail *m, struct relay_rcpt *r,
                  struct error *err)
{
    char *argv[CHILD_WORDS_MAX + 1], *env[COMMAND_ENV + 1];
    struct arena *arena = arena_new(1024);
    struct run run_ = { .agent = a,
                        .text = { .mail = m },
                        .piece = BUF_INIT(3 * AGENT_PIECE),
                        .said = BUF_INIT(AGENT_SAID_MAX),
                        .in = -1,
                        .out = -1,
                        .deadline = clock_mono_ms() + (int)a->options->limits.agent_s * MS };
    int code = -1;
    error_clear(err);
    if (arguments(a, arena, r->account, argv, err) < 0 || environment(arena, m, r, env, err) < 0)
        relay_result(r, RELAY_REFUSED, 0, "5.1.3", NULL, err->text);
    else if ((code = run(&run_, argv, env, err)) >= 0)
        tell(&run_, code, r);
    else
        relay_result(r, RELAY_LATER, 0, "4.3.0", NULL, err->text);
    log_line(a->log, r->fate == RELAY_SENT ? LOG_INFO : LOG_ERROR, "command %s for %s: exit %d: %s",
             a->argv[0], r->account, code, r->text);
    buf_free(&run_.piece);
    buf_free(&run_.said);
    arena_free(&arena);
    return code < 0 && err->code == ERR_CANCELLED ? -1 : 0;
}
