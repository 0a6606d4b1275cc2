/* SPDX-License-Identifier: MIT */
#include "server/mails.h"
#include "server/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/log.h"
#include "config.h"
#include "server/ask.h"
#include "server/confine.h"
#include "server/conn.h"
#include "server/control.h"
#include "server/limits.h"
#include "server/listen.h"
#include "server/outgoing.h"
#include "server/peers.h"
#include "server/protocol.h"
#include "server/root.h"
#include "server/store.h"
#include "server/tls.h"
#include "base/banned.h"

enum { ACCEPT_PAUSE_MS = 50, NEWS_MAX = 1000, ASKS_MAX = 32, NOTE_MAX = 1000 };

struct server {
    struct server_setup setup;
    struct log *log;
    struct root root;
    struct store *store;
    struct outgoing *outgoing;
    struct tls *tls; /* NULL: none */
    struct control *control;
    struct queue *news, *asks;
    struct peers *peers;
    int stop_fd; /* an eventfd: one write is seen by every connection */
    int listeners[SERVER_PORTS];
    uint16_t ports[SERVER_PORTS];
    char *port_file; /* that we wrote; NULL: none */
    bool ending;
};

static const struct server_options *options_of(const struct server *s)
{
    return peers_options(s->peers);
}

/* ---- the start ---- */

static bool is_open(const struct server *s, enum server_port port)
{
    const struct server_options *o = options_of(s);
    return o->ports[port] != PORT_OFF && (tls_wanted(o) || !protocol_is_tls(port));
}

static int listeners_open(struct server *s, struct error *err)
{
    const struct server_options *o = options_of(s);
    for (int i = 0; i < SERVER_PORTS; i++) {
        if (!is_open(s, (enum server_port)i))
            continue;
        s->listeners[i] = listen_open(o->listen, o->ports[i], &s->ports[i], err);
        if (s->listeners[i] < 0)
            return -1;
        log_line(s->log, LOG_INFO, "%s on %s port %u", server_port_names[i], o->listen,
                 s->ports[i]);
    }
    return 0;
}

static void put_ports(const struct server *s, struct buf *out)
{
    for (int i = 0; i < SERVER_PORTS; i++)
        if (s->listeners[i] >= 0)
            buf_addf(out, "%s %u\n", server_port_names[i], s->ports[i]);
}

static void port_file_remove(const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
        (void)unlink(path);
}

static int port_file_write(struct server *s, struct error *err)
{
    const char *path = options_of(s)->port_file;
    struct buf text = BUF_INIT(1024);
    if (path == NULL)
        return 0;
    put_ports(s, &text);
    int rc = file_replace(path, buf_str(&text), 0644, err);
    if (rc == 0)
        s->port_file = xstrdup(path);
    buf_free(&text);
    return rc;
}

static int status_run(void *arg, const struct str *words, size_t n, struct buf *out,
                      struct error *err)
{
    struct server *s = arg;
    (void)words;
    (void)n;
    return ask_do(s->asks, ASK_STATUS, out, err);
}

static int reload_run(void *arg, const struct str *words, size_t n, struct buf *out,
                      struct error *err)
{
    struct server *s = arg;
    (void)words;
    (void)n;
    return ask_do(s->asks, ASK_RELOAD, out, err);
}

static int stop_run(void *arg, const struct str *words, size_t n, struct buf *out,
                    struct error *err)
{
    struct server *s = arg;
    (void)words;
    (void)n;
    return ask_do(s->asks, ASK_STOP, out, err);
}

static const struct control_command own_commands[] = {
    { "status", status_run }, { "reload", reload_run }, { "stop", stop_run }, { NULL, NULL }
};

static int queues_open(struct server *s, struct error *err)
{
    s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (s->stop_fd < 0)
        return error_sys(err, _("cannot start"));
    s->news = queue_new(NEWS_MAX, err);
    s->asks = s->news != NULL ? queue_new(ASKS_MAX, err) : NULL;
    return s->asks != NULL ? 0 : -1;
}

/* Into *tls, NULL when there is to be none. */
static int certificate_read(const struct server_options *o, struct tls **tls, struct error *err)
{
    *tls = tls_wanted(o) ? tls_new(o, err) : NULL;
    return *tls == NULL && tls_wanted(o) ? -1 : 0;
}

static int threads_start(struct server *s, struct error *err)
{
    s->store = store_start(options_of(s), s->log, err);
    if (s->store == NULL ||
        (s->outgoing = outgoing_start(options_of(s), s->store, s->root.dir, s->log, err)) == NULL ||
        (s->control = control_new(s->root.dir, s->log, err)) == NULL)
        return -1;
    control_add(s->control, own_commands, s);
    control_add(s->control, store_fault_commands, s->store);
    control_add(s->control, mails_commands, s->store);
    control_add(s->control, mailq_commands, outgoing_queue(s->outgoing));
    return control_start(s->control, err);
}

static bool has_low_port(const struct server *s)
{
    for (int i = 0; i < SERVER_PORTS; i++)
        if (s->listeners[i] >= 0 && s->ports[i] < IPPORT_RESERVED)
            return true;
    return false;
}

/* What only root may read and bind comes first; what is made belongs to who runs. */
static int resources_open(struct server *s, struct error *err)
{
    const struct server_options *o = options_of(s);
    bool early = o->tls_cert != NULL;
    if (root_open(&s->root, o->root, err) != 0 || queues_open(s, err) != 0)
        return -1;
    if (o->port_file != NULL)
        port_file_remove(o->port_file); /* who waits for it must not find that of a dead server */
    if ((early && certificate_read(o, &s->tls, err) != 0) || listeners_open(s, err) != 0 ||
        confine_user(o, &s->root, has_low_port(s), err) != 0)
        return -1;
    return early ? 0 : certificate_read(o, &s->tls, err);
}

struct server *server_open(const struct server_setup *setup, struct error *err)
{
    struct server *s = xcalloc(1, sizeof *s);
    s->setup = *setup;
    s->log = setup->log;
    s->stop_fd = -1;
    s->peers = peers_new(setup->options);
    for (int i = 0; i < SERVER_PORTS; i++)
        s->listeners[i] = -1;
    s->root.dir = s->root.lock = -1;
    if (resources_open(s, err) != 0 || confine_process(options_of(s), s->log, err) != 0 ||
        threads_start(s, err) != 0 || port_file_write(s, err) != 0)
        server_close(&s);
    return s;
}

/* ---- connections ---- */

static void too_many(int fd, enum server_port port)
{
    const char *text = protocol_too_many(port);
    /* Who waits for a handshake is not told: it would be no answer. */
    if (!protocol_is_tls(port))
        send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static void accept_one(struct server *s, enum server_port port)
{
    struct listen_peer client;
    struct error err;
    int fd = listen_accept(s->listeners[port], &client);
    if (fd < 0) {
        /* Out of descriptors: the waiting connection would wake us again at once. */
        if (errno == EMFILE || errno == ENFILE)
            poll(NULL, 0, ACCEPT_PAUSE_MS);
        return;
    }
    if (!peers_room(s->peers, &client)) {
        too_many(fd, port);
        return;
    }
    struct conn_setup setup = { .options = options_of(s),
                                .store = s->store,
                                .log = s->log,
                                .tls = s->tls,
                                .stop_fd = s->stop_fd,
                                .news = s->news };
    if (conn_start(&setup, fd, port, client.address, client.loopback, &err) == 0)
        peers_add(s->peers, fd, &client);
    else
        log_line(s->log, LOG_ERROR, "%s", err.text);
}

static void news_take(struct server *s, int wait_ms)
{
    struct msg *m;
    while (peers_n(s->peers) > 0 && (m = queue_take(s->news, wait_ms)) != NULL) {
        const struct conn_news *news = (const struct conn_news *)m;
        if (m->kind == CONN_LOGGED_IN)
            peers_logged_in(s->peers, news->fd);
        else
            peers_ended(s->peers, news->fd);
        msg_drop(m);
        wait_ms = 0;
    }
}

/* ---- what it is told ---- */

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : str_eqc(str_c(a), b);
}

static bool queue_changed(const struct server_options *was, const struct server_options *is)
{
    return !same(was->agent, is->agent) || !same(was->relay, is->relay) ||
           !same(was->relay_ca, is->relay_ca) || !same(was->dns, is->dns) ||
           !same(was->relay_login.name, is->relay_login.name) ||
           !same(was->relay_login.password, is->relay_login.password) ||
           was->mx_port != is->mx_port || was->retry_s != is->retry_s ||
           was->warn_s != is->warn_s || was->give_up_s != is->give_up_s ||
           was->backoff != is->backoff || was->virtual_clock != is->virtual_clock;
}

static bool rights_changed(const struct server_options *was, const struct server_options *is)
{
    bool differ = !same(was->run_as, is->run_as) || was->no_confine != is->no_confine ||
                  was->allow_n != is->allow_n;
    for (size_t i = 0; !differ && i < is->allow_n; i++)
        differ = !same(was->allow[i], is->allow[i]);
    return differ;
}

/* What is open stays open: such a change needs a new start. */
static bool needs_restart(const struct server_options *was, const struct server_options *is)
{
    return !same(was->root, is->root) || !same(was->listen, is->listen) ||
           !same(was->log, is->log) || !same(was->port_file, is->port_file) ||
           memcmp(was->ports, is->ports, sizeof was->ports) != 0 || rights_changed(was, is) ||
           queue_changed(was, is);
}

/* note: what a person should know although it went well. */
static int reload(struct server *s, struct buf *note, struct error *err)
{
    struct tls *fresh;
    struct server_options *o = s->setup.again(s->setup.arg, err);
    if (o == NULL)
        return -1;
    bool partly = needs_restart(options_of(s), o);
    if (certificate_read(o, &fresh, err) != 0 || store_reload(s->store, o, err) != 0) {
        tls_free(&fresh);
        options_free(o);
        free(o);
        return -1;
    }
    tls_free(&s->tls); /* connections have handles of their own */
    s->tls = fresh;
    peers_renew(s->peers, o);
    if (partly)
        buf_adds(note,
                 _("what is new in root, listen, ports, log, privileges, agent, relay and the "
                   "times of the queue holds after a restart\n"));
    return 0;
}

static int reload_told(struct server *s, struct buf *note, struct error *err)
{
    log_reopen(s->log);
    int rc = reload(s, note, err);
    if (note->len > 0)
        log_line(s->log, LOG_ERROR, "%.*s", STR_ARG(str_trim(buf_str(note))));
    if (rc == 0)
        log_line(s->log, LOG_INFO, "everything is read again");
    else
        log_line(s->log, LOG_ERROR, "nothing is changed: %s", err->text);
    return rc;
}

static void put_status(const struct server *s, struct buf *out)
{
    buf_addf(out, "tmaild %s\npid %d\nsessions %zu\n", PACKAGE_VERSION, (int)getpid(),
             peers_n(s->peers));
    put_ports(s, out);
}

static void asks_take(struct server *s)
{
    struct msg *m;
    while ((m = queue_take(s->asks, 0)) != NULL) {
        struct ask *a = (struct ask *)m;
        if (m->kind == ASK_STATUS)
            put_status(s, &a->text);
        else if (m->kind == ASK_RELOAD)
            a->rc = reload_told(s, &a->text, &a->err);
        else
            s->ending = true;
        ask_done(a);
    }
}

static void signals_take(struct server *s, int signals)
{
    struct signalfd_siginfo got;
    struct buf note = BUF_INIT(NOTE_MAX);
    struct error err;
    while (read(signals, &got, sizeof got) == (ssize_t)sizeof got) {
        if (got.ssi_signo != SIGHUP)
            s->ending = true;
        else {
            buf_clear(&note);
            (void)reload_told(s, &note, &err); /* the log knows */
        }
    }
    buf_free(&note);
}

/* ---- the end ---- */

/* A second signal ends the process at once, as it ends any other. */
static void signals_default(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void end(struct server *s)
{
    uint64_t one = 1;
    int64_t until = clock_mono_ms() + SERVER_END_MS;
    log_line(s->log, LOG_INFO, "told to end, with %zu sessions", peers_n(s->peers));
    signals_default();
    if (write(s->stop_fd, &one, sizeof one) < 0)
        log_line(s->log, LOG_ERROR, "cannot tell the connections to end");
    queue_close(s->asks);
    asks_take(s);
    while (peers_n(s->peers) > 0 && clock_mono_ms() < until)
        news_take(s, clock_left_ms(until));
    if (peers_n(s->peers) > 0)
        log_line(s->log, LOG_ERROR, "%zu sessions did not end in time", peers_n(s->peers));
}

int server_run(struct server *s, int signals, struct error *err)
{
    enum { NEWS = SERVER_PORTS, ASKS, SIGNALS, DESCRIPTORS };
    struct pollfd p[DESCRIPTORS];
    for (int i = 0; i < SERVER_PORTS; i++)
        p[i] = (struct pollfd){ .fd = s->listeners[i], .events = POLLIN };
    p[NEWS] = (struct pollfd){ .fd = queue_fd(s->news), .events = POLLIN };
    p[ASKS] = (struct pollfd){ .fd = queue_fd(s->asks), .events = POLLIN };
    p[SIGNALS] = (struct pollfd){ .fd = signals, .events = POLLIN };
    int rc = 0;
    while (rc == 0 && !s->ending) {
        if (poll(p, COUNT(p), -1) < 0) {
            if (errno != EINTR)
                rc = error_sys(err, _("cannot wait for connections"));
            continue;
        }
        news_take(s, 0);
        for (int i = 0; i < SERVER_PORTS; i++)
            if ((p[i].revents & POLLIN) != 0)
                accept_one(s, (enum server_port)i);
        asks_take(s);
        signals_take(s, signals);
    }
    end(s);
    return rc;
}

bool server_close(struct server **s)
{
    if (*s == NULL)
        return true;
    for (int i = 0; i < SERVER_PORTS; i++)
        if ((*s)->listeners[i] >= 0)
            close((*s)->listeners[i]);
    if ((*s)->port_file != NULL)
        port_file_remove((*s)->port_file);
    free((*s)->port_file);
    outgoing_quit((*s)->outgoing);
    control_stop(&(*s)->control);
    /* A connection that did not end still uses these: then the process goes with them. */
    bool all_ended = peers_n((*s)->peers) == 0;
    if (all_ended) {
        outgoing_stop(&(*s)->outgoing);
        store_stop(&(*s)->store);
        queue_free(&(*s)->news);
        queue_free(&(*s)->asks);
        peers_free(&(*s)->peers);
    }
    tls_free(&(*s)->tls);
    if ((*s)->stop_fd >= 0)
        close((*s)->stop_fd);
    root_close(&(*s)->root);
    free(*s);
    *s = NULL;
    return all_ended;
}
