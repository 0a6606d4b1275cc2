/* SPDX-License-Identifier: MIT */
/* The table of what --limit sets. */
#include <inttypes.h>
#include <stddef.h>

#include "base/i18n.h"
#include "server/limits.h"
#include "server/options.h"
#include "base/banned.h"

static const struct {
    const char *name;
    size_t where;
    uint64_t usual, least, most;
    const char *help;
} rows[] = {
#define ROW(name, field) name, offsetof(struct server_limits, field)
    { ROW("connections", connections), SERVER_CONNECTIONS_MAX, 1, SERVER_CONNECTIONS_TOP,
      N_("connections in all") },
    { ROW("per-address", per_address), SERVER_ADDRESS_CONNECTIONS_MAX, 1, SERVER_CONNECTIONS_TOP,
      N_("connections of one address; the loopback has as many as there are") },
    { ROW("message", message), SERVER_MESSAGE_MAX, 1 << 10, SERVER_MESSAGE_MAX,
      N_("bytes of a message") },
    { ROW("recipients", recipients), SMTP_RCPT_MAX, 1, 100000, N_("recipients of a message") },
    { ROW("rate", rate), 0, 0, 60000, N_("messages of a client in a minute; 0: any number") },
    { ROW("errors", errors), SERVER_ERRORS_MAX, 1, 100000,
      N_("mistakes of a session before it is ended") },
    { ROW("login-time", login_s), SERVER_LOGIN_S, 1, 3600,
      N_("seconds until somebody is logged in") },
    { ROW("command-time", command_s), SERVER_COMMAND_S, 1, 86400,
      N_("seconds between two commands") },
    { ROW("idle-time", idle_s), SERVER_IDLE_S, 1, 86400, N_("seconds of silence in IMAP") },
    { ROW("write-time", write_s), SERVER_WRITE_S, 1, 3600,
      N_("seconds until a client takes what is sent") },
    { ROW("connect-time", connect_s), RELAY_CONNECT_S, 1, 3600,
      N_("seconds until another server is reached") },
    { ROW("reply-time", reply_s), RELAY_REPLY_S, 1, 3600,
      N_("seconds until another server answers") },
    { ROW("dot-time", dot_s), RELAY_DOT_S, 1, 86400, N_("the same once it has all of a message") },
    { ROW("dns-time", dns_s), RELAY_DNS_S, 1, 3600, N_("seconds until the DNS answers") },
    { ROW("agent-time", agent_s), AGENT_COMMAND_S, 1, 86400,
      N_("seconds for a command of --agent") },
    { ROW("queue", queue), QUEUE_MAX, 1, 1000000, N_("messages in the queue") },
    { ROW("queue-workers", queue_workers), QUEUE_WORKERS, 1, 500,
      N_("attempts to send at a time") },
    { ROW("destination", destination), QUEUE_DESTINATION, 1, 500,
      N_("attempts at a time to one destination") },
#undef ROW
};

static uint64_t *field(struct server_limits *l, size_t row)
{
    return (uint64_t *)(void *)((char *)l + rows[row].where);
}

void options_limits_default(struct server_limits *l)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        *field(l, i) = rows[i].usual;
}

void options_limits_usage(struct buf *out)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        buf_addf(out, "%-14s %10" PRIu64 "  %s\n", rows[i].name, rows[i].usual, _(rows[i].help));
}

int options_limit_set(struct server_limits *l, const char *value, struct error *err)
{
    struct str number = str_c(value);
    struct str name;
    uint64_t n;
    if (str_until(&number, '=', &name) != 0 || str_u64(&number, &n) != 0 || number.n != 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("--limit needs NAME=N; see --limit help"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (!str_eqc(name, rows[i].name))
            continue;
        if (n < rows[i].least || n > rows[i].most)
            return error_set(err, ERR_USAGE, RETRY_NEVER,
                             _("--limit %s takes %" PRIu64 " to %" PRIu64), rows[i].name,
                             rows[i].least, rows[i].most);
        *field(l, i) = n;
        return 0;
    }
    return error_set(err, ERR_USAGE, RETRY_NEVER, _("there is no limit %.*s; see --limit help"),
                     STR_ARG(name));
}
