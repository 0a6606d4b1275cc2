/* SPDX-License-Identifier: MIT */
/* tmaild: reads its command line, opens the log and serves until it is told to stop. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "config.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "net/dns.h"
#include "server/server.h"
#include "base/banned.h"

/* SIGTERM and SIGINT as a descriptor; every thread inherits the mask, so that none is interrupted.
 */
static int stop_signals(struct error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
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

static int serve(const struct server_options *o, struct error *err)
{
    int rc = -1;
    struct server *s = NULL;
    struct log *log = o->log != NULL ? log_open(o->log, "tmaild", LOG_INFO, err)
                                     : log_open_fd(STDERR_FILENO, "tmaild", LOG_INFO);
    int stop_fd = log != NULL ? stop_signals(err) : -1;
    if (stop_fd >= 0 && net_init(err) == 0 && dns_init(err) == 0)
        s = server_open(o, log, err);
    if (s != NULL)
        rc = server_run(s, stop_fd, err);
    server_close(&s);
    dns_cleanup();
    net_cleanup();
    if (stop_fd >= 0)
        close(stop_fd);
    log_close(&log);
    return rc;
}

static int exit_code(const struct error *err)
{
    if (err->code == ERR_USAGE)
        return EX_USAGE;
    return err->code == ERR_SYS && (err->sys == EADDRINUSE || err->sys == EACCES) ? EX_UNAVAILABLE
                                                                                  : EX_CANTCREAT;
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

int main(int argc, char **argv)
{
    struct server_options options;
    struct error err = { 0 };
    setlocale(LC_MESSAGES, "");
    setlocale(LC_CTYPE, "");
    bindtextdomain(PACKAGE, LOCALEDIR);
    textdomain(PACKAGE);
    int code = EX_OK;
    descriptors_raise();
    if (options_read(&options, argc, argv, &err) != 0)
        code = fail(&err);
    else if (options.help)
        code = show(options_usage);
    else if (options.limit_help)
        code = show(options_limits_usage);
    else if (options.version)
        printf("tmaild %s\n", PACKAGE_VERSION);
    else if (serve(&options, &err) != 0)
        code = fail(&err);
    options_free(&options);
    return code;
}
