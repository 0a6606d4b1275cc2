/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/i18n.h"
#include "bus/jline.h"
#include "cli/out.h"
#include "cli/probe.h"
#include "cli/tty.h"
#include "base/banned.h"

enum { FREE_MIN_MB = 200, OTHERS_WRITE = 022, OTHERS_READ = 077 };

struct doctor {
    struct cli *c;
    bool json;
    int tty;
    int code;          /* of the first that is wrong */
    const char *about; /* account, or part */
};

static void line(struct doctor *d, const char *level, struct str about, struct str text)
{
    if (d->json) {
        json_t *o = json_object();
        json_object_set_new(o, "level", json_string(level));
        json_object_set_new(o, "about", out_json_text(about));
        json_object_set_new(o, "text", out_json_text(text));
        out_json_line(o);
        return;
    }
    const char *word = str_eqc(str_c(level), "ok")     ? _("ok")
                       : str_eqc(str_c(level), "note") ? _("note")
                                                       : _("WRONG");
    printf("%-6s ", word);
    out_text(about, false);
    fputs(": ", stdout);
    out_text(text, false);
    putchar('\n');
    fflush(stdout);
}

static void say(struct doctor *d, const char *level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void say(struct doctor *d, const char *level, const char *fmt, ...)
{
    struct buf text = BUF_INIT(ERROR_TEXT_MAX * 4);
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    line(d, level, str_c(d->about), buf_str(&text));
    buf_free(&text);
}

static void count(struct doctor *d, const struct error *why)
{
    if (d->code == EX_OK)
        d->code = cli_exit_code(why);
}

static void wrong(struct doctor *d, const struct error *why)
{
    count(d, why);
    say(d, "wrong", "%s", why->text);
}

/* ------------------------------------------------------------------ what lies here */

/* -1 when nothing can be gone on with. */
static int check_config(struct doctor *d)
{
    struct error err;
    struct stat st;
    d->about = _("configuration");
    if (cli_need_config(d->c, &err) != 0) {
        if (err.code == ERR_NOINPUT)
            err.code = ERR_CONFIG;
        wrong(d, &err);
        return -1;
    }
    say(d, "ok", _("%s is understood"), d->c->config_path);
    if (stat(d->c->config_path, &st) == 0 && (st.st_mode & OTHERS_WRITE) != 0) {
        (void)error_set(
            &err, ERR_CONFIG, RETRY_NEVER,
            _("others can write into %s, and have tmail run their commands: chmod 600 it"),
            d->c->config_path);
        wrong(d, &err);
    }
    return 0;
}

static void check_room(struct doctor *d, const char *folder)
{
    struct statvfs fs;
    struct error err;
    if (statvfs(folder, &fs) != 0)
        return;
    unsigned long long mb = (unsigned long long)fs.f_bavail * fs.f_frsize / 1000000;
    if (mb >= FREE_MIN_MB) {
        say(d, "ok", _("%llu MB are free on the disk"), mb);
        return;
    }
    (void)error_set(&err, ERR_SYS, RETRY_NEVER,
                    _("only %llu MB are free on the disk of %s: make room"), mb, folder);
    wrong(d, &err);
}

static void check_file(struct doctor *d)
{
    struct error err = { 0 };
    struct stat st;
    if (stat(d->c->store_path, &st) != 0)
        return;
    if ((st.st_mode & OTHERS_READ) != 0) {
        (void)error_set(&err, ERR_STORE, RETRY_NEVER, _("others can read your mail: chmod 600 %s"),
                        d->c->store_path);
        wrong(d, &err);
    }
    if (cli_need_cache(d->c, CACHE_READ, &err) != 0) {
        if (err.retry == RETRY_NOW)
            say(d, "note", "%s", err.text);
        else
            wrong(d, &err);
    } else if (cache_check(d->c->cache, &err) != 0) {
        wrong(d, &err);
    } else {
        say(d, "ok", _("%s is whole, %lld MB"), d->c->store_path, (long long)st.st_size / 1000000);
    }
}

static void check_store(struct doctor *d)
{
    struct str path = str_c(d->c->store_path);
    char *folder = xmemdup0(path.p, str_rfind(path, '/') < path.n ? str_rfind(path, '/') : 0);
    struct error err;
    d->about = _("store");
    if (access(d->c->store_path, F_OK) != 0 && errno == ENOENT) {
        say(d, "note", _("there is no store yet: tmail sync makes it"));
    } else {
        check_file(d);
    }
    if (access(folder, F_OK) == 0 && access(folder, W_OK) != 0) {
        (void)error_set(&err, ERR_STORE, RETRY_NEVER, _("nothing can be written into %s"), folder);
        wrong(d, &err);
    }
    check_room(d, folder);
    free(folder);
}

/* ------------------------------------------------------------------ servers */

static struct str about_of(const struct doctor *d, const json_t *o, struct buf *out)
{
    struct str side = jline_text(o, "about");
    buf_addf(out, "%s", d->about);
    if (side.n > 0)
        buf_addf(out, ", %s", str_eqc(side, "sending") ? _("sending") : _("receiving"));
    return buf_str(out);
}

static void see(void *arg, const json_t *o)
{
    struct doctor *d = arg;
    struct str level = jline_text(o, "level");
    if (!str_eqc(jline_text(o, "say"), "line"))
        return;
    struct buf about = BUF_INIT(ERROR_TEXT_MAX);
    const char *word = str_eqc(level, "ok") ? "ok" : str_eqc(level, "note") ? "note" : "wrong";
    line(d, word, about_of(d, o, &about), jline_text(o, "text"));
    buf_free(&about);
    if (str_eqc(level, "wrong"))
        count(d, &(struct error){ .code = (enum error_code)jline_number(o, "code"),
                                  .retry = jline_yes(o, "later") ? RETRY_LATER : RETRY_NEVER });
}

static void check_account(struct doctor *d, const struct config_account *a)
{
    struct error err;
    json_t *q = json_object();
    d->about = a->name;
    jline_put(q, "probe", STR("checkup"));
    jline_put(q, "config", str_c(d->c->config_path));
    jline_put(q, "store", str_c(d->c->store_path));
    jline_put(q, "account", str_c(a->name));
    if (cli_probe_run(q, NULL, d->tty, see, d, &err) != 0)
        wrong(d, &err);
}

static void check_all(struct doctor *d)
{
    int configured = check_config(d);
    check_store(d);
    if (configured != 0)
        return;
    if (d->c->offline) {
        d->about = _("servers");
        say(d, "note", _("not looked at, because of --offline"));
        return;
    }
    for (size_t i = 0; i < d->c->config.accounts_n; i++)
        check_account(d, &d->c->config.accounts[i]);
}

int sub_doctor(struct cli *c, int argc, char **argv)
{
    static const struct option options[] = { { "json", no_argument, NULL, 'j' },
                                             { NULL, 0, NULL, 0 } };
    struct doctor d = { .c = c, .json = c->json, .code = EX_OK };
    int o;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o != 'j')
            return cli_usage(cli_find(STR("doctor")));
        d.json = true;
    }
    if (optind != argc)
        return cli_usage(cli_find(STR("doctor")));
    d.tty = tty_open();
    check_all(&d);
    if (d.tty >= 0)
        close(d.tty);
    int rc = out_end();
    return d.code != EX_OK ? d.code : rc;
}
