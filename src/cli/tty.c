/* SPDX-License-Identifier: MIT */
#include "cli/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/i18n.h"
#include "cli/out.h"
#include "base/banned.h"

enum { SAY_MAX = 16 << 10, INTERRUPT = 3, END = 4, BACKSPACE = 8, ERASE = 127, KILL = 21 };

int tty_open(void)
{
    return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

static void write_clean(int tty, struct str text, const char *end)
{
    struct error ignored;
    struct buf clean = BUF_INIT(4 * SAY_MAX), lines = BUF_INIT(16 * SAY_MAX);
    size_t columns = out_columns(tty);
    out_clean(text, true, &clean);
    struct str rest = buf_str(&clean);
    while (rest.n > 0) {
        struct str line = str_head(rest, str_find(rest, '\n'));
        struct str words = str_trim(line);
        size_t indent = words.n > 0 ? (size_t)(words.p - line.p) : 0;
        out_wrap(line, indent, columns, &lines);
        if (line.n < rest.n)
            buf_addc(&lines, '\n');
        rest = str_skip(rest, line.n + 1);
    }
    buf_adds(&lines, end);
    (void)!file_write_fd(tty, buf_str(&lines), "tty", &ignored);
    buf_free(&lines);
    buf_free(&clean);
}

void tty_say(int tty, const char *fmt, ...)
{
    struct buf text = BUF_INIT(SAY_MAX);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    write_clean(tty, buf_str(&text), "\n");
    buf_free(&text);
}

/* Takes one typed byte of a hidden line. 1: the line is over. */
static int hidden_byte(char c, struct buf *out)
{
    if (c == '\n' || c == '\r')
        return 1;
    if (c == ERASE || c == BACKSPACE) {
        /* a character of several bytes goes as a whole */
        while (out->len > 0 && ((unsigned char)out->data[out->len - 1] & 0xc0) == 0x80)
            buf_truncate(out, out->len - 1);
        if (out->len > 0)
            buf_truncate(out, out->len - 1);
    } else if (c == KILL)
        buf_truncate(out, 0);
    else
        buf_addc(out, c);
    return 0;
}

/* 0; 1 at the end of the input; 2: interrupted. */
static int read_hidden(int tty, struct buf *out)
{
    char c;
    for (;;) {
        ssize_t n = read(tty, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || (c == END && out->len == 0))
            return 1;
        if (c == INTERRUPT)
            return 2;
        if (hidden_byte(c, out) != 0)
            return 0;
    }
}

/* Nothing of it is seen, and no signal leaves the terminal so. */
static int ask_hidden(int tty, struct buf *out, struct error *err)
{
    struct termios shown, hidden;
    if (tcgetattr(tty, &shown) != 0)
        return error_sys(err, _("cannot read the terminal"));
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    hidden.c_cc[VMIN] = 1;
    hidden.c_cc[VTIME] = 0;
    tcsetattr(tty, TCSAFLUSH, &hidden);
    int rc = read_hidden(tty, out);
    tcsetattr(tty, TCSAFLUSH, &shown);
    write_clean(tty, STR(""), "\n");
    if (rc == 2) {
        buf_wipe(out);
        raise(SIGINT);
        return error_set(err, ERR_CANCELLED, RETRY_NEVER, _("broken off"));
    }
    return rc;
}

static int ask_shown(int tty, struct buf *out)
{
    struct buf line = BUF_INIT(TTY_LINE_MAX);
    char c;
    ssize_t n;
    while ((n = read(tty, &c, 1)) == 1 ? c != '\n' : n < 0 && errno == EINTR)
        if (n == 1)
            buf_addc(&line, c);
    if (line.over)
        out->over = true;
    buf_add_str(out, str_trim(buf_str(&line)));
    bool end = n <= 0 && line.len == 0;
    buf_free(&line);
    return end ? 1 : 0;
}

int tty_ask(int tty, struct str question, bool hidden, struct buf *answer, struct error *err)
{
    write_clean(tty, question, " ");
    int rc = hidden ? ask_hidden(tty, answer, err) : ask_shown(tty, answer);
    if (rc == 1)
        write_clean(tty, STR(""), "\n");
    return rc != 0 ? rc : buf_check(answer, err);
}

int tty_ask_yes(int tty, struct str question, bool otherwise, bool *yes, struct error *err)
{
    struct buf text = BUF_INIT(SAY_MAX), answer = BUF_INIT(TTY_LINE_MAX);
    buf_addf(&text, "%.*s %s", STR_ARG(question), otherwise ? _("[Y/n]") : _("[y/N]"));
    int rc = tty_ask(tty, buf_str(&text), false, &answer, err);
    /* Translators: the first letter of your word for yes; y is taken as well. */
    const char *letter = _("y");
    char first = answer.len > 0 ? ascii_lower(answer.data[0]) : '\0';
    *yes = answer.len == 0 ? otherwise : first == letter[0] || first == 'y';
    buf_free(&text);
    buf_free(&answer);
    return rc;
}
