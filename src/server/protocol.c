/* SPDX-License-Identifier: MIT */
#include "server/protocol.h"

#include <stdlib.h>

#include "server/deliver.h"
#include "server/faulty.h"
#include "server/imapd.h"
#include "server/maillog.h"
#include "server/popd.h"
#include "server/smtpd.h"
#include "server/store.h"
#include "server/vclock.h"
#include "base/banned.h"

struct protocol_own {
    struct smtpd_ops smtp;
};

/* ---- what SMTP sessions ask for ---- */

static enum rcpt_kind smtp_rcpt(void *arg, struct str local, struct str domain,
                                struct rcpt_list *out)
{
    struct protocol_env *env = arg;
    return desk_rcpt(env->desk, local, domain, out);
}

static bool smtp_rate(void *arg)
{
    struct protocol_env *env = arg;
    return env->options->limits.rate == 0 ||
           desk_rate(env->desk, str_c(env->peer), env->options->limits.rate);
}

static int smtp_deliver(void *arg, struct deliver_mail *mail, struct error *err)
{
    struct protocol_env *env = arg;
    return deliver_do(env->desk, env->options, env->log, mail, err);
}

static void smtp_refused(void *arg, const char *id, struct str sender, struct str to, unsigned code)
{
    struct protocol_env *env = arg;
    maillog_refused(env->log, id, sender, to, env->peer, code);
}

static bool smtp_room(void *arg, uint64_t bytes)
{
    struct protocol_env *env = arg;
    return desk_room(env->desk, bytes);
}

static int64_t smtp_name(void *arg, char id[MAILID_MAX])
{
    struct protocol_env *env = arg;
    return mailid_make(env->desk->clock, id);
}

/* ---- sessions ---- */

static void *smtp_start(struct protocol_env *env, struct buf *out)
{
    env->own = xcalloc(1, sizeof *env->own);
    env->own->smtp = (struct smtpd_ops){ .rcpt = smtp_rcpt,
                                         .rate = smtp_rate,
                                         .deliver = smtp_deliver,
                                         .refused = smtp_refused,
                                         .room = smtp_room,
                                         .name = smtp_name,
                                         .arg = env };
    struct smtpd_setup setup = { .options = env->options,
                                 .ops = &env->own->smtp,
                                 .sasl = desk_sasl(env->desk, env->options, env->peer, "smtp"),
                                 .peer = env->peer,
                                 .tmp_dir = env->desk->tmp_dir,
                                 .submission =
                                     env->port == PORT_SUBMISSION || env->port == PORT_SUBMISSIONS,
                                 .lmtp = env->port == PORT_LMTP,
                                 .loopback = env->loopback,
                                 .trusted = options_may_relay(env->options, env->peer),
                                 .relays = env->desk->mailq != NULL,
                                 .secure = env->secure,
                                 .starttls = env->starttls };
    return smtpd_new(&setup, out);
}

static void *imap_start(struct protocol_env *env, struct buf *out)
{
    struct error err;
    struct imapd_setup setup = { .options = env->options,
                                 .desk = env->desk,
                                 .peer = env->peer,
                                 .host = env->options->host,
                                 .loopback = env->loopback,
                                 .secure = env->secure,
                                 .starttls = env->starttls,
                                 .flush = env->flush,
                                 .arg = env->arg };
    return imapd_new(&setup, out, &err);
}

static void *pop3_start(struct protocol_env *env, struct buf *out)
{
    struct popd_setup setup = { .options = env->options,
                                .desk = env->desk,
                                .peer = env->peer,
                                .host = env->options->host,
                                .loopback = env->loopback,
                                .secure = env->secure,
                                .starttls = env->starttls,
                                .flush = env->flush,
                                .arg = env->arg };
    return popd_new(&setup, out);
}

static const char smtp_full[] = "421 4.3.2 too many connections\r\n";
static const char imap_full[] = "* BYE too many connections\r\n";
static const char pop3_full[] = "-ERR [SYS/TEMP] too many connections\r\n";

static const struct {
    const struct session_ops *ops;
    void *(*start)(struct protocol_env *env, struct buf *out);
    const char *too_many;
    bool tls;
} protocols[SERVER_PORTS] = {
    [PORT_SMTP] = { &smtpd_ops, smtp_start, smtp_full, false },
    [PORT_SUBMISSION] = { &smtpd_ops, smtp_start, smtp_full, false },
    [PORT_SUBMISSIONS] = { &smtpd_ops, smtp_start, smtp_full, true },
    [PORT_LMTP] = { &smtpd_ops, smtp_start, smtp_full, false },
    [PORT_POP3] = { &popd_ops, pop3_start, pop3_full, false },
    [PORT_POP3S] = { &popd_ops, pop3_start, pop3_full, true },
    [PORT_IMAP] = { &imapd_ops, imap_start, imap_full, false },
    [PORT_IMAPS] = { &imapd_ops, imap_start, imap_full, true },
};

bool protocol_is_tls(enum server_port port)
{
    return protocols[port].tls;
}

const struct session_ops *protocol_start(struct protocol_env *env, void **s, struct buf *out)
{
    if (desk_has_faults(env->desk))
        return faulty_start(env, protocols[env->port].ops, protocols[env->port].start, s, out);
    *s = protocols[env->port].start(env, out);
    return protocols[env->port].ops;
}

void protocol_end(struct protocol_env *env, const struct session_ops *ops, void **s)
{
    ops->free(s);
    free(env->own);
    env->own = NULL;
}

const char *protocol_too_many(enum server_port port)
{
    return protocols[port].too_many;
}
