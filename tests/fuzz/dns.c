/* SPDX-License-Identifier: MIT */
/* Answers of the DNS as they come over the wire, and domains of any script. Every name that comes
 * out is one that may be asked for. */
#include "fuzz.h"

#include <stdlib.h>

#include "net/dns.h"
#include "base/banned.h"

enum { ANSWER_MX, ANSWER_SRV, DOMAIN_NAME, KINDS };

static void host_check(const char *host)
{
    if (host[0] != '\0' && !dns_name_ok(str_c(host)))
        abort();
}

static void mx(struct str in)
{
    static struct dns_mx_list list;
    unsigned random = (unsigned)in.n;
    enum dns_result rc = dns_mx_read(in, &random, &list);
    if (list.n > DNS_MX_MAX || (rc == DNS_OK && list.n == 0))
        abort();
    for (size_t i = 0; i < list.n; i++) {
        host_check(list.mx[i].host);
        if (i > 0 && list.mx[i - 1].preference > list.mx[i].preference)
            abort();
    }
}

static void srv(struct str in)
{
    static struct dns_srv_list list;
    unsigned random = (unsigned)in.n;
    enum dns_result rc = dns_srv_read(in, &random, &list);
    if (list.n > DNS_SRV_MAX || (rc == DNS_OK && list.n == 0))
        abort();
    for (size_t i = 0; i < list.n; i++) {
        host_check(list.srv[i].host);
        if (i > 0 && list.srv[i - 1].priority > list.srv[i].priority)
            abort();
    }
}

static void domain(struct str in)
{
    char out[DNS_NAME_MAX], again[DNS_NAME_MAX];
    struct error err;
    char *text = fuzz_copy(in);
    if (dns_ascii(text, out, &err) == 0) {
        if (!dns_name_ok(str_c(out)) || dns_ascii(out, again, &err) != 0)
            abort();
        fuzz_same(str_c(out), str_c(again));
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    unsigned kind = fuzz_choice(&in) % KINDS;
    char *copy = fuzz_copy(in); /* so that a byte read too far is seen */
    struct str exact = { copy, in.n };
    if (kind == ANSWER_MX)
        mx(exact);
    else if (kind == ANSWER_SRV)
        srv(exact);
    else
        domain(in);
    free(copy);
    return 0;
}
