/* SPDX-License-Identifier: MIT */
#include "tui/term.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 1
#include <ncurses.h>

#include "base/i18n.h"
#include "base/utf8.h"
#include "base/banned.h"

enum { ESC_DELAY_MS = 25, KEY_PASTE_BEGIN = KEY_MAX + 1, KEY_PASTE_END, RESCUE_MAX = 256 };

static const char paste_on[] = "\033[?2004h";
static const char paste_off[] = "\033[?2004l";

struct term {
    SCREEN *screen;
    int signals;       /* signalfd */
    sigset_t previous; /* mask to restore */
    unsigned colours;
    bool away; /* another program has the terminal */
    attr_t attrs[2 * THEME_SELECTED];
    short pairs[2 * THEME_SELECTED];
    struct buf paste;
};

/* What the crash handler needs: it has no argument to find it by. Written while no thread but ours
 * runs. */
static struct {
    volatile sig_atomic_t armed;
    struct termios modes;
    char bytes[RESCUE_MAX];
    size_t n;
} rescue;

static const int crash_signals[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };

static void on_crash(int sig)
{
    if (rescue.armed) {
        rescue.armed = 0;
        ssize_t ignored = write(STDOUT_FILENO, rescue.bytes, rescue.n);
        (void)ignored;
        tcsetattr(STDOUT_FILENO, TCSANOW, &rescue.modes);
    }
    signal(sig, SIG_DFL);
    raise(sig);
}

static void rescue_add(const char *s)
{
    size_t n = s != NULL && s != (const char *)-1 ? strlen(s) : 0;
    if (n == 0 || n > sizeof rescue.bytes - rescue.n)
        return;
    memcpy(rescue.bytes + rescue.n, s, n);
    rescue.n += n;
}

static void rescue_arm(void)
{
    static const char *const caps[] = { "sgr0", "cnorm", "rmkx", "rmcup" };
    struct sigaction act = { .sa_handler = on_crash };
    rescue.n = 0;
    rescue_add(paste_off);
    for (size_t i = 0; i < COUNT(caps); i++)
        rescue_add(tigetstr(caps[i]));
    rescue.armed = 1;
    for (size_t i = 0; i < COUNT(crash_signals); i++)
        sigaction(crash_signals[i], &act, NULL);
}

static void rescue_disarm(void)
{
    rescue.armed = 0;
    for (size_t i = 0; i < COUNT(crash_signals); i++)
        signal(crash_signals[i], SIG_DFL);
}

static void say(const char *bytes)
{
    ssize_t ignored = write(STDOUT_FILENO, bytes, strlen(bytes));
    (void)ignored;
}

static attr_t style_attrs(const struct theme_style *s)
{
    static const struct {
        unsigned ours;
        attr_t theirs;
    } map[] = {
        { THEME_BOLD, A_BOLD },       { THEME_FAINT, A_DIM },     { THEME_UNDERLINE, A_UNDERLINE },
        { THEME_REVERSE, A_REVERSE }, { THEME_ITALIC, A_ITALIC },
    };
    attr_t a = A_NORMAL;
    for (size_t i = 0; i < COUNT(map); i++)
        if (s->attrs & map[i].ours)
            a |= map[i].theirs;
    return a;
}

/* https://no-color.org: set and not empty means none. */
static unsigned colours_wanted(void)
{
    const char *no = getenv("NO_COLOR");
    if ((no != NULL && no[0] != '\0') || !has_colors() || start_color() != OK)
        return 0;
    use_default_colors();
    return COLORS > 0 ? (unsigned)COLORS : 0;
}

static void styles_init(struct term *t)
{
    t->colours = colours_wanted();
    for (unsigned role = 0; role < THEME_ROLES; role++) {
        struct theme_style s = theme_style(t->colours, role);
        struct theme_style selected = theme_style(t->colours, role | THEME_SELECTED);
        t->attrs[role] = style_attrs(&s);
        t->attrs[role | THEME_SELECTED] = style_attrs(&selected);
        if (s.fg >= 0 && init_pair((short)(role + 1), s.fg, s.bg) == OK)
            t->pairs[role] = (short)(role + 1);
    }
}

static void modes_init(void)
{
    raw();
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(ESC_DELAY_MS);
    static const struct {
        const char *bytes;
        int key;
    } also[] = {
        /* what terminals send whatever their description says */
        { "\033[H", KEY_HOME }, { "\033[F", KEY_END },   { "\033[1~", KEY_HOME },
        { "\033[4~", KEY_END }, { "\033[7~", KEY_HOME }, { "\033[8~", KEY_END },
        { "\033[A", KEY_UP },   { "\033[B", KEY_DOWN },  { "\033[C", KEY_RIGHT },
        { "\033[D", KEY_LEFT },
    };
    for (size_t i = 0; i < COUNT(also); i++)
        if (key_defined(also[i].bytes) <= 0)
            define_key(also[i].bytes, also[i].key);
    define_key("\033[200~", KEY_PASTE_BEGIN);
    define_key("\033[201~", KEY_PASTE_END);
}

static int signals_init(struct term *t, struct error *err)
{
    static const int wanted[] = { SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP };
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < COUNT(wanted); i++)
        sigaddset(&set, wanted[i]);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, &t->previous);
    t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return t->signals >= 0 ? 0 : error_sys(err, _("cannot watch for signals"));
}

struct term *term_open(struct error *err)
{
    const char *name = getenv("TERM");
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
        tcgetattr(STDOUT_FILENO, &rescue.modes) != 0) {
        error_set(err, ERR_USAGE, RETRY_NEVER, _("this needs a terminal"));
        return NULL;
    }
    struct term *t = xcalloc(1, sizeof *t);
    buf_init(&t->paste, TERM_PASTE_MAX);
    if (signals_init(t, err) != 0) {
        free(t);
        return NULL;
    }
    t->screen = newterm(NULL, stdout, stdin);
    if (t->screen == NULL) {
        error_set(err, ERR_USAGE, RETRY_NEVER,
                  _("the terminal type “%s” is not known here: set TERM, for instance to xterm"),
                  name != NULL ? name : "");
        close(t->signals);
        sigprocmask(SIG_SETMASK, &t->previous, NULL);
        free(t);
        return NULL;
    }
    signal(SIGTSTP, SIG_DFL); /* ncurses put its own there: it would redraw behind our back */
    modes_init();
    styles_init(t);
    rescue_arm();
    say(paste_on);
    return t;
}

void term_close(struct term **t)
{
    if (*t == NULL)
        return;
    if (!(*t)->away) {
        say(paste_off);
        endwin();
    }
    rescue_disarm();
    delscreen((*t)->screen);
    close((*t)->signals);
    sigprocmask(SIG_SETMASK, &(*t)->previous, NULL);
    buf_free(&(*t)->paste);
    free(*t);
    *t = NULL;
}

void term_size(const struct term *t, unsigned *rows, unsigned *cols)
{
    (void)t;
    *rows = LINES > 0 ? (unsigned)LINES : 1;
    *cols = COLS > 0 ? (unsigned)COLS : 1;
}

static void take_size(void)
{
    struct winsize w;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0)
        resizeterm(w.ws_row, w.ws_col);
}

static uint32_t key_of(wint_t c)
{
    static const struct {
        int theirs;
        uint32_t ours;
    } map[] = {
        { KEY_UP, TERM_KEY_UP },        { KEY_DOWN, TERM_KEY_DOWN },
        { KEY_LEFT, TERM_KEY_LEFT },    { KEY_RIGHT, TERM_KEY_RIGHT },
        { KEY_HOME, TERM_KEY_HOME },    { KEY_END, TERM_KEY_END },
        { KEY_PPAGE, TERM_KEY_PGUP },   { KEY_NPAGE, TERM_KEY_PGDN },
        { KEY_IC, TERM_KEY_INSERT },    { KEY_DC, TERM_KEY_DELETE },
        { KEY_ENTER, TERM_KEY_ENTER },  { KEY_BACKSPACE, TERM_KEY_BACKSPACE },
        { KEY_BTAB, TERM_KEY_BACKTAB }, { KEY_A1, TERM_KEY_HOME },
        { KEY_C1, TERM_KEY_END },       { KEY_A3, TERM_KEY_PGUP },
        { KEY_C3, TERM_KEY_PGDN },
    };
    for (size_t i = 0; i < COUNT(map); i++)
        if (map[i].theirs == (int)c)
            return map[i].ours;
    if (c >= KEY_F(1) && c <= KEY_F(12))
        return TERM_KEY_F1 + (uint32_t)(c - KEY_F(1));
    return 0;
}

static uint32_t char_of(wint_t c)
{
    if (c == '\r' || c == '\n')
        return TERM_KEY_ENTER;
    return c == 0x7F || c == 0x08 ? TERM_KEY_BACKSPACE : (uint32_t)c;
}

/* All up to the end mark; what does not fit is left out, and a paste that never ends stops with its
 * bytes. */
static enum term_event read_paste(struct term *t, struct term_input *in)
{
    wint_t c;
    buf_clear(&t->paste);
    for (;;) {
        int rc = get_wch(&c);
        struct pollfd p = { STDIN_FILENO, POLLIN, 0 };
        if (rc == ERR && poll(&p, 1, 1000) <= 0)
            break;
        if (rc == KEY_CODE_YES && c == KEY_PASTE_END)
            break;
        if (rc == OK)
            utf8_put(&t->paste, c == '\r' ? '\n' : (uint32_t)c);
    }
    in->paste = buf_str(&t->paste);
    return TERM_PASTE;
}

/* The next key that is here already, or TERM_NOTHING. */
static enum term_event read_key(struct term *t, struct term_input *in)
{
    wint_t c;
    int rc = get_wch(&c);
    if (rc == OK && c == TERM_KEY_ESC) {
        rc = get_wch(&c); /* Alt sends Esc and the key in one go */
        in->alt = rc != ERR;
        if (rc == ERR || c == TERM_KEY_ESC) {
            in->alt = false;
            in->key = TERM_KEY_ESC;
            return TERM_KEY;
        }
    }
    if (rc == ERR)
        return TERM_NOTHING;
    if (rc == KEY_CODE_YES && c == KEY_PASTE_BEGIN)
        return read_paste(t, in);
    in->key = rc == KEY_CODE_YES ? key_of(c) : char_of(c);
    return in->key != 0 ? TERM_KEY : TERM_NOTHING;
}

static enum term_event read_signal(struct term *t)
{
    struct signalfd_siginfo info;
    enum term_event ev = TERM_NOTHING;
    while (read(t->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP || info.ssi_signo == SIGQUIT)
            return TERM_HANGUP;
        if (info.ssi_signo == SIGTSTP)
            ev = TERM_SUSPEND;
        if (info.ssi_signo == SIGWINCH) {
            take_size();
            ev = TERM_RESIZE;
        }
    }
    return ev;
}

enum term_event term_wait(struct term *t, const int *fds, size_t fds_n, int wait_ms,
                          struct term_input *in)
{
    struct pollfd p[2 + TERM_FDS_MAX] = { { STDIN_FILENO, POLLIN, 0 }, { t->signals, POLLIN, 0 } };
    *in = (struct term_input){ 0 };
    enum term_event ev = read_key(t, in);
    if (ev != TERM_NOTHING)
        return ev;
    fds_n = fds_n < TERM_FDS_MAX ? fds_n : TERM_FDS_MAX;
    for (size_t i = 0; i < fds_n; i++)
        p[2 + i] = (struct pollfd){ fds[i], POLLIN, 0 };
    if (poll(p, (nfds_t)(2 + fds_n), wait_ms) <= 0)
        return TERM_NOTHING;
    if (p[1].revents != 0 && (ev = read_signal(t)) != TERM_NOTHING)
        return ev;
    if (p[0].revents & POLLIN && (ev = read_key(t, in)) != TERM_NOTHING)
        return ev;
    if (p[0].revents & (POLLHUP | POLLERR | POLLNVAL))
        return TERM_HANGUP;
    for (size_t i = 0; i < fds_n; i++)
        if (p[2 + i].revents != 0)
            return TERM_FD;
    return TERM_NOTHING;
}

void term_leave(struct term *t)
{
    if (t->away)
        return;
    t->away = true;
    say(paste_off);
    endwin();
    rescue.armed = 0;
}

void term_return(struct term *t)
{
    struct signalfd_siginfo info;
    if (!t->away)
        return;
    t->away = false;
    /* The other program's ^C and resizes came to us as well: only an end counts, and that is sent
     * again. */
    int end = 0;
    while (read(t->signals, &info, sizeof info) == (ssize_t)sizeof info)
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP)
            end = (int)info.ssi_signo;
    if (end != 0)
        raise(end);
    take_size();
    rescue.armed = 1;
    say(paste_on);
    term_clear(t);
}

void term_stop(struct term *t)
{
    sigset_t stop, old;
    term_leave(t);
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, &old);
    sigprocmask(SIG_SETMASK, &old, NULL);
    term_return(t);
}

void term_beep(struct term *t)
{
    (void)t;
    beep();
}

void term_row(struct term *t, unsigned row, const struct grid_cell *cells, unsigned n)
{
    cchar_t cc;
    wchar_t text[2 + GRID_COMBINING_MAX];
    for (unsigned col = 0; col < n; col++) {
        const struct grid_cell *c = &cells[col];
        if (c->n == 0)
            continue;
        for (unsigned i = 0; i < c->n; i++)
            text[i] = (wchar_t)c->cp[i];
        text[c->n] = L'\0';
        if (setcchar(&cc, text, t->attrs[c->role], t->pairs[c->role], NULL) == OK)
            mvadd_wch((int)row, (int)col, &cc);
    }
}

void term_clear(struct term *t)
{
    (void)t;
    clearok(stdscr, TRUE);
    erase();
}

void term_update(struct term *t, bool cursor, unsigned row, unsigned col)
{
    (void)t;
    curs_set(cursor ? 1 : 0);
    move((int)row, (int)col);
    wnoutrefresh(stdscr);
    doupdate();
}
