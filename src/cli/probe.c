/* SPDX-License-Identifier: MIT */
#include "cli/probe.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/i18n.h"
#include "bus/jline.h"
#include "bus/socket.h"
#include "cli/tty.h"
#include "base/banned.h"

struct cli_probe {
    struct socket_end end;
    json_t *line;
    pid_t pid;
    bool ended;
};

static pid_t start(const char *log, int fd, struct error *err)
{
    char *program = child_program("tmail-sync");
    char *argv[5] = { program, "--probe" };
    if (log != NULL) {
        argv[2] = "--log";
        argv[3] = (char *)log;
    }
    struct child_io io = { .in = fd, .out = fd, .err = STDERR_FILENO };
    pid_t pid = child_start(argv, &io, err);
    free(program);
    return pid;
}

/* Tests lay down how the world is reached (doc/ARCHITECTURE.md). */
static void add_reach(json_t *question)
{
    const char *reach = getenv("TMAIL_REACH");
    json_t *o = reach != NULL ? json_loads(reach, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (o != NULL)
        json_object_set_new(question, "reach", o);
}

struct cli_probe *cli_probe_start(json_t *question, const char *log, struct error *err)
{
    int fds[2];
    struct cli_probe *p = NULL;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        error_sys(err, _("cannot talk to the mail engine"));
    } else {
        p = xcalloc(1, sizeof *p);
        socket_end_init(&p->end, fds[0]);
        p->pid = start(log, fds[1], err);
        close(fds[1]);
        add_reach(question);
        jline_write(question, &p->end.out);
        if (p->pid < 0)
            cli_probe_stop(&p);
    }
    jline_wipe(question);
    return p;
}

void cli_probe_stop(struct cli_probe **p)
{
    if (*p == NULL)
        return;
    socket_end_clear(&(*p)->end); /* which is the sign to end */
    if ((*p)->pid > 0)
        child_wait((*p)->pid);
    jline_wipe((*p)->line);
    free(*p);
    *p = NULL;
}

/* The end's error as a value. */
static int take_end(struct cli_probe *p, struct error *err)
{
    int64_t code = jline_number(p->line, "code");
    struct str text = jline_text(p->line, "text");
    p->ended = true;
    error_set(err, code >= ERR_NONE && code <= ERR_DOUBT ? (enum error_code)code : ERR_SYS,
              jline_yes(p->line, "later") ? RETRY_LATER : RETRY_NEVER, "%.*s", STR_ARG(text));
    return 1;
}

static int take_line(struct cli_probe *p, struct str line, const json_t **out, struct error *err)
{
    jline_wipe(p->line);
    p->line = jline_read(line, err);
    if (p->line == NULL)
        return -1;
    *out = p->line;
    return str_eqc(jline_text(p->line, "say"), "end") ? take_end(p, err) : 0;
}

int cli_probe_next(struct cli_probe *p, const json_t **line, int wait_ms, struct error *err)
{
    int64_t deadline = wait_ms < 0 ? -1 : clock_mono_ms() + wait_ms;
    struct str text;
    for (;;) {
        int gone = 0;
        bool there = !p->ended && socket_end_line(&p->end, &text);
        if (!there) {
            gone = socket_end_pump(&p->end);
            there = !p->ended && socket_end_line(&p->end, &text);
        }
        if (there)
            return take_line(p, text, line, err);
        if (gone != 0 || p->ended)
            return error_set(err, ERR_SYS, RETRY_NEVER, _("the mail engine is gone"));
        int left = clock_left_ms(deadline);
        if (left == 0)
            return 2;
        struct pollfd fd = { p->end.fd, POLLIN, 0 };
        if (p->end.out.len > 0)
            fd.events |= POLLOUT;
        poll(&fd, 1, left);
    }
}

void cli_probe_answer(struct cli_probe *p, const json_t *ask, struct str text)
{
    json_t *o = json_object();
    json_object_set_new(o, "answer", json_integer(jline_number(ask, "id")));
    jline_put(o, "text", text);
    jline_write(o, &p->end.out);
    jline_wipe(o);
}

static int put_to_person(struct cli_probe *p, const json_t *ask, int tty, struct error *err)
{
    struct str what = jline_text(ask, "what"), text = jline_text(ask, "text");
    struct buf answer = BUF_INIT(TTY_LINE_MAX);
    bool yes = false;
    int rc = 0;
    if (tty >= 0 && str_eqc(what, "yes")) {
        rc = tty_ask_yes(tty, text, false, &yes, err);
        buf_adds(&answer, yes ? "yes" : "");
    } else if (tty >= 0)
        rc = tty_ask(tty, text, str_eqc(what, "secret"), &answer, err);
    if (rc >= 0)
        cli_probe_answer(p, ask, rc == 0 ? buf_str(&answer) : STR(""));
    buf_wipe(&answer);
    return rc < 0 ? -1 : 0;
}

int cli_probe_run(json_t *question, const char *log, int tty,
                  void (*see)(void *arg, const json_t *line), void *arg, struct error *err)
{
    const json_t *line;
    struct cli_probe *p = cli_probe_start(question, log, err);
    int rc = p != NULL ? 0 : -1;
    while (rc == 0 && (rc = cli_probe_next(p, &line, -1, err)) == 0) {
        if (str_eqc(jline_text(line, "say"), "ask"))
            rc = put_to_person(p, line, tty, err);
        else if (see != NULL)
            see(arg, line);
    }
    cli_probe_stop(&p);
    return rc == 1 && err->code == ERR_NONE ? 0 : -1;
}
