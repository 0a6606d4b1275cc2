/* SPDX-License-Identifier: MIT */
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/i18n.h"
#include "cache/db.h"
#include "net/dns.h"
#include "sync/engine.h"
#include "sync/probe.h"
#include "config.h"
#include "base/banned.h"

struct args {
    const char *store, *config, *log;
    bool outbox_only, probe;
};

static int args_read(struct args *a, int argc, char **argv)
{
    static const struct option options[] = {
        { "store", required_argument, NULL, 's' },
        { "config", required_argument, NULL, 'c' },
        { "log", required_argument, NULL, 'l' },
        { "outbox-only", no_argument, NULL, 'o' },
        { "probe", no_argument, NULL, 'p' },
        { "version", no_argument, NULL, 'v' },
        { NULL, 0, NULL, 0 },
    };
    int c;
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 's')
            a->store = optarg;
        else if (c == 'c')
            a->config = optarg;
        else if (c == 'l')
            a->log = optarg;
        else if (c == 'o')
            a->outbox_only = true;
        else if (c == 'p')
            a->probe = true;
        else if (c == 'v') {
            puts("tmail-sync " PACKAGE_VERSION);
            exit(EX_OK);
        } else
            return -1;
    }
    return (a->store != NULL) != a->probe && optind == argc ? 0 : -1;
}

/* SIGTERM, SIGINT and SIGHUP become a descriptor; every thread inherits that they are blocked. */
static int stop_fd_open(struct error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd >= 0 ? fd : error_sys(err, _("cannot wait for signals"));
}

static int run(const struct args *a, struct log *log, struct error *err)
{
    struct bus_where where = { .store = a->store,
                               .config = a->config,
                               .log = a->log,
                               .outbox_only = a->outbox_only,
                               .schema = CACHE_SCHEMA };
    struct config *cfg = xcalloc(1, sizeof *cfg);
    char *rc_path = a->config == NULL ? config_path_rc(NULL) : xstrdup(a->config);
    int stop_fd = stop_fd_open(err), rc = -1;
    struct bus_server *bus = NULL;
    if (stop_fd >= 0 && config_load(cfg, rc_path, err) == 0 && net_init(err) == 0)
        bus = bus_listen(&where, err);
    if (bus != NULL) {
        log_set_level(log, cfg->log_debug ? LOG_DEBUG : LOG_INFO);
        rc = engine_run(&(struct engine_options){ .store = a->store,
                                                  .config_path = rc_path,
                                                  .cfg = cfg,
                                                  .bus = bus,
                                                  .log = log,
                                                  .stop_fd = stop_fd,
                                                  .outbox_only = a->outbox_only },
                        err);
        cfg = NULL;
        if (rc == 1)
            _exit(EX_OK); /* a thread hangs in the system; the store needs no farewell */
        net_cleanup();
    }
    if (cfg != NULL)
        config_free(cfg);
    free(cfg);
    bus_server_free(&bus);
    free(rc_path);
    if (stop_fd >= 0)
        close(stop_fd);
    return rc;
}

/* One question on the standard streams, and its answers. */
static int run_probe(struct log *log, struct error *err)
{
    int stop_fd = stop_fd_open(err), rc = -1;
    if (stop_fd >= 0 && net_init(err) == 0 && dns_init(err) == 0) {
        rc = probe_serve(&(struct probe_setup){ .kinds = probe_kinds,
                                                .kinds_n = probe_kinds_n,
                                                .in = STDIN_FILENO,
                                                .out = STDOUT_FILENO,
                                                .stop_fd = stop_fd,
                                                .log = log },
                         err);
        if (rc == 1)
            _exit(EX_OK); /* a thread hangs in the system */
        dns_cleanup();
        net_cleanup();
    }
    if (stop_fd >= 0)
        close(stop_fd);
    return rc;
}

static int exit_code(const struct error *err)
{
    switch (err->code) {
    case ERR_CONFIG:
    case ERR_NOINPUT:
        return EX_CONFIG;
    case ERR_PARSE:
    case ERR_USAGE:
        return EX_USAGE;
    case ERR_STORE:
        return err->retry == RETRY_NEVER ? EX_TEMPFAIL : EX_IOERR;
    default:
        return EX_OSERR;
    }
}

int main(int argc, char **argv)
{
    struct args args = { 0 };
    struct error err = { 0 };
    setlocale(LC_ALL, "");
    bindtextdomain(PACKAGE, LOCALEDIR);
    textdomain(PACKAGE);
    if (args_read(&args, argc, argv) != 0) {
        fprintf(stderr, "%s\n",
                _("usage: tmail-sync --store FILE [--config FILE] [--log FILE] [--outbox-only]\n"
                  "       tmail-sync --probe [--log FILE]"));
        return EX_USAGE;
    }
    struct log *log = log_open(args.log, "tmail-sync", LOG_INFO, &err);
    error_clear(&err);
    int rc = args.probe ? run_probe(log, &err) : run(&args, log, &err);
    if (rc != 0) {
        log_line(log, LOG_ERROR, "%s", err.text);
        fprintf(stderr, "tmail-sync: %s\n", err.text);
    }
    log_close(&log);
    return rc == 0 ? EX_OK : exit_code(&err);
}
