/* SPDX-License-Identifier: MIT */
#include "config/url.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "base/i18n.h"
#include "base/banned.h"

enum { HOST_MAX = 253, USER_MAX = 512, LMTP_PATH_MAX = 107 }; /* of sun_path */

struct scheme {
    const char *name;
    enum config_tls tls;
    uint16_t port;
};

static const struct scheme receive_schemes[] = {
    { "imaps://", CONFIG_TLS_DIRECT, 993 },
    { "imap://", CONFIG_TLS_STARTTLS, 143 },
    { "pop3s://", CONFIG_TLS_DIRECT, 995 },
    { "pop3://", CONFIG_TLS_STARTTLS, 110 },
};
static const struct scheme send_schemes[] = {
    { "smtps://", CONFIG_TLS_DIRECT, 465 },
    { "smtp://", CONFIG_TLS_STARTTLS, 587 },
};

static const struct scheme lmtp_schemes[] = { { "lmtp://", CONFIG_TLS_OFF, 24 } };

static int hex(char c)
{
    c = ascii_lower(c);
    if (ascii_is_digit(c))
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 3986 §2.1. -1 for a bad escape, and for control characters: %00 would cut the string. */
static int percent_decode(struct str in, struct buf *out)
{
    for (size_t i = 0; i < in.n; i++) {
        int c = (unsigned char)in.p[i];
        if (c == '%') {
            if (i + 2 >= in.n || hex(in.p[i + 1]) < 0 || hex(in.p[i + 2]) < 0)
                return -1;
            c = hex(in.p[i + 1]) * 16 + hex(in.p[i + 2]);
            i += 2;
        }
        if (c < 0x20 || c == 0x7F)
            return -1;
        buf_addc(out, (char)c);
    }
    return 0;
}

static bool host_is_sound(struct str host)
{
    if (host.n == 0 || host.n > HOST_MAX || host.p[0] == '-')
        return false;
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        if (!ascii_is_alnum(c) && c != '.' && c != '-' && c != ':' && c != '_' &&
            (unsigned char)c < 0x80)
            return false;
    }
    return true;
}

static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (str_ieqc(str_c(host), "localhost"))
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static int bad_url(struct str url, const char *why, struct error *err)
{
    return error_set(err, ERR_CONFIG, RETRY_NEVER, "\"%.*s\": %s", STR_ARG(url), why);
}

/* "host", "host:port", "[v6]", "[v6]:port". */
static int split_host(struct str url, struct str rest, struct config_server *out, struct error *err)
{
    struct str host;
    uint64_t port;
    if (str_lit(&rest, "[") == 0) {
        if (str_until(&rest, ']', &host) != 0)
            return bad_url(url, _("the bracket is not closed"), err);
    } else {
        size_t colon = str_find(rest, ':');
        host = str_head(rest, colon);
        rest = str_skip(rest, colon);
    }
    if (!host_is_sound(host))
        return bad_url(url, _("there is no usable host name in it"), err);
    if (str_lit(&rest, ":") == 0) {
        if (str_u64(&rest, &port) != 0 || port == 0 || port > 65535)
            return bad_url(url, _("the port must be 1 to 65535"), err);
        out->port = (uint16_t)port;
    }
    (void)str_lit(&rest, "/");
    if (rest.n > 0)
        return bad_url(url, _("text behind the host"), err);
    out->host = xmemdup0(host.p, host.n);
    out->loopback = is_loopback(out->host);
    return 0;
}

static int split_server(struct str url, struct str rest, struct config_server *out,
                        struct error *err)
{
    size_t at = str_rfind(rest, '@');
    if (at < rest.n) {
        struct buf user = BUF_INIT(USER_MAX);
        struct str raw = str_head(rest, at);
        int rc = 0;
        if (str_find(raw, ':') < raw.n)
            rc = bad_url(url, _("a password does not belong here: use password-command"), err);
        else if (percent_decode(raw, &user) != 0 || user.over || user.len == 0)
            rc = bad_url(url, _("the user name cannot be read"), err);
        else
            out->user = xstrdup(buf_c(&user));
        buf_free(&user);
        if (rc != 0)
            return rc;
        rest = str_skip(rest, at + 1);
    }
    return split_host(url, rest, out, err);
}

/* 0; 1 when the URL has none of the schemes. */
static int parse(struct str url, const struct scheme *schemes, size_t n, struct config_server *out,
                 struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct str rest = url;
        if (str_ilit(&rest, schemes[i].name) != 0)
            continue;
        out->tls = schemes[i].tls;
        out->port = schemes[i].port;
        return split_server(url, rest, out, err);
    }
    return 1;
}

/* The engine works in another folder than whoever wrote it. */
static int absolute(struct str url, struct str path, char **out, struct error *err)
{
    const char *home = getenv("HOME");
    while (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    struct str below = path;
    bool at_home = str_lit(&below, "~/") == 0 || str_eqc(path, "~");
    if (at_home && (home == NULL || home[0] != '/'))
        return bad_url(url, _("there is no home folder"), err);
    if (at_home)
        *out = xasprintf("%s/%.*s", home, str_eqc(path, "~") ? 0 : (int)below.n, below.p);
    else if (str_starts(path, "/"))
        *out = xmemdup0(path.p, path.n);
    else
        return bad_url(url, _("the path must begin with / or ~/"), err);
    return 0;
}

/* maildir:PATH, mbox:PATH, and mbox:PATH:INBOX=FILE as Dovecot has it. */
static int parse_path(struct str url, struct str path, bool mbox, struct config_server *out,
                      struct error *err)
{
    static const char mark[] = ":INBOX=";
    const char *at = mbox ? memmem(path.p, path.n, mark, sizeof mark - 1) : NULL;
    struct str inbox = at != NULL ? str_skip(path, (size_t)(at - path.p) + sizeof mark - 1) : path;
    if (at != NULL)
        path.n = (size_t)(at - path.p);
    if (absolute(url, path, &out->path, err) != 0 ||
        (at != NULL && absolute(url, inbox, &out->inbox, err) != 0))
        return -1;
    out->host = xstrdup("localhost");
    out->loopback = true;
    return 0;
}

int config_url_receive(struct str url, enum config_receive *kind, struct config_server *out,
                       struct error *err)
{
    struct str path = url;
    if (str_ilit(&path, "maildir:") == 0) {
        *kind = RECEIVE_MAILDIR;
        return parse_path(url, path, false, out, err);
    }
    if (str_ilit(&path, "mbox:") == 0) {
        *kind = RECEIVE_MBOX;
        return parse_path(url, path, true, out, err);
    }
    int rc = parse(url, receive_schemes, COUNT(receive_schemes), out, err);
    if (rc == 1)
        return bad_url(
            url, _("receive takes imaps://, imap://, pop3s://, pop3://, maildir:PATH or mbox:PATH"),
            err);
    *kind = str_istarts(url, "pop3") ? RECEIVE_POP3 : RECEIVE_IMAP;
    return rc;
}

int config_url_send(struct str url, enum config_send *kind, struct config_server *out,
                    char **command, struct error *err)
{
    struct str rest = url;
    if (str_ilit(&rest, "sendmail:") == 0) {
        if (str_trim(rest).n == 0)
            return bad_url(url, _("the command is missing"), err);
        *command = xmemdup0(rest.p, rest.n);
        *kind = SEND_SENDMAIL;
        return 0;
    }
    *kind = SEND_LMTP;
    int rc = parse(url, lmtp_schemes, COUNT(lmtp_schemes), out, err);
    if (rc != 1)
        return rc;
    if (str_ilit(&rest, "lmtp:/") == 0) {
        if (url.n - strlen("lmtp:") > LMTP_PATH_MAX)
            return bad_url(url, _("this path is too long for a socket"), err);
        out->path = xmemdup0(url.p + strlen("lmtp:"), url.n - strlen("lmtp:"));
        out->host = xstrdup("localhost");
        out->port = 24;
        out->tls = CONFIG_TLS_OFF;
        return 0;
    }
    rc = parse(url, send_schemes, COUNT(send_schemes), out, err);
    if (rc == 1)
        return bad_url(url, _("send takes smtps://, smtp://, lmtp:// or sendmail:COMMAND"), err);
    *kind = SEND_SMTP;
    return rc;
}
