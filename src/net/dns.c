/* SPDX-License-Identifier: MIT */
#include "net/dns.h"

#include <ares.h>
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/i18n.h"
#include "base/idna.h"
#include "base/banned.h"

enum {
    DNS_WAIT_MS = 30000,
    DNS_TRIES = 3,     /* of each server */
    DNS_TRY_MS = 3000, /* the first time; c-ares doubles it */
    DNS_TEXT_MAX = 1000
};

struct dns {
    ares_channel channel;
    int wait_ms;
    unsigned random;
    struct net_cancel *cancel;
    struct log *log;
};

int dns_init(struct error *err)
{
    int rc = ares_library_init(ARES_LIB_INIT_ALL);
    if (rc != ARES_SUCCESS)
        return error_set(err, ERR_SYS, RETRY_NEVER, _("cannot start c-ares: %s"),
                         ares_strerror(rc));
    return 0;
}

void dns_cleanup(void)
{
    ares_library_cleanup();
}

static void server_text(const struct ares_addr_port_node *s, struct buf *out)
{
    char text[DNS_ADDRESS_MAX];
    if (inet_ntop(s->family, &s->addr, text, sizeof text) == NULL)
        return;
    buf_addf(out, s->family == AF_INET6 ? "%s[%s]:%d" : "%s%s:%d", out->len > 0 ? "," : "", text,
             s->udp_port > 0 ? s->udp_port : 53);
}

int dns_system_servers(struct buf *out, struct error *err)
{
    ares_channel c = NULL;
    struct ares_addr_port_node *all = NULL;
    int rc = ares_init(&c);
    if (rc == ARES_SUCCESS)
        rc = ares_get_servers_ports(c, &all);
    size_t n = 0;
    for (const struct ares_addr_port_node *s = all; s != NULL && n < DNS_SERVERS_MAX; s = s->next)
        server_text(s, out), n++;
    ares_free_data(all);
    if (c != NULL)
        ares_destroy(c);
    if (rc != ARES_SUCCESS)
        return error_set(err, ERR_SYS, RETRY_LATER, _("cannot find the system's DNS servers: %s"),
                         ares_strerror(rc));
    return buf_check(out, err);
}

/* "ADDR", "ADDR:PORT", "[ADDR]:PORT" */
static bool server_ok(struct str s)
{
    char text[DNS_ADDRESS_MAX];
    struct in6_addr any;
    bool v6 = s.n > 0 && s.p[0] == '[';
    size_t end = str_find(s, v6 ? ']' : ':');
    struct str address = v6 ? str_skip(str_head(s, end), 1) : str_head(s, end);
    struct str port = str_skip(s, v6 ? end + 1 : end);
    uint64_t n = 1;
    if (v6 && end == s.n)
        return false;
    if (port.n > 0 && (str_lit(&port, ":") < 0 || str_u64(&port, &n) < 0 || port.n > 0))
        return false;
    snprintf(text, sizeof text, "%.*s", STR_ARG(address));
    return address.n < sizeof text && n >= 1 && n <= UINT16_MAX &&
           inet_pton(v6 ? AF_INET6 : AF_INET, text, &any) == 1;
}

int dns_servers_check(const char *servers, struct error *err)
{
    struct str rest = str_c(servers), one;
    size_t n = 0;
    for (; str_until(&rest, ',', &one) == 0 && server_ok(one); n++)
        ;
    if (n < DNS_SERVERS_MAX && str_find(rest, ',') == rest.n && server_ok(rest))
        return 0;
    return error_set(err, ERR_USAGE, RETRY_NEVER, _("%s is no DNS server: ADDR:PORT"), servers);
}

/* With the servers given nothing of the system is read: all that it could tell is set here. */
static int channel_open(struct dns *d, const struct dns_setup *setup)
{
    struct ares_options o = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
        .timeout = d->wait_ms < DNS_TRY_MS ? d->wait_ms : DNS_TRY_MS,
        .tries = DNS_TRIES,
        .ndots = 1,
        .lookups = setup->hosts ? (char[]){ "fb" } : (char[]){ "b" },
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
               ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SORTLIST | ARES_OPT_NOROTATE;
    struct in_addr none = { 0 }; /* replaced by the ones given */
    if (setup->servers != NULL) {
        o.servers = &none;
        o.nservers = 1;
        mask |= ARES_OPT_SERVERS;
    }
    int rc = ares_init_options(&d->channel, &o, mask);
    if (rc == ARES_SUCCESS && setup->servers != NULL)
        rc = ares_set_servers_ports_csv(d->channel, setup->servers);
    return rc;
}

struct dns *dns_new(const struct dns_setup *setup, struct error *err)
{
    struct dns *d = xcalloc(1, sizeof *d);
    d->wait_ms = setup->wait_ms > 0 ? setup->wait_ms : DNS_WAIT_MS;
    d->random = setup->seed;
    if (d->random == 0)
        clock_random(&d->random, sizeof d->random);
    d->cancel = setup->cancel;
    d->log = setup->log;
    int rc = channel_open(d, setup);
    if (rc == ARES_SUCCESS)
        return d;
    error_set(err, rc == ARES_ENOMEM || rc == ARES_EFILE ? ERR_SYS : ERR_CONFIG, RETRY_NEVER,
              _("the DNS servers cannot be used: %s"), ares_strerror(rc));
    dns_free(&d);
    return NULL;
}

void dns_free(struct dns **d)
{
    if (*d == NULL)
        return;
    if ((*d)->channel != NULL)
        ares_destroy((*d)->channel);
    free(*d);
    *d = NULL;
}

bool dns_name_ok(struct str name)
{
    size_t label = 0;
    if (name.n > 0 && name.p[name.n - 1] == '.')
        name.n--;
    if (name.n == 0 || name.n >= DNS_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (c == '.' && label == 0)
            return false;
        if (c != '.' && c != '-' && c != '_' && !ascii_is_alnum(c))
            return false;
        label = c == '.' ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return label > 0;
}

static void name_copy(char *out, struct str name)
{
    if (name.n > 0 && name.p[name.n - 1] == '.')
        name.n--;
    for (size_t i = 0; i < name.n; i++)
        out[i] = ascii_lower(name.p[i]);
    out[name.n] = '\0';
}

int dns_ascii(const char *domain, char *out, struct error *err)
{
    struct buf name = BUF_INIT(DNS_NAME_MAX);
    int rc = idna_to_ascii(str_c(domain), &name);
    if (rc == 0 && !name.over && dns_name_ok(buf_str(&name)))
        name_copy(out, buf_str(&name));
    else
        rc = error_set(err, ERR_ADDRESS, RETRY_NEVER, _("no host can have this name: %s"), domain);
    buf_free(&name);
    return rc;
}

/* Numbers that are spread well enough to share work among servers; nothing secret hangs on them. */
static unsigned random_below(unsigned *state, unsigned n)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % n;
}

/* Equal ones come in any order: the shuffle is part of the sort, by inserting at a random place
 * among one's equals. */
static void mx_insert(struct dns_mx_list *l, const struct dns_mx *mx, unsigned *random)
{
    size_t first = 0, last;
    while (first < l->n && l->mx[first].preference < mx->preference)
        first++;
    last = first;
    while (last < l->n && l->mx[last].preference == mx->preference)
        last++;
    size_t at = first + random_below(random, (unsigned)(last - first + 1));
    if (at >= DNS_MX_MAX)
        return;
    size_t n = l->n < DNS_MX_MAX ? l->n++ : DNS_MX_MAX - 1;
    memmove(&l->mx[at + 1], &l->mx[at], (n - at) * sizeof *l->mx);
    l->mx[at] = *mx;
}

static enum dns_result status_result(int status)
{
    switch (status) {
    case ARES_SUCCESS:
        return DNS_OK;
    case ARES_ENODATA:
        return DNS_NO_DATA;
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
        return DNS_NO_NAME;
    default:
        return DNS_FAILED;
    }
}

/* What became of an answer's bytes; kept: rows of it that can be used. */
static enum dns_result answer_result(int status, bool has_rows, size_t kept)
{
    if (status == ARES_ENODATA || (status == ARES_SUCCESS && !has_rows))
        return DNS_NO_DATA;
    return status == ARES_SUCCESS && kept > 0 ? DNS_OK : DNS_FAILED;
}

static bool is_root(const char *host)
{
    return host[0] == '\0' || (host[0] == '.' && host[1] == '\0');
}

enum dns_result dns_mx_read(struct str answer, unsigned *random, struct dns_mx_list *out)
{
    struct ares_mx_reply *rows = NULL;
    bool null_mx = false;
    out->n = 0;
    int rc = answer.n > INT32_MAX
                 ? ARES_EBADRESP
                 : ares_parse_mx_reply((const unsigned char *)answer.p, (int)answer.n, &rows);
    for (const struct ares_mx_reply *r = rows; r != NULL; r = r->next) {
        struct dns_mx mx = { .preference = r->priority };
        null_mx = null_mx || is_root(r->host);
        if (!dns_name_ok(str_c(r->host)))
            continue;
        name_copy(mx.host, str_c(r->host));
        mx_insert(out, &mx, random);
    }
    /* RFC 7505 §3: it stands alone; beside others it is somebody's mistake. */
    if (out->n == 0 && null_mx)
        out->mx[out->n++] = (struct dns_mx){ 0 };
    enum dns_result result = answer_result(rc, rows != NULL, out->n);
    ares_free_data(rows);
    return result;
}

static void srv_swap(struct dns_srv *a, struct dns_srv *b)
{
    struct dns_srv t = *a;
    *a = *b;
    *b = t;
}

static int by_priority(const void *a, const void *b)
{
    const struct dns_srv *x = a, *y = b;
    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    return (x->weight > 0) - (y->weight > 0); /* RFC 2782: those of weight 0 first */
}

/* RFC 2782: one after the other is drawn, each with a chance by its weight. */
static void srv_draw(struct dns_srv *s, size_t n, unsigned *random)
{
    for (size_t i = 0; i + 1 < n; i++) {
        unsigned sum = 0, drawn, at = 0;
        size_t k = i;
        for (size_t j = i; j < n; j++)
            sum += s[j].weight;
        drawn = random_below(random, sum + 1);
        for (size_t j = i; j < n; j++) {
            at += s[j].weight;
            k = j;
            if (at >= drawn)
                break;
        }
        srv_swap(&s[i], &s[k]);
    }
}

enum dns_result dns_srv_read(struct str answer, unsigned *random, struct dns_srv_list *out)
{
    struct ares_srv_reply *rows = NULL;
    out->n = 0;
    int rc = answer.n > INT32_MAX
                 ? ARES_EBADRESP
                 : ares_parse_srv_reply((const unsigned char *)answer.p, (int)answer.n, &rows);
    for (const struct ares_srv_reply *r = rows; r != NULL && out->n < DNS_SRV_MAX; r = r->next) {
        struct dns_srv s = { .priority = r->priority, .weight = r->weight, .port = r->port };
        if (!is_root(r->host) && !dns_name_ok(str_c(r->host)))
            continue;
        name_copy(s.host, str_c(r->host));
        out->srv[out->n++] = s;
    }
    enum dns_result result = answer_result(rc, rows != NULL, out->n);
    ares_free_data(rows);
    qsort(out->srv, out->n, sizeof *out->srv, by_priority);
    for (size_t i = 0, j; i < out->n; i = j) {
        for (j = i + 1; j < out->n && out->srv[j].priority == out->srv[i].priority;)
            j++;
        srv_draw(out->srv + i, j - i, random);
    }
    return result;
}

/* One question on its way. read: what to do with the bytes of the answer. */
struct question {
    struct dns *d;
    bool done;
    int status;
    enum dns_result result;
    enum dns_result (*read)(struct str answer, unsigned *random, void *out);
    void *out;
};

static void question_ends(struct question *q, int status)
{
    q->done = true;
    q->status = status;
    q->result = status_result(status);
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int n)
{
    struct question *q = arg;
    (void)timeouts;
    question_ends(q, status);
    if (status == ARES_SUCCESS)
        q->result = q->read((struct str){ (const char *)bytes, n > 0 ? (size_t)n : 0 },
                            &q->d->random, q->out);
}

static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *all)
{
    struct question *q = arg;
    struct dns_addresses *out = q->out;
    (void)timeouts;
    question_ends(q, status);
    if (status != ARES_SUCCESS || all == NULL)
        return;
    for (const struct ares_addrinfo_node *a = all->nodes; a != NULL; a = a->ai_next)
        if (out->n < DNS_ADDRESSES_MAX &&
            getnameinfo(a->ai_addr, a->ai_addrlen, out->text[out->n], DNS_ADDRESS_MAX, NULL, 0,
                        NI_NUMERICHOST) == 0)
            out->n++;
    ares_freeaddrinfo(all);
    if (out->n == 0)
        q->result = DNS_NO_DATA;
}

/* Waits for its sockets and for the cancel, at most until the deadline. */
static void wait_step(struct dns *d, int64_t deadline)
{
    ares_socket_t fds[ARES_GETSOCK_MAXNUM];
    struct pollfd polls[ARES_GETSOCK_MAXNUM + 1];
    nfds_t n = 0;
    int bits = ares_getsock(d->channel, fds, ARES_GETSOCK_MAXNUM);
    for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
        bool in = ARES_GETSOCK_READABLE((unsigned)bits, i);
        bool out = ARES_GETSOCK_WRITABLE((unsigned)bits, i);
        if (in || out)
            polls[n++] =
                (struct pollfd){ .fd = fds[i],
                                 .events = (short)((in ? POLLIN : 0) | (out ? POLLOUT : 0)) };
    }
    polls[n] = (struct pollfd){ .fd = net_cancel_fd(d->cancel), .events = POLLIN };
    struct timeval most = { .tv_sec = clock_left_ms(deadline) / 1000 + 1 }, room;
    const struct timeval *next = ares_timeout(d->channel, &most, &room);
    int64_t next_ms = (int64_t)next->tv_sec * 1000 + next->tv_usec / 1000 + 1;
    int left = clock_left_ms(deadline);
    if (poll(polls, n + 1, next_ms < left ? (int)next_ms : left) <= 0)
        n = 0;
    for (nfds_t i = 0; i < n; i++) {
        bool broken = (polls[i].revents & (POLLERR | POLLHUP)) != 0;
        bool in = broken || (polls[i].revents & POLLIN) != 0;
        bool out = (polls[i].revents & POLLOUT) != 0;
        if (in || out)
            ares_process_fd(d->channel, in ? polls[i].fd : ARES_SOCKET_BAD,
                            out ? polls[i].fd : ARES_SOCKET_BAD);
    }
    ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what has waited too long */
}

/* The sentence for what was not found. */
static void explain(const struct question *q, const char *name, struct error *err)
{
    if (net_cancel_is_set(q->d->cancel) && q->result == DNS_FAILED) {
        error_set(err, ERR_CANCELLED, RETRY_LATER, _("stopped"));
        return;
    }
    switch (q->result) {
    case DNS_OK:
        return;
    case DNS_NO_NAME:
        error_set(err, ERR_ADDRESS, RETRY_NEVER, _("there is no domain or host %s"), name);
        return;
    case DNS_NO_DATA:
        error_set(err, ERR_ADDRESS, RETRY_NEVER, _("the DNS has no address for %s"), name);
        return;
    case DNS_FAILED:
        error_set(err, ERR_NET, RETRY_LATER, _("the DNS does not answer about %s: %s"), name,
                  ares_strerror(q->status));
        return;
    }
}

static enum dns_result question_finish(struct dns *d, struct question *q, const char *kind,
                                       const char *name, struct error *err)
{
    int64_t deadline = clock_mono_ms() + d->wait_ms;
    while (!q->done && !net_cancel_is_set(d->cancel) && clock_left_ms(deadline) > 0)
        wait_step(d, deadline);
    if (!q->done) {
        ares_cancel(d->channel);
        q->done = true;
        q->result = DNS_FAILED;
        q->status = ARES_ETIMEOUT;
    }
    explain(q, name, err);
    log_line(d->log, LOG_DEBUG, "dns: %s %s: %s", name, kind,
             q->result == DNS_OK ? "found" : err->text);
    return q->result;
}

static enum dns_result ask(struct dns *d, const char *name, int type, struct question *q,
                           struct error *err)
{
    if (sys_fault(FAULT_CONNECT, "dns ask") != 0) {
        question_ends(q, ARES_ECONNREFUSED);
        explain(q, name, err);
        return DNS_FAILED;
    }
    ares_query(d->channel, name, ns_c_in, type, on_answer, q);
    return question_finish(d, q, type == ns_t_mx ? "MX" : "SRV", name, err);
}

static enum dns_result read_mx(struct str answer, unsigned *random, void *out)
{
    return dns_mx_read(answer, random, out);
}

static enum dns_result read_srv(struct str answer, unsigned *random, void *out)
{
    return dns_srv_read(answer, random, out);
}

enum dns_result dns_mx(struct dns *d, const char *domain, struct dns_mx_list *out,
                       struct error *err)
{
    struct question q = { .d = d, .read = read_mx, .out = out };
    out->n = 0;
    return ask(d, domain, ns_t_mx, &q, err);
}

enum dns_result dns_srv(struct dns *d, const char *name, struct dns_srv_list *out,
                        struct error *err)
{
    struct question q = { .d = d, .read = read_srv, .out = out };
    out->n = 0;
    return ask(d, name, ns_t_srv, &q, err);
}

static bool is_numeric(const char *host)
{
    struct in6_addr any;
    return inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1;
}

enum dns_result dns_addresses(struct dns *d, const char *host, struct dns_addresses *out,
                              struct error *err)
{
    struct question q = { .d = d, .out = out };
    struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
    out->n = 0;
    if (is_numeric(host)) {
        snprintf(out->text[out->n++], DNS_ADDRESS_MAX, "%s", host);
        return DNS_OK;
    }
    ares_getaddrinfo(d->channel, host, NULL, &hints, on_addresses, &q);
    return question_finish(d, &q, "A/AAAA", host, err);
}
