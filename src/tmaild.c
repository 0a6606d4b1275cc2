/* SPDX-License-Identifier: MIT */
/* tmaild: reads its command line, opens the log and serves until it is told to stop; or asks the one
 * that does. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "config.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "net/dns.h"
#include "server/cmd.h"
#include "server/limits.h"
#include "server/faults.h"
#include "server/server.h"
#include "base/banned.h"

/* What is told by signals as a descriptor; every thread inherits the mask, so that none is
 * interrupted. */
static int signals_open(struct error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? error_sys(err, _("cannot start")) : fd;
}

/* Three descriptors for each connection at most, and the usual soft limit holds 1024. */
static void descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int exit_code(const struct error *err)
{
    if (err->code == ERR_USAGE)
        return EX_USAGE;
    if (err->code == ERR_CONFIG)
        return EX_CONFIG;
    if (err->code == ERR_NOINPUT)
        return EX_NOINPUT;
    if (err->code == ERR_NET || err->code == ERR_CANCELLED)
        return EX_UNAVAILABLE;
    if (err->code == ERR_REFUSED)
        return EXIT_FAILURE;
    return err->code == ERR_SYS && (err->sys == EADDRINUSE || err->sys == EACCES) ? EX_UNAVAILABLE
                                                                                  : EX_CANTCREAT;
}

/* The command line as it was: reading it wipes the passwords in it. */
struct line {
    int argc;
    char **argv;
};

static struct line line_copy(int argc, char **argv)
{
    struct line l = { argc, xcalloc((size_t)argc + 1, sizeof *l.argv) };
    for (int i = 0; i < argc; i++)
        l.argv[i] = xstrdup(argv[i]);
    return l;
}

static void line_wipe(struct line *l)
{
    for (int i = 0; i < l->argc; i++) {
        explicit_bzero(l->argv[i], strlen(l->argv[i]));
        free(l->argv[i]);
    }
    free(l->argv);
}

static struct server_options *line_read(void *arg, struct error *err)
{
    const struct line *l = arg;
    struct line again = line_copy(l->argc, l->argv);
    struct server_options *o = xcalloc(1, sizeof *o);
    if (options_read(o, again.argc, again.argv, err) != 0) {
        options_free(o);
        free(o);
        o = NULL;
    }
    line_wipe(&again);
    return o;
}

/* Takes o. */
static int serve(struct server_options *o, struct line *l, struct error *err)
{
    int rc = -1;
    struct server *s = NULL;
    struct log *log = o->log != NULL ? log_open(o->log, "tmaild", LOG_INFO, err)
                                     : log_open_fd(STDERR_FILENO, "tmaild", LOG_INFO);
    int signals = log != NULL ? signals_open(err) : -1;
    struct server_setup setup = { .options = o, .log = log, .again = line_read, .arg = l };
    if (signals >= 0 && net_init(err) == 0 && dns_init(err) == 0)
        s = server_open(&setup, err);
    else {
        options_free(o);
        free(o);
    }
    if (s != NULL)
        rc = server_run(s, signals, err);
    if (!server_close(&s))
        _exit(rc == 0 ? EX_OK : exit_code(err));
    dns_cleanup();
    net_cleanup();
    if (signals >= 0)
        close(signals);
    log_close(&log);
    return rc;
}

static int fail(const struct error *err)
{
    fprintf(stderr, "tmaild: %s\n", err->text);
    return exit_code(err);
}

static int show(void (*put)(struct buf *out))
{
    struct buf text = BUF_INIT(1 << 16);
    put(&text);
    fputs(buf_c(&text), stdout);
    buf_free(&text);
    return EX_OK;
}

/* One line, without its end, and without what is typed on the screen. */
static int line_typed(struct buf *out, struct error *err)
{
    struct termios was;
    bool terminal = tcgetattr(STDIN_FILENO, &was) == 0;
    struct termios quiet = was;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    if (terminal)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    char c;
    ssize_t n;
    while ((n = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n')
        buf_addc(out, c);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
        fputc('\n', stderr);
    }
    return n < 0 ? error_sys(err, _("cannot read the password")) : 0;
}

static int password_ask(void *arg, struct buf *out, struct error *err)
{
    struct buf again = BUF_INIT(1024);
    bool terminal = isatty(STDIN_FILENO) == 1;
    (void)arg;
    if (terminal)
        fputs(_("Password: "), stderr);
    int rc = line_typed(out, err);
    if (rc == 0 && terminal) {
        fputs(_("The same again: "), stderr);
        rc = line_typed(&again, err);
        if (rc == 0 && !str_eq(buf_str(out), buf_str(&again)))
            rc = error_set(err, ERR_USAGE, RETRY_NEVER, _("the two are not the same"));
    }
    buf_wipe(&again);
    return rc;
}

static int command_main(int argc, char **argv)
{
    struct cmd_person person = { .password = password_ask };
    struct buf out = BUF_INIT(SERVER_OUT_MAX);
    struct error err = { 0 };
    int rc = cmd_run(argc, argv, &person, &out, &err);
    fwrite(buf_c(&out), 1, out.len, stdout);
    if (rc == 0 && fflush(stdout) != 0)
        rc = error_sys(&err, _("cannot write"));
    buf_free(&out);
    return rc == 0 ? EX_OK : fail(&err);
}

static int server_main(int argc, char **argv)
{
    struct line line = line_copy(argc, argv);
    struct server_options *options = xcalloc(1, sizeof *options);
    struct error err = { 0 };
    int code = EX_OK;
    if (options_read(options, argc, argv, &err) != 0)
        code = fail(&err);
    else if (options->help)
        code = show(options_usage);
    else if (options->limit_help)
        code = show(options_limits_usage);
    else if (options->fault_help)
        code = show(faults_usage);
    else if (options->personality_help)
        code = show(faults_personalities);
    else if (options->version)
        printf("tmaild %s\n", PACKAGE_VERSION);
    else {
        descriptors_raise();
        if (serve(options, &line, &err) != 0)
            code = fail(&err);
        options = NULL;
    }
    if (options != NULL) {
        options_free(options);
        free(options);
    }
    line_wipe(&line);
    return code;
}

int main(int argc, char **argv)
{
    setlocale(LC_MESSAGES, "");
    setlocale(LC_CTYPE, "");
    bindtextdomain(PACKAGE, LOCALEDIR);
    textdomain(PACKAGE);
    return cmd_is(argc, argv) ? command_main(argc, argv) : server_main(argc, argv);
}
