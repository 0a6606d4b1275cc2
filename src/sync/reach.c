/* SPDX-License-Identifier: MIT */
#include "sync/reach.h"

#include "base/i18n.h"
#include "base/banned.h"

void reach_read(const json_t *question, struct reach *out)
{
    const json_t *o = json_object_get(question, "reach"), *routes = json_object_get(o, "routes"),
                 *v;
    size_t i;
    *out = (struct reach){ .dns = json_string_value(json_object_get(o, "dns")),
                           .ca_file = json_string_value(json_object_get(o, "ca")) };
    json_array_foreach(routes, i, v) if (json_is_string(v) && out->routes_n < AUTOCONFIG_ROUTES_MAX)
        out->routes[out->routes_n++] = json_string_value(v);
}

/* HOST:PORT:ADDRESS:PORT for this host and port. */
static bool route_fits(struct str route, const struct endpoint *ep, struct str *address,
                       uint32_t *port)
{
    struct str host, from;
    uint32_t number = 0;
    if (str_until(&route, ':', &host) != 0 || str_until(&route, ':', &from) != 0 ||
        str_until(&route, ':', address) != 0 || str_u32(&route, port) != 0)
        return false;
    if (from.n > 0 && (str_u32(&from, &number) != 0 || number != ep->port))
        return false;
    return host.n == 0 || str_ieqc(host, ep->host);
}

int reach_endpoint(const struct reach *r, struct arena *a, struct endpoint *ep, struct error *err)
{
    struct str address;
    uint32_t port;
    if (r->ca_file != NULL)
        ep->ca_file = r->ca_file;
    if (r->routes_n == 0)
        return 0;
    for (size_t i = 0; i < r->routes_n; i++)
        if (route_fits(str_c(r->routes[i]), ep, &address, &port)) {
            ep->address = arena_str(a, address).p;
            ep->port = (uint16_t)port;
            return 0;
        }
    return error_set(err, ERR_NET, RETRY_LATER, _("there is no way to %s"), ep->host);
}
