/* SPDX-License-Identifier: MIT */
#include "server/accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "server/names.h"
#include "base/banned.h"

struct account {
    struct str name;   /* lower case */
    const char *crypt; /* NULL: only plain */
    char *plain;       /* of its own, to be wiped; NULL: not kept */
    struct secret_scram scram;
    bool by_plain;
};
struct alias {
    struct str key; /* "local", "local@domain", "*", "*@domain"; lower case */
    struct str *targets;
    size_t n;
    unsigned line;
};
struct accounts {
    const struct server_options *options;
    struct arena *arena;
    struct account *users; /* by name, once all are read */
    size_t users_n;
    struct alias *aliases; /* by key */
    size_t aliases_n;
    struct str first;           /* who reads postmaster's mail */
    unsigned char salt_key[32]; /* salts that nobody can tell from real ones */
    const char *like_crypt;     /* what a made-up record looks like; NULL: no hashes */
    uint32_t like_iterations;
};

static struct str lowered(struct arena *a, struct str s)
{
    char *copy = arena_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        copy[i] = ascii_lower(s.p[i]);
    return (struct str){ copy, s.n };
}

static int account_order(const void *a, const void *b)
{
    return str_cmp(((const struct account *)a)->name, ((const struct account *)b)->name);
}

static int alias_order(const void *a, const void *b)
{
    return str_cmp(((const struct alias *)a)->key, ((const struct alias *)b)->key);
}

/* ---- the users file: NAME:CRYPT:SCRAM-SHA-256$...:...$...:...:PASSWORD ---- */

struct user_line {
    struct str name, crypt, scram, plain;
};

/* The verifier has two colons of its own; what is behind the hash may be missing. */
static int user_line_read(struct str line, struct user_line *out)
{
    struct str rest = line;
    struct str part;
    *out = (struct user_line){ 0 };
    if (str_until(&rest, ':', &out->name) != 0 || !name_level_ok(out->name))
        return -1;
    if (str_until(&rest, ':', &out->crypt) != 0) {
        out->crypt = rest;
        rest = STR("");
    }
    struct str start = rest;
    if (str_starts(rest, "SCRAM-")) {
        if (str_until(&rest, ':', &part) != 0 || str_until(&rest, ':', &part) != 0)
            return -1;
        if (str_until(&rest, ':', &part) != 0) {
            part = rest;
            rest = STR("");
        }
        out->scram = (struct str){ start.p, (size_t)(part.p + part.n - start.p) };
    } else if (rest.n > 0 && str_lit(&rest, ":") != 0)
        return -1;
    out->plain = rest;
    return out->crypt.n > 0 && out->crypt.n <= SECRET_CRYPT_MAX &&
                   (rest.n == 0 || secret_password_ok(rest))
               ? 0
               : -1;
}

static bool is_remark(struct str line)
{
    line = str_trim(line);
    return line.n == 0 || line.p[0] == '#';
}

static const struct server_user *option_user(const struct server_options *o, struct str name)
{
    for (size_t i = 0; i < o->users_n; i++)
        if (str_ieqc(name, o->users[i].name))
            return &o->users[i];
    return NULL;
}

static int config_bad(struct error *err, const char *file, unsigned line, const char *what)
{
    return error_set(err, ERR_CONFIG, RETRY_NEVER, _("%s, line %u: %s"), file, line, what);
}

static int user_add(struct accounts *a, struct str line, unsigned number, struct error *err)
{
    struct user_line u;
    if (user_line_read(line, &u) != 0)
        return config_bad(err, "users", number, _("this is not NAME:HASH:VERIFIER:PASSWORD"));
    if (option_user(a->options, u.name) != NULL)
        return 0;
    struct account *to = &a->users[a->users_n];
    *to = (struct account){ .name = lowered(a->arena, u.name),
                            .crypt = arena_str(a->arena, u.crypt).p };
    if (u.scram.n > 0 && secret_scram_read(u.scram, &to->scram) != 0)
        return config_bad(err, "users", number, _("the SCRAM verifier cannot be read"));
    if (u.plain.n > 0)
        to->plain = xmemdup0(u.plain.p, u.plain.n);
    if (a->first.n == 0)
        a->first = to->name;
    if (a->like_crypt == NULL) {
        a->like_crypt = to->crypt;
        a->like_iterations = to->scram.iterations;
        secret_hmac(u.crypt, u.scram, a->salt_key);
    }
    a->users_n++;
    return 0;
}

static int users_read(struct accounts *a, struct str text, struct error *err)
{
    struct str line;
    size_t lines = 0;
    for (struct str rest = text; str_line(&rest, &line);)
        lines++;
    if (lines > ACCOUNTS_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("users has more than %d lines"),
                         (int)ACCOUNTS_MAX);
    a->users = xcalloc(lines + a->options->users_n + 1, sizeof *a->users);
    for (unsigned number = 1; str_line(&text, &line); number++) {
        if (line.n > ACCOUNTS_LINE_MAX)
            return config_bad(err, "users", number, _("this line is too long"));
        if (!is_remark(line) && user_add(a, line, number, err) != 0)
            return -1;
    }
    return 0;
}

/* A salt that is always the same for a name, as a real one is. */
static void salt_of(const struct accounts *a, struct str name, const char *what,
                    unsigned char out[SECRET_KEY_BYTES])
{
    struct buf text = BUF_INIT(NAME_LEVEL_MAX * 4 + 64);
    buf_adds(&text, what);
    buf_add_str(&text, name);
    secret_hmac((struct str){ (const char *)a->salt_key, sizeof a->salt_key }, buf_str(&text), out);
    buf_free(&text);
}

/* --user: as dear to ask for as those of the file, if there are any. */
static int option_users_add(struct accounts *a, struct error *err)
{
    for (size_t i = 0; i < a->options->users_n; i++) {
        const struct server_user *u = &a->options->users[i];
        struct account *to = &a->users[a->users_n++];
        unsigned char salt[SECRET_KEY_BYTES];
        *to = (struct account){ .name = lowered(a->arena, str_c(u->name)),
                                .crypt = a->like_crypt,
                                .plain = xstrdup(u->password),
                                .by_plain = true };
        salt_of(a, to->name, "salt", salt);
        if (secret_scram_make(str_c(u->password),
                              (struct str){ (const char *)salt, SECRET_SALT_BYTES },
                              a->like_iterations, &to->scram, err) != 0)
            return -1;
        if (i == 0)
            a->first = to->name;
    }
    return 0;
}

static int users_sort(struct accounts *a, struct error *err)
{
    qsort(a->users, a->users_n, sizeof *a->users, account_order);
    for (size_t i = 1; i < a->users_n; i++)
        if (str_eq(a->users[i].name, a->users[i - 1].name))
            return error_set(err, ERR_CONFIG, RETRY_NEVER, _("account %.*s is there twice"),
                             STR_ARG(a->users[i].name));
    return 0;
}

static const struct account *account_find(const struct accounts *a, struct str name)
{
    char text[NAME_LEVEL_MAX];
    struct account key = { .name = { text, name.n } };
    if (name.n > sizeof text || a->users_n == 0)
        return NULL;
    for (size_t i = 0; i < name.n; i++)
        text[i] = ascii_lower(name.p[i]);
    return bsearch(&key, a->users, a->users_n, sizeof key, account_order);
}

/* ---- aliases: name: target, target... ---- */

/* An address that goes elsewhere, as it will stand in a command: nothing to quote, no option, no
 * program. */
static bool address_ok(struct str s)
{
    size_t at = str_rfind(s, '@');
    if (at == 0 || at + 1 >= s.n || s.n > 254 || s.p[0] == '-' || !utf8_valid(s))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f || strchr("<>()[],;:\\\"|", s.p[i]) ||
            (s.p[i] == '@' && i != at))
            return false;
    return true;
}

static bool target_ok(struct str s)
{
    return str_find(s, '@') < s.n ? address_ok(s) : name_level_ok(s);
}

static bool key_ok(struct str s)
{
    size_t at = str_find(s, '@');
    return name_level_ok(str_head(s, at)) && (at == s.n || (at + 1 < s.n && address_ok(s)));
}

static int targets_read(struct accounts *a, struct str rest, struct alias *to)
{
    struct str target;
    size_t max = 1;
    for (size_t i = 0; i < rest.n; i++)
        max += rest.p[i] == ',';
    if (max > ACCOUNTS_TARGETS_MAX)
        return -1;
    to->targets = arena_array(a->arena, max, sizeof *to->targets);
    while (rest.n > 0) {
        if (str_until(&rest, ',', &target) != 0) {
            target = rest;
            rest = STR("");
        }
        target = str_trim(target);
        if (!target_ok(target))
            return -1;
        to->targets[to->n++] = arena_str(a->arena, target);
    }
    return to->n > 0 ? 0 : -1;
}

static int alias_add(struct accounts *a, struct str line, unsigned number, struct error *err)
{
    struct str key;
    struct alias *to = &a->aliases[a->aliases_n];
    *to = (struct alias){ .line = number };
    if (str_until(&line, ':', &key) != 0 || !key_ok(str_trim(key)) ||
        targets_read(a, str_trim(line), to) != 0)
        return config_bad(err, "aliases", number, _("this is not NAME: TARGET, TARGET..."));
    to->key = lowered(a->arena, str_trim(key));
    a->aliases_n++;
    return 0;
}

static int aliases_read(struct accounts *a, struct str text, struct error *err)
{
    struct str line;
    size_t lines = 0;
    for (struct str rest = text; str_line(&rest, &line);)
        lines++;
    if (lines > ACCOUNTS_ALIASES_MAX)
        return error_set(err, ERR_LIMIT, RETRY_NEVER, _("aliases has more than %d lines"),
                         (int)ACCOUNTS_ALIASES_MAX);
    a->aliases = xcalloc(lines + 1, sizeof *a->aliases);
    for (unsigned number = 1; str_line(&text, &line); number++) {
        if (line.n > ACCOUNTS_LINE_MAX)
            return config_bad(err, "aliases", number, _("this line is too long"));
        if (!is_remark(line) && alias_add(a, line, number, err) != 0)
            return -1;
    }
    qsort(a->aliases, a->aliases_n, sizeof *a->aliases, alias_order);
    for (size_t i = 1; i < a->aliases_n; i++)
        if (str_eq(a->aliases[i].key, a->aliases[i - 1].key))
            return config_bad(err, "aliases", a->aliases[i].line, _("this name is there twice"));
    return 0;
}

static const struct alias *alias_find(const struct accounts *a, struct str local, struct str domain)
{
    char text[2 * 256];
    struct alias key = { .key = { text, local.n + (domain.n > 0 ? 1 + domain.n : 0) } };
    if (key.key.n > sizeof text || a->aliases_n == 0)
        return NULL;
    for (size_t i = 0; i < key.key.n; i++)
        text[i] = i < local.n    ? ascii_lower(local.p[i])
                  : i == local.n ? '@'
                                 : ascii_lower(domain.p[i - local.n - 1]);
    return bsearch(&key, a->aliases, a->aliases_n, sizeof key, alias_order);
}

/* ---- whose an address is ---- */

enum { FOUND, NOBODY, LOOP };

/* The aliases that led here. */
struct chain {
    const struct alias *alias;
    const struct chain *up;
    size_t depth;
};

void rcpt_list_clear(struct rcpt_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->targets[i].account);
        free(l->targets[i].address);
    }
    free(l->targets);
    *l = (struct rcpt_list){ 0 };
}

static int target_add(struct rcpt_list *out, struct str name, bool here)
{
    for (size_t i = 0; i < out->n; i++)
        if (str_eq(name, str_c(here ? out->targets[i].account : out->targets[i].address)))
            return FOUND;
    if (out->n == ACCOUNTS_TARGETS_MAX)
        return LOOP;
    char *copy = xmemdup0(name.p, name.n);
    for (char *c = copy; here && *c != '\0'; c++)
        *c = ascii_lower(*c);
    out->targets = xrealloc(out->targets, out->n + 1, sizeof *out->targets);
    out->targets[out->n++] =
        here ? (struct rcpt_target){ .account = copy } : (struct rcpt_target){ .address = copy };
    return FOUND;
}

static int expand(const struct accounts *a, struct str local, struct str domain,
                  const struct chain *up, struct rcpt_list *out);

static int alias_expand(const struct accounts *a, const struct alias *alias, const struct chain *up,
                        struct rcpt_list *out)
{
    struct chain here = { alias, up, up != NULL ? up->depth + 1 : 1 };
    for (const struct chain *c = up; c != NULL; c = c->up)
        if (c->alias == alias)
            return LOOP;
    if (here.depth > ACCOUNTS_ALIAS_DEPTH)
        return LOOP;
    int rc = FOUND;
    for (size_t i = 0; rc == FOUND && i < alias->n; i++) {
        struct str target = alias->targets[i];
        size_t at = str_rfind(target, '@');
        struct str domain = str_skip(target, at + 1);
        rc = at == target.n || options_domain_is_local(a->options, domain)
                 ? expand(a, str_head(target, at), domain, &here, out)
                 : target_add(out, target, false);
    }
    return rc;
}

/* Somebody of exactly this name. An alias that names itself means the account. */
static int expand_name(const struct accounts *a, struct str local, struct str domain,
                       const struct chain *up, struct rcpt_list *out)
{
    const struct account *user = account_find(a, local);
    const struct alias *alias = domain.n > 0 ? alias_find(a, local, domain) : NULL;
    if (alias == NULL)
        alias = alias_find(a, local, STR(""));
    if (alias != NULL && !(user != NULL && up != NULL && up->alias == alias))
        return alias_expand(a, alias, up, out);
    return user != NULL ? target_add(out, user->name, true) : NOBODY;
}

static int expand(const struct accounts *a, struct str local, struct str domain,
                  const struct chain *up, struct rcpt_list *out)
{
    size_t plus = str_find(local, '+');
    const struct alias *all = NULL;
    int rc = expand_name(a, local, domain, up, out);
    if (rc == NOBODY && plus > 0 && plus < local.n) {
        local = str_head(local, plus);
        rc = expand_name(a, local, domain, up, out);
    }
    if (rc == NOBODY && a->first.n > 0 && str_ieqc(local, "postmaster"))
        rc = target_add(out, a->first, true);
    if (rc == NOBODY && up == NULL) {
        all = domain.n > 0 ? alias_find(a, STR("*"), domain) : NULL;
        all = all != NULL ? all : alias_find(a, STR("*"), STR(""));
    }
    if (all != NULL)
        rc = alias_expand(a, all, up, out);
    if (rc == NOBODY && a->options->accept_any && name_level_ok(local))
        rc = target_add(out, local, true);
    return rc;
}

enum rcpt_kind accounts_rcpt(const struct accounts *a, struct str local, struct str domain,
                             struct rcpt_list *out)
{
    if (!options_domain_is_local(a->options, domain))
        return RCPT_ELSEWHERE;
    if (!name_level_ok(local))
        return RCPT_BAD_NAME;
    return expand(a, local, domain, NULL, out) == FOUND ? RCPT_LOCAL : RCPT_UNKNOWN;
}

/* So that no mail finds a loop, nor an alias of nobody. */
static int aliases_check(const struct accounts *a, struct error *err)
{
    for (size_t i = 0; i < a->aliases_n; i++) {
        struct rcpt_list list = { 0 };
        int rc = alias_expand(a, &a->aliases[i], NULL, &list);
        rcpt_list_clear(&list);
        if (rc != FOUND)
            return config_bad(err, "aliases", a->aliases[i].line,
                              rc == LOOP ? _("this alias leads back to itself, or to too many")
                                         : _("a target of this alias is nobody here"));
    }
    return 0;
}

/* ---- all of it ---- */

struct accounts *accounts_read(const struct server_options *options, struct str users,
                               struct str aliases, struct error *err)
{
    struct accounts *a = xcalloc(1, sizeof *a);
    a->options = options;
    a->arena = arena_new(4096);
    clock_random(a->salt_key, sizeof a->salt_key);
    int rc = users_read(a, users, err);
    if (a->like_iterations == 0)
        a->like_iterations = SECRET_ITERATIONS_PLAIN;
    if (rc == 0)
        rc = option_users_add(a, err);
    if (rc == 0)
        rc = users_sort(a, err);
    if (rc == 0)
        rc = aliases_read(a, aliases, err);
    if (rc == 0)
        rc = aliases_check(a, err);
    if (rc != 0)
        accounts_free(&a);
    return a;
}

/* 0 also for a file that is not there. Others must not be able to read what is secret. */
static int root_file_read(int root, const char *name, mode_t forbidden, struct buf *out,
                          struct error *err)
{
    struct stat st;
    int fd = sys_fault(FAULT_OPEN, "accounts open") != 0
                 ? -1
                 : openat(root, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_sys(err, _("cannot open %s"), name);
    int rc = fstat(fd, &st) != 0 ? error_sys(err, _("cannot open %s"), name) : 0;
    if (rc == 0 && (!S_ISREG(st.st_mode) || (st.st_mode & forbidden) != 0))
        rc = error_set(err, ERR_CONFIG, RETRY_NEVER,
                       _("%s must be a plain file that others cannot use: chmod 600"), name);
    if (rc == 0)
        rc = file_read_fd(fd, out, err);
    close(fd);
    return rc;
}

struct accounts *accounts_load(const struct server_options *options, int root, struct error *err)
{
    struct buf users = BUF_INIT(ACCOUNTS_FILE_MAX);
    struct buf aliases = BUF_INIT(ACCOUNTS_FILE_MAX);
    struct accounts *a = NULL;
    if (root_file_read(root, "users", 077, &users, err) == 0 &&
        root_file_read(root, "aliases", 022, &aliases, err) == 0)
        a = accounts_read(options, buf_str(&users), buf_str(&aliases), err);
    buf_wipe(&users);
    buf_free(&aliases);
    return a;
}

void accounts_free(struct accounts **a)
{
    if (*a == NULL)
        return;
    for (size_t i = 0; i < (*a)->users_n; i++) {
        if ((*a)->users[i].plain != NULL)
            explicit_bzero((*a)->users[i].plain, strlen((*a)->users[i].plain));
        free((*a)->users[i].plain);
    }
    free((*a)->users);
    free((*a)->aliases);
    arena_free(&(*a)->arena);
    free(*a);
    *a = NULL;
}

static void copy_text(char *to, size_t max, struct str s)
{
    if (s.n > max)
        s.n = max;
    if (s.n > 0)
        memcpy(to, s.p, s.n);
    to[s.n] = '\0';
}

/* The salt is always the same for a name; what is to be proved nobody knows. */
static void made_up(const struct accounts *a, struct str name, struct user_secret *out)
{
    unsigned char salt[SECRET_KEY_BYTES];
    salt_of(a, name, "salt", salt);
    out->scram.iterations = a->like_iterations;
    out->scram.salt_n = SECRET_SALT_BYTES;
    memcpy(out->scram.salt, salt, SECRET_SALT_BYTES);
    salt_of(a, name, "stored", out->scram.stored);
    salt_of(a, name, "server", out->scram.server);
}

void accounts_secret(const struct accounts *a, struct str name, struct user_secret *out)
{
    size_t at = str_rfind(name, '@');
    char low[NAME_LEVEL_MAX];
    if (at < name.n && options_domain_is_local(a->options, str_skip(name, at + 1)))
        name = str_head(name, at);
    if (!name_level_ok(name))
        name = STR("");
    for (size_t i = 0; i < name.n; i++)
        low[i] = ascii_lower(name.p[i]);
    name = (struct str){ low, name.n };
    const struct account *u = account_find(a, name);
    *out = (struct user_secret){ .known = u != NULL };
    copy_text(out->account, NAME_LEVEL_MAX, name);
    made_up(a, name, out);
    copy_text(out->crypt, SECRET_CRYPT_MAX, str_c(u != NULL ? u->crypt : a->like_crypt));
    if (u == NULL)
        return;
    if (u->scram.iterations > 0)
        out->scram = u->scram;
    out->by_plain = u->by_plain;
    out->has_plain = u->plain != NULL;
    copy_text(out->plain, SECRET_PASSWORD_MAX, str_c(u->plain));
}

enum accounts_keeps accounts_keeps(const struct accounts *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->users_n; i++)
        n += a->users[i].plain != NULL;
    return n == 0 ? KEEPS_NONE : n < a->users_n ? KEEPS_SOME : KEEPS_ALL;
}

/* ---- the users file as it is changed ---- */

/* No colon: it ends a name in the file; no @, +: they end it in an address. */
static bool new_name_ok(struct str name)
{
    if (!name_level_ok(name) || name.p[0] == '#' || name.p[0] == '-' || name.p[0] == '*')
        return false;
    for (size_t i = 0; i < name.n; i++)
        if (strchr(":@+, \"<>", name.p[i]) != NULL)
            return false;
    return true;
}

static void user_line_put(struct str name, const struct user_secret *secret, struct buf *out)
{
    for (size_t i = 0; i < name.n; i++)
        buf_addc(out, ascii_lower(name.p[i]));
    buf_addf(out, ":%s:", secret->crypt);
    secret_scram_put(&secret->scram, out);
    buf_addf(out, ":%s\n", secret->has_plain ? secret->plain : "");
}

int accounts_change(struct str text, enum accounts_change what, struct str name,
                    const struct user_secret *secret, struct buf *out, struct error *err)
{
    struct str line;
    struct user_line u;
    bool found = false;
    if (!new_name_ok(name))
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this account name cannot be used"));
    while (str_line(&text, &line)) {
        bool it = !is_remark(line) && user_line_read(line, &u) == 0 && str_ieq(u.name, name);
        found = found || it;
        if (it && what == ACCOUNTS_PASSWORD)
            user_line_put(name, secret, out);
        else if (!it) {
            buf_add_str(out, line);
            buf_addc(out, '\n');
        }
    }
    if (what == ACCOUNTS_ADD && found)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("account %.*s is there already"),
                         STR_ARG(name));
    if (what != ACCOUNTS_ADD && !found)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("there is no account %.*s"), STR_ARG(name));
    if (what == ACCOUNTS_ADD)
        user_line_put(name, secret, out);
    return buf_check(out, err);
}

int accounts_names(struct str text, struct buf *out, struct error *err)
{
    struct str line;
    struct user_line u;
    for (unsigned number = 1; str_line(&text, &line); number++) {
        if (is_remark(line))
            continue;
        if (user_line_read(line, &u) != 0)
            return config_bad(err, "users", number, _("this is not NAME:HASH:VERIFIER:PASSWORD"));
        buf_add_str(out, u.name);
        buf_adds(out, u.plain.n > 0 ? " plain\n" : "\n");
    }
    return 0;
}
