/* SPDX-License-Identifier: MIT */
#include "cli/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "cli/out.h"
#include "base/banned.h"

enum { PASSWORD_MAX = 4096 };

struct bus *engine_open(struct cli *c, bool outbox_only, struct error *err)
{
    struct bus_where where = { .store = c->store_path,
                               .config = c->config_path,
                               .log = c->log_path,
                               .outbox_only = outbox_only,
                               .schema = CACHE_SCHEMA };
    struct str log = str_c(c->log_path);
    char *dir = xmemdup0(log.p, str_rfind(log, '/'));
    int started;
    int rc = file_mkdirs(dir, err);
    free(dir);
    return rc == 0 ? bus_open(&where, &started, err) : NULL;
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

/* Without a terminal the answer is empty, and the engine says that a login is needed. */
static void answer(struct bus *b, const struct bus_event *question)
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
    bus_hint(b, &(struct bus_hint){
                    .kind = HINT_ANSWER, .id = question->id, .text = buf_str(&secret) });
    buf_wipe(&secret);
    buf_free(&text);
}

int engine_ask(struct bus *b, const struct bus_hint *hint,
               void (*see)(void *arg, const struct bus_event *ev), void *arg,
               struct bus_event *done, struct error *err)
{
    bus_hint(b, hint);
    for (;;) {
        int rc = bus_wait(b, done, CLI_ENGINE_MS, err);
        if (rc == 1)
            return error_set(err, ERR_NET, RETRY_LATER, _("the mail engine takes too long"));
        if (rc != 0 || (done->kind == EVENT_DONE && done->id == hint->id))
            return rc;
        if (done->kind == EVENT_ASK)
            answer(b, done);
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
    error_set(err, code, RETRY_NEVER, "%.*s", STR_ARG(done->text));
}
