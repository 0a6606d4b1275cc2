/* SPDX-License-Identifier: MIT */
#include "cli/setup.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/i18n.h"
#include "bus/jline.h"
#include "cli/probe.h"
#include "cli/tty.h"
#include "base/banned.h"

enum { NAME_MAX_BYTES = 200, TRIES_MAX = 3 };

/* ------------------------------------------------------------------ who it is */

/* What the system calls the person: the first field of GECOS, & being the login's name (passwd(5)). */
static struct str system_name(struct arena *a)
{
    const struct passwd *pw = getpwuid(getuid());
    struct buf out = BUF_INIT(NAME_MAX_BYTES);
    if (pw == NULL || pw->pw_gecos == NULL)
        return STR("");
    struct str gecos = str_c(pw->pw_gecos);
    gecos = str_head(gecos, str_find(gecos, ','));
    for (size_t i = 0; i < gecos.n; i++)
        if (gecos.p[i] != '&')
            buf_addc(&out, gecos.p[i]);
        else {
            buf_addc(&out, ascii_upper(pw->pw_name[0]));
            buf_adds(&out, pw->pw_name[0] != '\0' ? pw->pw_name + 1 : "");
        }
    bool is_login = str_eqc(str_trim(buf_str(&out)), pw->pw_name); /* nobody is called so */
    struct str name = out.over || is_login ? STR("") : arena_str(a, str_trim(buf_str(&out)));
    buf_free(&out);
    return name;
}

/* Without what would need quotes in an address, which no value of tmailrc can hold. */
static struct str plain_name(struct arena *a, struct str name)
{
    struct buf out = BUF_INIT(NAME_MAX_BYTES);
    for (size_t i = 0; i < name.n; i++) {
        char c = strchr("\"\\<>,;:()[]@", name.p[i]) != NULL ? ' ' : name.p[i];
        if (c != ' ' || (out.len > 0 && out.data[out.len - 1] != ' '))
            buf_addc(&out, c);
    }
    struct str plain = arena_str(a, str_trim(buf_str(&out)));
    buf_free(&out);
    return plain;
}

static bool is_address(struct str s)
{
    size_t at = str_rfind(s, '@');
    return at > 0 && at + 1 < s.n && write_value_fits(s) && str_find(s, ' ') == s.n &&
           str_find(s, '<') == s.n && str_find(s, '>') == s.n;
}

/* One line, or otherwise where nothing is typed. 0, 1, -1. */
static int ask(struct setup *s, const char *question, struct str otherwise, struct str *out,
               struct error *err)
{
    struct buf answer = BUF_INIT(TTY_LINE_MAX), text = BUF_INIT(TTY_LINE_MAX);
    buf_adds(&text, question);
    if (otherwise.n > 0)
        buf_addf(&text, " [%.*s]", STR_ARG(otherwise));
    buf_addc(&text, ':');
    int rc = tty_ask(s->tty, buf_str(&text), false, &answer, err);
    *out = answer.len > 0 ? arena_str(s->arena, buf_str(&answer)) : otherwise;
    buf_free(&answer);
    buf_free(&text);
    return rc;
}

/* The address inside of "Jane Roe <jane@example.org>". */
static struct str bare_address(struct str s)
{
    size_t open = str_rfind(s, '<');
    if (open == s.n)
        return s;
    s = str_skip(s, open + 1);
    return str_head(s, str_find(s, '>'));
}

int setup_who(struct setup *s, const char *address, struct error *err)
{
    struct str known = s->mutt.realname.n > 0 ? s->mutt.realname : system_name(s->arena);
    s->address = address != NULL ? arena_cstr(s->arena, address)
                                 : arena_str(s->arena, bare_address(s->mutt.from));
    for (int i = 0; !is_address(s->address); i++) {
        if (s->address.n > 0)
            tty_say(s->tty, _("%.*s is no e-mail address."), STR_ARG(s->address));
        if (i == TRIES_MAX || address != NULL)
            return error_set(err, ERR_ADDRESS, RETRY_NEVER, _("an e-mail address is needed"));
        int rc = ask(s, _("Your e-mail address"), STR(""), &s->address, err);
        if (rc != 0)
            return rc;
    }
    int rc = ask(s, _("Your name, as others see it"), known, &s->name, err);
    s->name = plain_name(s->arena, s->name);
    return rc;
}

/* ------------------------------------------------------------------ which servers */

struct finding {
    struct setup *s;
    json_t *found;
};

static void see_finding(void *arg, const json_t *line)
{
    struct finding *f = arg;
    struct str say = jline_text(line, "say");
    if (str_eqc(say, "progress"))
        tty_say(f->s->tty, "  %.*s", STR_ARG(jline_text(line, "text")));
    else if (str_eqc(say, "found")) {
        json_decref(f->found);
        f->found = json_deep_copy(line);
    }
}

static int find(struct setup *s, struct error *err)
{
    struct finding f = { .s = s };
    json_t *q = json_object();
    jline_put(q, "probe", STR("find"));
    jline_put(q, "address", s->address);
    json_object_set_new(q, "directory", json_boolean(s->directory));
    tty_say(s->tty, _("Looking for the mail servers of %.*s ..."), STR_ARG(s->address));
    int rc = cli_probe_run(q, NULL, s->tty, see_finding, &f, err);
    s->found = f.found;
    return rc;
}

static void add_server(json_t *list, const char *protocol, struct str host, int64_t port,
                       const char *tls, struct str user)
{
    json_t *o = json_object();
    jline_put(o, "protocol", str_c(protocol));
    jline_put(o, "host", host);
    jline_put_number(o, "port", port);
    jline_put(o, "tls", str_c(tls));
    jline_put(o, "user", user);
    json_array_append_new(list, o);
}

/* "HOST", "HOST:PORT", "pop3:HOST" to servers that are worth a try. */
static json_t *typed_servers(struct setup *s, struct str typed, bool sending)
{
    json_t *list = json_array();
    bool pop3 = !sending && str_ilit(&typed, "pop3:") == 0;
    const char *protocol = sending ? "smtp" : pop3 ? "pop3" : "imap";
    struct str host = str_head(typed, str_find(typed, ':'));
    struct str rest = str_skip(typed, host.n + 1);
    uint32_t port = 0;
    if (host.n > 0 && host.n < typed.n && str_u32(&rest, &port) == 0 && port > 0 &&
        port <= UINT16_MAX) {
        add_server(list, protocol, host, port, "direct", s->address);
        add_server(list, protocol, host, port, "starttls", s->address);
    } else if (host.n > 0 && host.n == typed.n) {
        add_server(list, protocol, host, sending ? 465 : pop3 ? 995 : 993, "direct", s->address);
        add_server(list, protocol, host, sending ? 587 : pop3 ? 110 : 143, "starttls", s->address);
    }
    return list;
}

static int ask_side(struct setup *s, bool sending, struct error *err)
{
    const char *side = sending ? "send" : "receive";
    struct str typed;
    for (int i = 0; i < TRIES_MAX && json_array_size(json_object_get(s->found, side)) == 0; i++) {
        int rc =
            ask(s,
                sending ? _("The server for sending (SMTP), as HOST or HOST:PORT")
                        : _("The server for receiving (IMAP), as HOST or HOST:PORT, or pop3:HOST"),
                STR(""), &typed, err);
        if (rc != 0)
            return rc;
        json_object_set_new(s->found, side, typed_servers(s, typed, sending));
    }
    if (json_array_size(json_object_get(s->found, side)) == 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("without a server there is no account"));
    return 0;
}

int setup_type_servers(struct setup *s, struct error *err)
{
    /* nor is anybody's token for servers that they did not name */
    static const char *const gone[] = { "receive", "send", "oauth", "hint", "sign-in", "provider" };
    for (size_t i = 0; i < COUNT(gone); i++)
        json_object_del(s->found, gone[i]);
    int rc = ask_side(s, false, err);
    return rc == 0 ? ask_side(s, true, err) : rc;
}

/* A server that a muttrc names, as a list of one; NULL: none. */
static json_t *mutt_list(struct setup *s, struct str url, struct str user, bool sending)
{
    struct muttrc_server m;
    if (muttrc_server(s->arena, url, &m) != 0 || (strcmp(m.protocol, "smtp") == 0) != sending)
        return NULL;
    json_t *list = json_array();
    if (m.user.n > 0)
        user = m.user;
    add_server(list, m.protocol, m.host, m.port, m.direct ? "direct" : "starttls",
               user.n > 0 ? user : s->address);
    return list;
}

static json_t *mutt_receive(struct setup *s)
{
    const struct muttrc *m = &s->mutt;
    json_t *list = mutt_list(s, m->folder, m->imap_user, false);
    if (list == NULL)
        list = mutt_list(s, m->spoolfile, m->imap_user, false);
    if (list == NULL && m->pop_host.n > 0 && str_search(m->pop_host, STR("://")) == m->pop_host.n)
        list = mutt_list(s, str_c(arena_fmt(s->arena, "pop://%.*s", STR_ARG(m->pop_host))),
                         m->pop_user, false);
    return list != NULL ? list : mutt_list(s, m->pop_host, m->pop_user, false);
}

/* What a muttrc says holds; what it does not say is looked for. */
int setup_servers(struct setup *s, struct error *err)
{
    json_t *receive = mutt_receive(s);
    json_t *send = mutt_list(s, s->mutt.smtp_url, s->mutt.imap_user, true);
    int rc = receive == NULL || send == NULL ? find(s, err) : 0;
    if (rc != 0 && err->code == ERR_NOINPUT) {
        tty_say(s->tty, "%s", err->text);
        rc = 0;
    }
    if (s->found == NULL)
        s->found = json_object();
    if (receive != NULL)
        json_object_set(s->found, "receive", receive);
    if (send != NULL)
        json_object_set(s->found, "send", send);
    json_decref(receive);
    json_decref(send);
    if (rc == 0)
        rc = ask_side(s, false, err);
    return rc == 0 ? ask_side(s, true, err) : rc;
}
