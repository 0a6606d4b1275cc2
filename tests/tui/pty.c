/* SPDX-License-Identifier: MIT */
#include "tui/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vterm.h>

#include "base/clock.h"
#include "base/utf8.h"

struct pty {
    int fd;
    pid_t pid;
    int rows, cols;
    VTerm *vt;
    VTermScreen *screen;
    struct buf bytes;
};

struct pty *pty_start(char *const argv[], char *const env[], int rows, int cols)
{
    struct pty *p = xcalloc(1, sizeof *p);
    struct winsize w = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
    p->rows = rows;
    p->cols = cols;
    buf_init(&p->bytes, 64 << 20);
    p->vt = vterm_new(rows, cols);
    vterm_set_utf8(p->vt, 1);
    p->screen = vterm_obtain_screen(p->vt);
    vterm_screen_enable_altscreen(p->screen, 1);
    vterm_screen_reset(p->screen, 1);
    p->pid = forkpty(&p->fd, NULL, NULL, &w);
    if (p->pid == 0) {
        for (size_t i = 0; env[i] != NULL; i++)
            putenv(env[i]);
        execv(argv[0], argv);
        _exit(127);
    }
    fcntl(p->fd, F_SETFL, O_NONBLOCK);
    return p;
}

void pty_keys(struct pty *p, const char *bytes)
{
    ssize_t ignored = write(p->fd, bytes, strlen(bytes));
    (void)ignored;
}

/* Reads what comes within wait_ms; false when the program has closed its terminal. */
static bool take(struct pty *p, int wait_ms)
{
    char chunk[4096];
    struct pollfd fd = { p->fd, POLLIN, 0 };
    if (poll(&fd, 1, wait_ms) <= 0)
        return true;
    ssize_t n = read(p->fd, chunk, sizeof chunk);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    buf_add(&p->bytes, chunk, (size_t)n);
    vterm_input_write(p->vt, chunk, (size_t)n);
    return true;
}

void pty_screen(struct pty *p, struct buf *out)
{
    for (int row = 0; row < p->rows; row++) {
        size_t start = out->len;
        for (int col = 0; col < p->cols; col++) {
            VTermScreenCell cell;
            vterm_screen_get_cell(p->screen, (VTermPos){ row, col }, &cell);
            if (cell.chars[0] == (uint32_t)-1)
                continue;
            for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] != 0; i++)
                utf8_put(out, cell.chars[i]);
            if (cell.chars[0] == 0)
                buf_addc(out, ' ');
        }
        while (out->len > start && out->data[out->len - 1] == ' ')
            buf_truncate(out, out->len - 1);
        buf_addc(out, '\n');
    }
}

static bool shows(struct pty *p, const char *text)
{
    struct buf b = BUF_INIT(1 << 20);
    pty_screen(p, &b);
    bool found = strstr(buf_c(&b), text) != NULL;
    buf_free(&b);
    return found;
}

static bool wait_for(struct pty *p, const char *text, int wait_ms, bool there)
{
    int64_t until = clock_mono_ms() + wait_ms;
    while (shows(p, text) != there) {
        int left = clock_left_ms(until);
        if (left == 0 || !take(p, left))
            return shows(p, text) == there;
    }
    return true;
}

bool pty_shows(struct pty *p, const char *text, int wait_ms)
{
    return wait_for(p, text, wait_ms, true);
}

bool pty_lost(struct pty *p, const char *text, int wait_ms)
{
    return wait_for(p, text, wait_ms, false);
}

void pty_resize(struct pty *p, int rows, int cols)
{
    struct winsize w = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };
    p->rows = rows;
    p->cols = cols;
    vterm_set_size(p->vt, rows, cols);
    ioctl(p->fd, TIOCSWINSZ, &w);
}

struct str pty_bytes(const struct pty *p)
{
    return buf_str(&p->bytes);
}

pid_t pty_pid(const struct pty *p)
{
    return p->pid;
}

int pty_end(struct pty **pp, int wait_ms)
{
    struct pty *p = *pp;
    int64_t until = clock_mono_ms() + wait_ms;
    int status = 0, code = -1;
    pid_t got;
    while ((got = waitpid(p->pid, &status, WNOHANG)) == 0 && clock_left_ms(until) > 0)
        take(p, 10);
    if (got == p->pid)
        code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    else {
        kill(p->pid, SIGKILL);
        waitpid(p->pid, &status, 0);
    }
    while (take(p, 0) && poll(&(struct pollfd){ p->fd, POLLIN, 0 }, 1, 0) > 0)
        ;
    close(p->fd);
    vterm_free(p->vt);
    buf_free(&p->bytes);
    free(p);
    *pp = NULL;
    return code;
}
