/* SPDX-License-Identifier: MIT */
#include "cli/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "cli/out.h"
#include "base/banned.h"

enum { PASSWORD_MAX = 4096 };

static int stop_fd_open(sigset_t *before, struct error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, before);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd >= 0 ? fd : error_sys(err, _("cannot wait for signals"));
}

int engine_open(struct cli *c, bool outbox_only, struct engine_link *l, struct error *err)
{
    struct bus_where where = { .store = c->store_path,
                               .config = c->config_path,
                               .log = c->log_path,
                               .outbox_only = outbox_only,
                               .schema = CACHE_SCHEMA };
    struct str log = str_c(c->log_path);
    char *dir = xmemdup0(log.p, str_rfind(log, '/'));
    int started;
    *l = (struct engine_link){ 0 };
    l->stop_fd = stop_fd_open(&l->before, err);
    int rc = l->stop_fd >= 0 ? file_mkdirs(dir, err) : -1;
    free(dir);
    if (rc == 0)
        l->bus = bus_open(&where, &started, err);
    return l->bus != NULL ? 0 : -1;
}

void engine_close(struct engine_link *l)
{
    bus_close(&l->bus);
    if (l->stop_fd >= 0)
        close(l->stop_fd);
    sigprocmask(SIG_SETMASK, &l->before, NULL);
}

int engine_next(struct engine_link *l, struct bus_event *ev, int wait_ms, struct error *err)
{
    struct signalfd_siginfo signal;
    int64_t deadline = wait_ms < 0 ? -1 : clock_mono_ms() + wait_ms;
    for (;;) {
        if (read(l->stop_fd, &signal, sizeof signal) > 0)
            return error_set(err, ERR_CANCELLED, RETRY_LATER,
                             _("stopped waiting; what the mail engine has begun goes on"));
        int rc = bus_next(l->bus, ev, err);
        if (rc != 1)
            return rc;
        int left = clock_left_ms(deadline);
        if (left == 0)
            return error_set(err, ERR_NET, RETRY_LATER, _("the mail engine takes too long"));
        struct pollfd fds[2] = { { bus_fd(l->bus), POLLIN, 0 }, { l->stop_fd, POLLIN, 0 } };
        poll(fds, 2, left);
    }
}

/* One line from the terminal, unseen. */
static void read_secret(int tty, struct buf *out)
{
    struct termios shown, hidden;
    char c;
    if (tcgetattr(tty, &shown) != 0)
        return;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(tty, TCSAFLUSH, &hidden);
    while (read(tty, &c, 1) == 1 && c != '\n')
        buf_addc(out, c);
    tcsetattr(tty, TCSAFLUSH, &shown);
}

void engine_answer(struct engine_link *l, const struct bus_event *question)
{
    struct buf secret = BUF_INIT(PASSWORD_MAX), text = BUF_INIT(PASSWORD_MAX);
    int tty = isatty(STDIN_FILENO) ? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) : -1;
    if (tty >= 0) {
        out_clean(question->account, false, &text);
        buf_adds(&text, ": ");
        out_clean(question->text, false, &text);
        dprintf(tty, "%s ", buf_c(&text));
        read_secret(tty, &secret);
        dprintf(tty, "\n");
        close(tty);
    }
    bus_hint(l->bus, &(struct bus_hint){
                         .kind = HINT_ANSWER, .id = question->id, .text = buf_str(&secret) });
    buf_wipe(&secret);
    buf_free(&text);
}

int engine_ask(struct engine_link *l, const struct bus_hint *hint,
               void (*see)(void *arg, const struct bus_event *ev), void *arg,
               struct bus_event *done, struct error *err)
{
    bus_hint(l->bus, hint);
    for (;;) {
        int rc = engine_next(l, done, CLI_ENGINE_MS, err);
        if (rc != 0 || (done->kind == EVENT_DONE && done->id == hint->id))
            return rc;
        if (done->kind == EVENT_ASK)
            engine_answer(l, done);
        if (see != NULL)
            see(arg, done);
    }
}

void engine_error(const struct bus_event *done, struct error *err)
{
    enum error_code code = done->code > ERR_NONE && done->code <= ERR_DOUBT
                               ? (enum error_code)done->code
                           : done->code == 0 ? ERR_NONE
                                             : ERR_SYS;
    error_set(err, code, done->later ? RETRY_LATER : RETRY_NEVER, "%.*s", STR_ARG(done->text));
}

void engine_wake(struct cli *c)
{
    struct engine_link l;
    struct error ignored = { 0 };
    if (c->offline || cli_need_config(c, &ignored) != 0)
        return;
    if (engine_open(c, false, &l, &ignored) == 0)
        bus_hint(l.bus, &(struct bus_hint){ .kind = HINT_WAKE });
    engine_close(&l);
}
