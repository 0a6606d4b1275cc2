/* SPDX-License-Identifier: MIT */
/* dns.h - questions to the DNS, by c-ares: mail exchangers (MX), addresses (A and AAAA), services
 * (SRV, RFC 6186). Each has a deadline and can be cancelled; answers are copied out, with ceilings.
 * What an answer says is not trusted: names are checked, the rest is dropped.
 * Must not know: SMTP, what the answers are for. */
#ifndef TMAIL_NET_DNS_H
#define TMAIL_NET_DNS_H

#include "net/stream.h"

enum {
    DNS_NAME_MAX = 254, /* RFC 1035 §2.3.4, written out, with its NUL */
    DNS_ADDRESS_MAX = 46,
    DNS_MX_MAX = 100, /* more in one answer are dropped, those of the highest preference number */
    DNS_SRV_MAX = 100,
    DNS_ADDRESSES_MAX = 64,
    DNS_SERVERS_MAX = 8 /* of the system */
};

/* NO_NAME: the name does not exist (NXDOMAIN), NO_DATA: it has nothing of that kind; both with
 * RETRY_NEVER. FAILED: nobody knows (SERVFAIL, REFUSED, nonsense, no answer in time), RETRY_LATER,
 * or ERR_CANCELLED. */
enum dns_result { DNS_OK, DNS_NO_DATA, DNS_NO_NAME, DNS_FAILED };

struct dns_mx {
    uint16_t preference;
    char host[DNS_NAME_MAX]; /* "" for the root: the null MX of RFC 7505 */
};
struct dns_mx_list {
    struct dns_mx mx[DNS_MX_MAX];
    size_t n;
};
struct dns_addresses {
    char text[DNS_ADDRESSES_MAX][DNS_ADDRESS_MAX]; /* numeric, as RFC 6724 orders them */
    size_t n;
};
struct dns_srv {
    uint16_t priority, weight, port;
    char host[DNS_NAME_MAX];
};
struct dns_srv_list {
    struct dns_srv srv[DNS_SRV_MAX];
    size_t n;
};

struct dns_setup {
    const char *servers; /* "ADDR:PORT" or "ADDR", several with commas; NULL: the system's */
    bool hosts;          /* the names of /etc/hosts as well, for addresses */
    int wait_ms;         /* for one question, all servers and tries together; 0: 30 s */
    unsigned seed;       /* of the order among equals */
    struct net_cancel *cancel;
    struct log *log;
};
/* ERR_USAGE for what servers cannot be. */
int dns_servers_check(const char *servers, struct error *err) MUST_CHECK;

struct dns;
/* Once in main, before the first thread, and at its end. */
int dns_init(struct error *err) MUST_CHECK;
void dns_cleanup(void);
/* The system's servers as dns_setup wants them, for a program that will not be able to read
 * /etc/resolv.conf later; empty when it has none. */
int dns_system_servers(struct buf *out, struct error *err) MUST_CHECK;
/* Keeps cancel and log; belongs to one thread. NULL with ERR_CONFIG (servers), ERR_SYS. */
struct dns *dns_new(const struct dns_setup *setup, struct error *err);
void dns_free(struct dns **d);

/* Sorted by preference, equal ones shuffled. A null MX is one row with an empty host. */
enum dns_result dns_mx(struct dns *d, const char *domain, struct dns_mx_list *out,
                       struct error *err) MUST_CHECK;
/* Both families in one question; of a number itself, unasked. DNS_OK means that there is at least one. */
enum dns_result dns_addresses(struct dns *d, const char *host, struct dns_addresses *out,
                              struct error *err) MUST_CHECK;
/* name: "_submission._tcp.example.org". Sorted by priority, those of equal priority in the random
 * order of their weights (RFC 2782). */
enum dns_result dns_srv(struct dns *d, const char *name, struct dns_srv_list *out,
                        struct error *err) MUST_CHECK;

/* The parts of it that are pure, for tests: the answer to an MX or SRV question as it came over the
 * wire. *random: the state of the shuffle, changed. */
enum dns_result dns_mx_read(struct str answer, unsigned *random, struct dns_mx_list *out);
enum dns_result dns_srv_read(struct str answer, unsigned *random, struct dns_srv_list *out);
/* A domain of any script as it is asked for and connected to: A-labels (RFC 5890), ASCII in lower
 * case, without a dot at the end. ERR_ADDRESS for what no host is called; out is DNS_NAME_MAX long. */
int dns_ascii(const char *domain, char *out, struct error *err) MUST_CHECK;
/* A name that may be asked for and connected to: letters, digits, hyphens, underscores, dots;
 * labels of 1 to 63, 253 in all; a dot at the end is allowed. */
bool dns_name_ok(struct str name);

#endif
