/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "bus/jline.h"
#include "cli/out.h"
#include "cli/probe.h"
#include "cli/tty.h"
#include "config.h"
#include "base/banned.h"

enum {
    FREE_MIN_MB = 200,
    FREE_MIN_FILES = 100,
    MB = 1000000,
    OTHERS_WRITE = 022,
    OTHERS_READ = 077,
    MODE_FILE = 0600,
    MODE_FOLDER = 0700,
    CHECK_MS = 20000, /* a store that takes longer to look through is not */
    ENGINE_MS = 3000,
    ENGINE_EVERY_MS = 50,
    LEVEL_WIDTH = 7
};

struct doctor {
    struct cli *c;
    bool json;
    int tty;
    int code;          /* of the first that is wrong */
    const char *about; /* account, or part */
    bool waiting;      /* what is waited for stands on the terminal's last line */
};

static void wait_over(struct doctor *d)
{
    if (d->waiting)
        fputs("\r\033[K", stdout);
    d->waiting = false;
}

/* Where somebody looks on: a server may take its time. */
static void wait_shown(struct doctor *d, struct str text)
{
    struct buf clean = BUF_INIT(ERROR_TEXT_MAX * 16);
    size_t columns = out_columns(STDOUT_FILENO);
    unsigned used;
    if (columns == SIZE_MAX || d->json || str_eqc(str_c(getenv("TERM")), "dumb"))
        return;
    wait_over(d);
    out_clean(text, false, &clean);
    struct str fits = utf8_fit(buf_str(&clean), (unsigned)columns - LEVEL_WIDTH - 1, &used);
    printf("%*s%.*s", LEVEL_WIDTH, "", STR_ARG(fits));
    fflush(stdout);
    d->waiting = true;
    buf_free(&clean);
}

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
    struct buf clean = BUF_INIT(ERROR_TEXT_MAX * 16), lines = BUF_INIT(ERROR_TEXT_MAX * 32);
    const char *word = str_eqc(str_c(level), "ok")     ? _("ok")
                       : str_eqc(str_c(level), "note") ? _("note")
                                                       : _("WRONG");
    size_t width = utf8_width(str_c(word));
    buf_addf(&clean, "%s%*s", word, width < LEVEL_WIDTH ? (int)(LEVEL_WIDTH - width) : 1, "");
    out_clean(about, false, &clean);
    buf_adds(&clean, ": ");
    out_clean(text, false, &clean);
    out_wrap(buf_str(&clean), LEVEL_WIDTH, out_columns(STDOUT_FILENO), &lines);
    wait_over(d);
    puts(buf_c(&lines));
    buf_free(&lines);
    buf_free(&clean);
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
    unsigned long long mb = (unsigned long long)fs.f_bavail * fs.f_frsize / MB;
    if (mb < FREE_MIN_MB)
        (void)error_set(&err, ERR_SYS, RETRY_NEVER,
                        _("only %llu MB are free on the disk of %s: make room"), mb, folder);
    else if (fs.f_files > 0 && fs.f_favail < FREE_MIN_FILES)
        (void)error_set(&err, ERR_SYS, RETRY_NEVER,
                        _("the disk of %s takes no more files: remove some"), folder);
    else {
        say(d, "ok", _("%llu MB are free on the disk"), mb);
        return;
    }
    wrong(d, &err);
}

/* Who may see or change what lies there; the folder's mode guards what has none of its own. */
static void check_owner(struct doctor *d, const char *path, unsigned mode, bool is_mail)
{
    struct error err = { 0 };
    struct stat st;
    if (stat(path, &st) != 0)
        return;
    if (st.st_uid != geteuid())
        (void)error_set(&err, ERR_STORE, RETRY_NEVER,
                        _("%s belongs to another user (number %u): run tmail as that user, or have "
                          "it given to you (chown)"),
                        path, (unsigned)st.st_uid);
    else if ((st.st_mode & OTHERS_READ) != 0 && is_mail)
        (void)error_set(&err, ERR_STORE, RETRY_NEVER, _("others can read your mail: chmod %o %s"),
                        mode, path);
    else if ((st.st_mode & OTHERS_WRITE) != 0)
        (void)error_set(&err, ERR_STORE, RETRY_NEVER,
                        _("others can put another store in the place of yours: chmod %o %s"), mode,
                        path);
    else if ((st.st_mode & OTHERS_READ) != 0)
        say(d, "note", _("others can see what lies in %s, and not read it: chmod %o %s"), path,
            mode, path);
    if (err.code != ERR_NONE)
        wrong(d, &err);
}

static unsigned long long size_of(const char *store)
{
    static const char *const ends[] = { "", "-wal" };
    unsigned long long all = 0;
    for (size_t i = 0; i < COUNT(ends); i++) {
        char *path = xasprintf("%s%s", store, ends[i]);
        struct stat st;
        if (stat(path, &st) == 0)
            all += (unsigned long long)st.st_size;
        free(path);
    }
    return all / MB;
}

static void check_content(struct doctor *d)
{
    struct error err = { 0 };
    unsigned long long mb = size_of(d->c->store_path);
    int rc = cli_need_cache(d->c, CACHE_READ, &err);
    bool older = rc != 0 && err.retry == RETRY_NOW;
    if (rc == 0)
        rc = cache_check(d->c->cache, CHECK_MS, &err);
    if (older)
        say(d, "note", "%s", err.text);
    else if (rc < 0)
        wrong(d, &err);
    else if (rc == 1)
        say(d, "note",
            _("%s has %llu MB, which is too much to look through in %d seconds; it can be read"),
            d->c->store_path, mb, CHECK_MS / 1000);
    else
        say(d, "ok", _("%s is whole, %llu MB"), d->c->store_path, mb);
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
        check_owner(d, d->c->store_path, MODE_FILE, true);
        check_content(d);
    }
    check_owner(d, folder, MODE_FOLDER, false);
    if (access(folder, F_OK) == 0 && access(folder, W_OK) != 0) {
        (void)error_set(&err, ERR_STORE, RETRY_NEVER, _("nothing can be written into %s"), folder);
        wrong(d, &err);
    }
    check_room(d, folder);
    free(folder);
}

/* ------------------------------------------------------------------ who works on it */

/* Whether what is installed belongs together, and starts. */
static void see_version(void *arg, const json_t *o)
{
    struct doctor *d = arg;
    struct error err;
    struct str version = jline_text(o, "text");
    if (!str_eqc(jline_text(o, "say"), "version") || str_eqc(version, PACKAGE_VERSION))
        return;
    (void)error_set(&err, ERR_SYS, RETRY_NEVER,
                    _("tmail is version %s, the mail engine beside it %.*s: install both anew"),
                    PACKAGE_VERSION, STR_ARG(version));
    wrong(d, &err);
}

static void check_programs(struct doctor *d)
{
    struct error err;
    json_t *q = json_object();
    d->about = _("programs");
    jline_put(q, "probe", STR("version"));
    if (cli_probe_run(q, NULL, -1, see_version, d, &err) != 0 || cli_need_decode(d->c, &err) != 0)
        wrong(d, &err);
    else
        say(d, "ok", _("tmail %s, its mail engine and its decoder start"), PACKAGE_VERSION);
}

static void say_engine(struct doctor *d, const struct bus_seen *seen)
{
    char since[64] = "?";
    struct tm tm;
    time_t at = (time_t)seen->since;
    if (seen->since > 0 && localtime_r(&at, &tm) != NULL)
        (void)!strftime(since, sizeof since, "%Y-%m-%d %H:%M", &tm);
    say(d, "ok", _("it runs, as process %d since %s, and has the store's lock"), seen->pid, since);
}

/* An engine that begins or ends has the lock and does not answer, for a moment. */
static void check_engine(struct doctor *d)
{
    struct bus_where where = { .store = d->c->store_path,
                               .config = d->c->config_path,
                               .schema = CACHE_SCHEMA };
    struct bus_seen seen;
    struct error err;
    int64_t deadline = clock_mono_ms() + ENGINE_MS;
    int rc;
    d->about = _("mail engine");
    while ((rc = bus_look(&where, &seen, &err)) == 0 && seen.locked && seen.pid == 0 &&
           clock_mono_ms() < deadline)
        poll(NULL, 0, ENGINE_EVERY_MS);
    if (rc == 0 && seen.pid != 0)
        say_engine(d, &seen);
    else if (rc == 0 && !seen.locked)
        say(d, "ok", _("it does not run: it is started when it is needed"));
    else if (rc == 0)
        (void)error_set(&err, ERR_STORE, RETRY_LATER,
                        _("something works on the store and does not answer from here: was it "
                          "started with another XDG_RUNTIME_DIR, by cron or sudo? fuser %s.lock "
                          "shows it"),
                        d->c->store_path);
    else if (seen.pid != 0) {
        struct error why = err;
        (void)error_set(&err, why.code, why.retry,
                        _("%s (process %d; it may be ended by kill %d, and another starts when it "
                          "is needed)"),
                        why.text, seen.pid, seen.pid);
    }
    if (rc != 0 || (seen.locked && seen.pid == 0))
        wrong(d, &err);
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
    if (str_eqc(jline_text(o, "say"), "progress"))
        wait_shown(d, jline_text(o, "text"));
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
    int rc = cli_probe_run(q, NULL, d->tty, see, d, &err);
    wait_over(d);
    if (rc != 0)
        wrong(d, &err);
}

static void check_all(struct doctor *d)
{
    int configured = check_config(d);
    check_store(d);
    check_programs(d);
    check_engine(d);
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
