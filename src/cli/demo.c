/* SPDX-License-Identifier: MIT */
#include "cli/demo.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "bus/bus.h"
#include "cache/db.h"
#include "mime/mbox.h"
#include "base/banned.h"

enum {
    DEMO_FILE_MAX = 8 << 20,
    DEMO_MAILBOX_MAX = 64 << 20,
    DEMO_START_MS = 10000,
    DEMO_STOP_MS = 2000,
    DEMO_DEPTH_MAX = 4
};

#define DEMO_ADDRESS "demo@tmail.example"

struct demo {
    char *root, *profile;
    pid_t server;
};

static char *data_dir(void)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    struct str dir = { self, n > 0 ? (size_t)n : 0 };
    dir.n = str_rfind(dir, '/') < dir.n ? str_rfind(dir, '/') : 0;
    char *path = xasprintf("%.*s/data/demo", STR_ARG(dir));
    if (access(path, R_OK) == 0)
        return path;
    free(path);
    return xasprintf("%s/demo", PKGDATADIR);
}

/* "012 SF" lines: what the person did to message 012. */
static struct str flags_of(struct str flags, struct str number)
{
    struct str line, name, letters;
    while (str_line(&flags, &line))
        if (str_word(&line, &name) && str_eq(name, number) && str_word(&line, &letters))
            return letters;
    return STR("");
}

static void put_line(struct buf *out, struct str line)
{
    if (mbox_needs_quote(line))
        buf_addc(out, '>');
    buf_add_str(out, line);
    buf_addc(out, '\n');
}

static void put_flags(struct buf *out, struct str flags)
{
    buf_addf(out, "Status: %s\n", str_find(flags, 'S') < flags.n ? "RO" : "O");
    buf_addf(out, "X-Status: %s%s\n", str_find(flags, 'A') < flags.n ? "A" : "",
             str_find(flags, 'F') < flags.n ? "F" : "");
}

/* One message as tmaild's mailbox files have it: From_ line, header with its flags, quoted body. */
static void put_message(struct buf *out, struct str raw, struct str flags, int64_t when)
{
    struct str line;
    bool header = true;
    mbox_from_line(STR("demo@tmail.example"), when, out);
    while (str_line(&raw, &line)) {
        if (header && line.n == 0) {
            put_flags(out, flags);
            header = false;
        }
        put_line(out, line);
    }
    if (header)
        put_flags(out, flags);
    buf_addc(out, '\n');
}

static int is_message(const struct dirent *e)
{
    return str_ends(str_c(e->d_name), ".eml");
}

static int add_file(struct buf *out, const char *dir, const char *name, struct str flags,
                    int64_t when, struct error *err)
{
    struct buf raw = BUF_INIT(DEMO_FILE_MAX);
    char *path = xasprintf("%s/%s", dir, name);
    int rc = file_read(path, &raw, err);
    if (rc == 0)
        put_message(out, buf_str(&raw), flags_of(flags, str_head(str_c(name), strlen(name) - 4)),
                    when);
    free(path);
    buf_free(&raw);
    return rc;
}

/* All messages of one folder, in the order of their numbers, as one mailbox file. */
static int make_mailbox(const char *dir, const char *file, struct error *err)
{
    struct dirent **names;
    struct buf out = BUF_INIT(DEMO_MAILBOX_MAX), flags = BUF_INIT(DEMO_FILE_MAX);
    int n = scandir(dir, &names, is_message, alphasort);
    if (n < 0)
        return error_sys(err, _("cannot read the sample mailbox %s"), dir);
    if (n == 0) {
        free(names);
        return 0;
    }
    char *path = xasprintf("%s/flags", dir);
    int64_t first = clock_wall_ms() / 1000 - n * (int64_t)60;
    int rc = access(path, R_OK) == 0 ? file_read(path, &flags, err) : 0;
    for (int i = 0; i < n; i++) {
        if (rc == 0)
            rc = add_file(&out, dir, names[i]->d_name, buf_str(&flags), first + i * (int64_t)60,
                          err);
        free(names[i]);
    }
    free(names);
    if (rc == 0)
        rc = buf_check(&out, err);
    if (rc == 0)
        rc = file_replace(file, buf_str(&out), 0600, err);
    free(path);
    buf_free(&flags);
    buf_free(&out);
    return rc;
}

static int is_folder(const struct dirent *e)
{
    return e->d_type == DT_DIR && e->d_name[0] != '.';
}

static int make_mailboxes(const char *from, const char *to, unsigned depth, struct error *err);

/* Folder A is A.mbox, A/B is A/B.mbox, INBOX is INBOX (DESIGN §2). */
static int make_folder(const char *from, const char *to, const char *name, unsigned depth,
                       struct error *err)
{
    bool inbox = depth == 0 && strcmp(name, "INBOX") == 0;
    char *dir = xasprintf("%s/%s", from, name);
    char *below = xasprintf("%s/%s", to, name);
    char *file = xasprintf("%s%s", below, inbox ? "" : ".mbox");
    int rc = make_mailbox(dir, file, err);
    if (rc == 0 && depth < DEMO_DEPTH_MAX)
        rc = make_mailboxes(dir, below, depth + 1, err);
    free(file);
    free(below);
    free(dir);
    return rc;
}

static int make_mailboxes(const char *from, const char *to, unsigned depth, struct error *err)
{
    struct dirent **names;
    int n = scandir(from, &names, is_folder, alphasort);
    if (n < 0)
        return error_sys(err, _("cannot read the sample mailbox %s"), from);
    int rc = n > 0 ? file_mkdirs(to, err) : 0;
    for (int i = 0; i < n; i++) {
        if (rc == 0)
            rc = make_folder(from, to, names[i]->d_name, depth, err);
        free(names[i]);
    }
    free(names);
    return rc;
}

/* Waits until tmaild has written its ports, or has ended. */
static int read_ports(struct demo *d, const char *path, struct buf *ports, struct error *err)
{
    int64_t deadline = clock_mono_ms() + DEMO_START_MS;
    int status;
    while (clock_mono_ms() < deadline) {
        if (access(path, R_OK) == 0)
            return file_read(path, ports, err);
        if (waitpid(d->server, &status, WNOHANG) != 0) {
            d->server = 0;
            break;
        }
        poll(NULL, 0, 2);
    }
    return error_set(err, ERR_SYS, RETRY_NEVER,
                     _("tmaild did not start for the demo; see %s/tmaild.log"), d->root);
}

static int port_of(struct str ports, const char *name, unsigned *port, struct error *err)
{
    struct str line, word;
    uint64_t value;
    while (str_line(&ports, &line))
        if (str_word(&line, &word) && str_eqc(word, name)) {
            line = str_trim(line);
            if (str_u64(&line, &value) == 0 && value <= 65535) {
                *port = (unsigned)value;
                return 0;
            }
        }
    return error_set(err, ERR_SYS, RETRY_NEVER, _("tmaild told no port for %s"), name);
}

static int write_rc(const struct demo *d, struct str ports, const char *password, struct error *err)
{
    unsigned imap = 0, smtp = 0;
    if (port_of(ports, "imap", &imap, err) != 0 || port_of(ports, "smtp", &smtp, err) != 0)
        return -1;
    char *text = xasprintf("[tmail]\nundo-send = 3\n\n[account demo]\n"
                           "address = \"Demo Person <" DEMO_ADDRESS ">\"\n"
                           "receive = \"imap://demo@127.0.0.1:%u\"\n"
                           "send = \"smtp://127.0.0.1:%u\"\n"
                           "password = \"%s\"\n"
                           "tls-ca = \"%s/tls/ca.pem\"\n",
                           imap, smtp, password, d->root);
    char *path = xasprintf("%s/tmailrc", d->profile);
    int rc = file_replace(path, str_c(text), 0600, err);
    free(path);
    free(text);
    return rc;
}

static int start_server(struct demo *d, const char *password, const char *port_file,
                        struct error *err)
{
    char *program = child_program("tmaild");
    char *user = xasprintf("demo:%s", password);
    char *log = xasprintf("%s/tmaild.log", d->root);
    char *argv[] = { program,
                     "--root",
                     d->root,
                     "--domain",
                     "tmail.example",
                     "--user",
                     user,
                     "--accept-any",
                     "--copy-to",
                     "demo",
                     "--smtp",
                     "0",
                     "--imap",
                     "0",
                     "--submission",
                     "none",
                     "--submissions",
                     "none",
                     "--pop3",
                     "none",
                     "--tls-cert",
                     "none",
                     "--pop3s",
                     "none",
                     "--imaps",
                     "none",
                     "--log",
                     log,
                     "--port-file",
                     (char *)port_file,
                     NULL };
    struct child_io io = { .in = -1, .out = -1, .err = -1, .session = true };
    d->server = child_start(argv, &io, err);
    free(log);
    free(user);
    free(program);
    return d->server > 0 ? 0 : -1;
}

static int start(struct demo *d, struct error *err)
{
    unsigned char bytes[8];
    struct buf ports = BUF_INIT(4096);
    char *from = data_dir();
    char *to = xasprintf("%s/mail/demo", d->root);
    char *port_file = xasprintf("%s/ports", d->root);
    clock_random(bytes, sizeof bytes);
    char *password = xasprintf("%02x%02x%02x%02x%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2],
                               bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]);
    int rc = make_mailboxes(from, to, 0, err);
    if (rc == 0)
        rc = file_mkdirs(d->profile, err);
    if (rc == 0)
        rc = start_server(d, password, port_file, err);
    if (rc == 0)
        rc = read_ports(d, port_file, &ports, err);
    if (rc == 0)
        rc = write_rc(d, buf_str(&ports), password, err);
    free(password);
    free(port_file);
    free(to);
    free(from);
    buf_free(&ports);
    return rc;
}

struct demo *demo_start(struct error *err)
{
    char *root = file_temp_dir("tmail-demo-", err);
    if (root == NULL)
        return NULL;
    struct demo *d = xcalloc(1, sizeof *d);
    d->root = root;
    d->profile = xasprintf("%s/profile", root);
    if (start(d, err) != 0)
        demo_stop(&d);
    return d;
}

const char *demo_profile(const struct demo *d)
{
    return d->profile;
}

/* The engine of the demo's store must not outlive the store. */
static void stop_engine(const struct demo *d)
{
    char *store = xasprintf("%s/mail.db", d->profile);
    char *rc = xasprintf("%s/tmailrc", d->profile);
    struct bus_where where = { .store = store, .config = rc, .schema = CACHE_SCHEMA };
    struct bus_hint stop = { .kind = HINT_STOP };
    struct bus_event ev;
    struct error err;
    int started;
    struct bus *bus = access(store, F_OK) == 0 ? bus_open(&where, &started, &err) : NULL;
    if (bus != NULL) {
        int64_t deadline = clock_mono_ms() + DEMO_STOP_MS;
        bus_hint(bus, &stop);
        while (bus_wait(bus, &ev, clock_left_ms(deadline), &err) == 0)
            ; /* until it is gone */
        bus_close(&bus);
    }
    free(rc);
    free(store);
}

void demo_stop(struct demo **d)
{
    if (*d == NULL)
        return;
    stop_engine(*d);
    if ((*d)->server > 0) {
        kill((*d)->server, SIGTERM);
        child_wait((*d)->server);
    }
    file_remove_tree((*d)->root);
    free((*d)->root);
    free((*d)->profile);
    free(*d);
    *d = NULL;
}
