/* SPDX-License-Identifier: MIT */
#include "wire/smtp_cmd.h"

#include "base/utf8.h"
#include "base/banned.h"

/* RFC 5321 §4.5.3.1.1, §4.5.3.1.2 */
enum { LOCAL_MAX = 64, DOMAIN_MAX = 255 };

static int cmd_bad(struct error *err, int code, const char *text)
{
    error_set(err, ERR_PROTO, RETRY_NEVER, "%s", text);
    err->sys = code;
    return -1;
}

static enum smtp_verb verb_of(struct str word)
{
    static const char *const names[SMTP_UNKNOWN] = {
        [SMTP_HELO] = "HELO",         [SMTP_EHLO] = "EHLO", [SMTP_LHLO] = "LHLO",
        [SMTP_MAIL] = "MAIL",         [SMTP_RCPT] = "RCPT", [SMTP_DATA] = "DATA",
        [SMTP_BDAT] = "BDAT",         [SMTP_RSET] = "RSET", [SMTP_NOOP] = "NOOP",
        [SMTP_QUIT] = "QUIT",         [SMTP_HELP] = "HELP", [SMTP_VRFY] = "VRFY",
        [SMTP_EXPN] = "EXPN",         [SMTP_VERB] = "VERB", [SMTP_AUTH] = "AUTH",
        [SMTP_STARTTLS] = "STARTTLS",
    };
    for (size_t i = 0; i < SMTP_UNKNOWN; i++)
        if (str_ieqc(word, names[i]))
            return (enum smtp_verb)i;
    return SMTP_UNKNOWN;
}

/* Length of the head of s that is a quoted string, 0 when it is none (RFC 5321 §4.1.2,
 * Quoted-string). */
static size_t quoted_length(struct str s)
{
    if (s.n == 0 || s.p[0] != '"')
        return 0;
    for (size_t i = 1; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return i + 1;
    }
    return 0;
}

/* Length of the head of s up to a blank or '>' outside of quotes. */
static size_t path_length(struct str s)
{
    size_t i = 0;
    while (i < s.n && s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '>') {
        size_t quoted = quoted_length(str_skip(s, i));
        i += quoted > 0 ? quoted : 1;
    }
    return i;
}

/* What Dot-string may hold (RFC 5321 §4.1.2, RFC 6531 §3.3): no semicolon, no bracket, no blank. */
static bool is_local_char(char c, bool utf8)
{
    if ((unsigned char)c >= 0x80)
        return utf8;
    return ascii_is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static bool local_ok(struct str s, bool utf8)
{
    if (s.n == 0 || s.n > LOCAL_MAX || (utf8 && !utf8_valid(s)))
        return false;
    if (s.p[0] == '"') {
        for (size_t i = 0; i < s.n; i++)
            if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F ||
                (!utf8 && (unsigned char)s.p[i] >= 0x80))
                return false;
        return quoted_length(s) == s.n;
    }
    for (size_t i = 0; i < s.n; i++)
        if (!is_local_char(s.p[i], utf8))
            return false;
    return true;
}

/* Address literals: "[127.0.0.1]", "[IPv6:::1]". */
static bool literal_ok(struct str s)
{
    if (s.n < 3 || s.p[s.n - 1] != ']')
        return false;
    for (size_t i = 1; i < s.n - 1; i++)
        if (!ascii_is_alnum(s.p[i]) && s.p[i] != '.' && s.p[i] != ':' && s.p[i] != '-')
            return false;
    return true;
}

static bool domain_ok(struct str s, bool utf8)
{
    if (s.n == 0 || s.n > DOMAIN_MAX || (utf8 && !utf8_valid(s)))
        return false;
    if (s.p[0] == '[')
        return literal_ok(s);
    if (strchr(".-", s.p[0]) != NULL || strchr(".-", s.p[s.n - 1]) != NULL)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool high = (unsigned char)s.p[i] >= 0x80;
        if (high ? !utf8 : !ascii_is_alnum(s.p[i]) && strchr("-._", s.p[i]) == NULL)
            return false;
        if (s.p[i] == '\0' || (i > 0 && s.p[i] == '.' && s.p[i - 1] == '.'))
            return false;
    }
    return true;
}

/* Splits at the @ behind the local part; domain stays empty when there is none. */
static void addr_split(struct str addr, struct str *local, struct str *domain)
{
    size_t quoted = quoted_length(addr);
    size_t at = quoted + str_rfind(str_skip(addr, quoted), '@');
    *local = str_head(addr, at);
    *domain = str_skip(addr, at + 1);
}

bool wire_smtp_addr_ok(struct str addr, bool utf8)
{
    struct str local, domain;
    addr_split(addr, &local, &domain);
    return local.n < addr.n && local_ok(local, utf8) && domain_ok(domain, utf8);
}

/* ESMTP parameters: NAME[=value] separated by blanks (RFC 5321 §4.1.2, esmtp-param). */
static int params_read(struct str in, struct smtp_cmd *out, struct error *err)
{
    struct str word;
    while (str_word(&in, &word)) {
        if (out->params_n == SMTP_PARAMS_MAX)
            return cmd_bad(err, 501, "too many parameters");
        size_t eq = str_find(word, '=');
        struct smtp_param *p = &out->params[out->params_n++];
        p->name = str_head(word, eq);
        p->value = str_skip(word, eq + 1);
        if (p->name.n == 0)
            return cmd_bad(err, 501, "a parameter has no name");
    }
    return 0;
}

/* A source route is accepted and ignored (RFC 5321 §4.1.1.3, Appendix C). */
static struct str route_skip(struct str path)
{
    if (path.n == 0 || path.p[0] != '@')
        return path;
    return str_skip(path, str_find(path, ':') + 1);
}

static int path_check(struct smtp_cmd *out, bool null_ok, struct error *err)
{
    if (out->arg.n > SMTP_PATH_MAX)
        return cmd_bad(err, 501, "the address is too long");
    if (out->arg.n == 0)
        return null_ok ? 0 : cmd_bad(err, 501, "an address must stand behind the colon");
    addr_split(out->arg, &out->local, &out->domain);
    if (!local_ok(out->local, true) || (out->domain.n > 0 && !domain_ok(out->domain, true)) ||
        out->local.n + 1 == out->arg.n)
        return cmd_bad(err, 553, "this is no address");
    return 0;
}

/* "FROM:<path> params", "from: path". */
static int path_read(struct str in, const char *keyword, struct smtp_cmd *out, struct error *err)
{
    if (str_ilit(&in, keyword) != 0)
        return cmd_bad(err, 501, "FROM: or TO: must follow");
    in = str_trim(in);
    if (str_lit(&in, ":") != 0)
        return cmd_bad(err, 501, "a colon must follow FROM or TO");
    in = str_trim(in);
    bool bracket = str_lit(&in, "<") == 0;
    if (bracket)
        in = str_trim(in);
    size_t n = path_length(in);
    out->arg = route_skip(str_head(in, n));
    if (n > 0 && out->arg.n == 0)
        return cmd_bad(err, 553, "this is no address");
    in = str_skip(in, n);
    if (bracket) {
        in = str_trim(in);
        if (str_lit(&in, ">") != 0)
            return cmd_bad(err, 553, "the closing bracket of the address is missing");
    }
    if (in.n > 0 && in.p[0] != ' ' && in.p[0] != '\t')
        return cmd_bad(err, 553, "something stands behind the address");
    if (params_read(in, out, err) != 0)
        return -1;
    return path_check(out, bracket && out->verb == SMTP_MAIL, err);
}

/* "BDAT 86 LAST" (RFC 3030 §2). */
static int chunk_read(struct smtp_cmd *out, struct error *err)
{
    struct str in = out->arg;
    struct str word;
    if (str_u64(&in, &out->chunk) != 0)
        return cmd_bad(err, 501, "the number of bytes must follow");
    if (in.n == 0)
        return 0;
    bool blank = in.p[0] == ' ' || in.p[0] == '\t';
    if (!blank || !str_word(&in, &word) || !str_ieqc(word, "LAST") || in.n > 0)
        return cmd_bad(err, 501, "nothing but LAST may follow the number");
    out->last = true;
    return 0;
}

/* Printable ASCII and UTF-8 only; a tab is a blank. */
static bool line_ok(struct str line)
{
    for (size_t i = 0; i < line.n; i++) {
        unsigned char c = (unsigned char)line.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

int wire_smtp_cmd(struct str line, struct smtp_cmd *out, struct error *err)
{
    struct str in = line, word;
    *out = (struct smtp_cmd){ .verb = SMTP_UNKNOWN };
    if (!line_ok(line))
        return cmd_bad(err, 500, "the command holds characters that it must not");
    if (!str_word(&in, &word))
        return cmd_bad(err, 500, "the command is missing");
    out->verb = verb_of(word);
    out->arg = str_trim(in);
    switch (out->verb) {
    case SMTP_MAIL:
        return path_read(out->arg, "FROM", out, err);
    case SMTP_RCPT:
        return path_read(out->arg, "TO", out, err);
    case SMTP_HELO:
    case SMTP_EHLO:
    case SMTP_LHLO:
        return out->arg.n > 0 ? 0 : cmd_bad(err, 501, "the name of your host must follow");
    case SMTP_BDAT:
        return chunk_read(out, err);
    case SMTP_UNKNOWN:
        return cmd_bad(err, 500, "the command is not known");
    default:
        return 0;
    }
}
