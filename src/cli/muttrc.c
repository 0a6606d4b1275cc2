/* SPDX-License-Identifier: MIT */
#include "cli/muttrc.h"

#include "base/banned.h"

enum { REST_MAX = 4000 };

struct variable {
    struct str name, value;
    bool command; /* the value is that of a command in backquotes */
};
struct reader {
    struct arena *arena;
    struct variable *set;
    size_t n;
    struct buf rest;
};

/* What is not used is told, each once. */
static void not_used(struct reader *r, struct str what)
{
    struct str have = buf_str(&r->rest), one;
    what = str_head(what, 60);
    while (have.n > 0) {
        size_t end = str_search(have, STR(", "));
        one = str_head(have, end);
        if (str_eq(one, what))
            return;
        have = str_skip(have, end + 2);
    }
    if (what.n > 0 && r->rest.len + what.n + 2 < REST_MAX) {
        buf_adds(&r->rest, r->rest.len > 0 ? ", " : "");
        buf_add_str(&r->rest, what);
    }
}

static struct variable *find(struct reader *r, struct str name)
{
    for (size_t i = 0; i < r->n; i++)
        if (str_eq(r->set[i].name, name))
            return &r->set[i];
    return NULL;
}

static bool is_name(char c)
{
    return ascii_is_alnum(c) || c == '_' || c == '-';
}

static struct str take_name(struct str *in)
{
    size_t n = 0;
    while (n < in->n && is_name(in->p[n]))
        n++;
    struct str name = str_head(*in, n);
    *in = str_skip(*in, n);
    return name;
}

/* $name and ${name} of what was set before; environment variables are not known here. */
static void expand(struct reader *r, struct str *in, struct buf *out)
{
    bool brace = str_lit(in, "{") == 0;
    struct str name = take_name(in);
    const struct variable *v = find(r, name);
    if (brace)
        (void)str_lit(in, "}");
    if (v != NULL)
        buf_add_str(out, v->value);
}

/* The inside of backquotes: not run, but kept when it is all there is of the value. */
static void backquoted(struct str *in, struct buf *out, bool *command)
{
    struct str inside;
    if (str_until(in, '`', &inside) != 0) {
        inside = *in;
        *in = STR("");
    }
    *command = true;
    buf_add_str(out, inside);
}

static bool ends_word(char c)
{
    return ascii_is_space(c) || c == ';' || c == '#';
}

/* One step inside of a word; *quote is the quote that is open, or 0. */
static void word_step(struct reader *r, struct str *in, char *quote, struct buf *out, bool *command)
{
    char c = in->p[0];
    bool single = *quote == '\'';
    *in = str_skip(*in, 1);
    if (c == '\\' && !single && in->n > 0) {
        buf_addc(out, in->p[0]);
        *in = str_skip(*in, 1);
    } else if (c == *quote)
        *quote = 0;
    else if (*quote == 0 && (c == '"' || c == '\''))
        *quote = c;
    else if (c == '`' && !single)
        backquoted(in, out, command);
    else if (c == '$' && !single)
        expand(r, in, out);
    else
        buf_addc(out, c);
}

static struct str take_word(struct reader *r, struct str *in, bool *command)
{
    struct buf out = BUF_INIT(MUTTRC_VALUE_MAX);
    char quote = 0;
    *command = false;
    while (in->n > 0 && (quote != 0 || !ends_word(in->p[0])))
        word_step(r, in, &quote, &out, command);
    struct str word = out.over ? STR("") : arena_str(r->arena, buf_str(&out));
    buf_wipe(&out);
    return word;
}

static void skip_blanks(struct str *in)
{
    while (in->n > 0 && (in->p[0] == ' ' || in->p[0] == '\t'))
        *in = str_skip(*in, 1);
}

static void store(struct reader *r, struct str name, struct str value, bool command)
{
    struct variable *v = find(r, name);
    if (v == NULL && r->n < MUTTRC_VARIABLES_MAX)
        v = &r->set[r->n++];
    if (v != NULL)
        *v = (struct variable){ arena_str(r->arena, name), value, command };
}

/* set name=value name = value noname: up to the end of the line. */
static void read_set(struct reader *r, struct str line)
{
    for (;;) {
        bool command = false;
        skip_blanks(&line);
        struct str name = take_name(&line);
        if (name.n == 0)
            return;
        skip_blanks(&line);
        (void)str_lit(&line, "+");
        if (str_lit(&line, "=") == 0) {
            skip_blanks(&line);
            struct str value = take_word(r, &line, &command);
            store(r, name, value, command);
        } else if (line.n > 0 && line.p[0] == '?')
            line = str_skip(line, 1);
    }
}

static void read_line(struct reader *r, struct str line)
{
    skip_blanks(&line);
    if (line.n == 0 || line.p[0] == '#')
        return;
    struct str word = take_name(&line);
    if (str_eqc(word, "set"))
        read_set(r, line);
    else
        not_used(r, word);
}

/* A line that ends in a backslash goes on in the next. */
static void read_lines(struct reader *r, struct str text)
{
    struct buf whole = BUF_INIT(MUTTRC_FILE_MAX);
    struct str line;
    while (str_line(&text, &line)) {
        bool goes_on = str_ends(line, "\\");
        buf_add_str(&whole, goes_on ? str_head(line, line.n - 1) : line);
        if (goes_on && text.n > 0)
            continue;
        read_line(r, buf_str(&whole));
        buf_clear(&whole);
    }
    buf_wipe(&whole);
}

static struct str plain_value(struct reader *r, const char *name, const char *other)
{
    struct variable *v = find(r, str_c(name));
    if (v == NULL && other != NULL)
        v = find(r, str_c(other));
    if (v == NULL)
        return STR("");
    if (v->command)
        not_used(r, v->name);
    return v->command || !str_is_line(v->value) ? STR("") : v->value;
}

static void read_password(struct reader *r, struct muttrc *out)
{
    static const char *const names[] = { "imap_pass", "pop_pass" }; /* smtp_pass: another's */
    for (size_t i = 0; i < COUNT(names) && out->password.n + out->password_command.n == 0; i++) {
        const struct variable *v = find(r, str_c(names[i]));
        if (v == NULL || !str_is_line(v->value) || v->value.n == 0)
            continue;
        struct str *to = v->command ? &out->password_command : &out->password;
        if (to->n == 0)
            *to = v->value;
    }
}

/* Settings of which nothing was taken. */
static void read_rest(struct reader *r)
{
    static const char *const used[] = { "from",     "realname",  "real_name",  "imap_user",
                                        "folder",   "spoolfile", "spool_file", "smtp_url",
                                        "pop_host", "pop_user",  "imap_pass",  "pop_pass",
                                        "smtp_pass" };
    for (size_t i = 0; i < r->n; i++) {
        bool is_used = str_starts(r->set[i].name, "my_");
        for (size_t k = 0; k < COUNT(used); k++)
            is_used |= str_eqc(r->set[i].name, used[k]);
        if (!is_used)
            not_used(r, r->set[i].name);
    }
}

void muttrc_read(struct arena *a, struct str text, struct muttrc *out)
{
    struct reader r = { .arena = a };
    r.set = arena_array(a, MUTTRC_VARIABLES_MAX, sizeof *r.set);
    buf_init(&r.rest, REST_MAX);
    read_lines(&r, text);
    *out = (struct muttrc){ .from = plain_value(&r, "from", NULL),
                            .realname = plain_value(&r, "realname", "real_name"),
                            .imap_user = plain_value(&r, "imap_user", NULL),
                            .folder = plain_value(&r, "folder", NULL),
                            .spoolfile = plain_value(&r, "spoolfile", "spool_file"),
                            .smtp_url = plain_value(&r, "smtp_url", NULL),
                            .pop_host = plain_value(&r, "pop_host", NULL),
                            .pop_user = plain_value(&r, "pop_user", NULL) };
    read_password(&r, out);
    read_rest(&r);
    out->rest = arena_str(a, buf_str(&r.rest));
    buf_free(&r.rest);
}

static bool host_is_sound(struct str host)
{
    for (size_t i = 0; i < host.n; i++)
        if (!ascii_is_alnum(host.p[i]) && strchr(".-_", host.p[i]) == NULL)
            return false;
    return host.n > 0;
}

static void percent_decode(struct arena *a, struct str in, struct str *out)
{
    static const char digits[] = "0123456789abcdef";
    struct buf text = BUF_INIT(MUTTRC_VALUE_MAX);
    for (size_t i = 0; i < in.n; i++) {
        const char *high = NULL, *low = NULL;
        if (in.p[i] == '%' && i + 2 < in.n) {
            high = memchr(digits, ascii_lower(in.p[i + 1]), 16);
            low = memchr(digits, ascii_lower(in.p[i + 2]), 16);
        }
        if (high != NULL && low != NULL) {
            buf_addc(&text, (char)((high - digits) * 16 + (low - digits)));
            i += 2;
        } else
            buf_addc(&text, in.p[i]);
    }
    *out = arena_str(a, buf_str(&text));
    buf_free(&text);
}

int muttrc_server(struct arena *a, struct str url, struct muttrc_server *out)
{
    static const struct {
        const char *scheme, *protocol;
        bool direct;
        uint16_t port;
    } rows[] = {
        { "imaps://", "imap", true, 993 }, { "imap://", "imap", false, 143 },
        { "pops://", "pop3", true, 995 },  { "pop://", "pop3", false, 110 },
        { "smtps://", "smtp", true, 465 }, { "smtp://", "smtp", false, 587 },
    };
    size_t i = 0;
    uint32_t port;
    while (i < COUNT(rows) && str_ilit(&url, rows[i].scheme) != 0)
        i++;
    if (i == COUNT(rows))
        return 1;
    *out = (struct muttrc_server){ .protocol = rows[i].protocol,
                                   .direct = rows[i].direct,
                                   .port = rows[i].port };
    url = str_head(url, str_find(url, '/'));
    size_t at = str_rfind(url, '@');
    if (at < url.n) {
        /* A password may stand behind the name. */
        struct str user = str_head(url, at);
        percent_decode(a, str_head(user, str_find(user, ':')), &out->user);
        url = str_skip(url, at + 1);
    }
    out->host = str_head(url, str_find(url, ':'));
    struct str rest = str_skip(url, out->host.n + 1);
    if (out->host.n < url.n && (str_u32(&rest, &port) != 0 || rest.n > 0 || port > UINT16_MAX))
        return 1;
    if (out->host.n < url.n)
        out->port = (uint16_t)port;
    return host_is_sound(out->host) && out->port > 0 && str_is_line(out->user) ? 0 : 1;
}
