/* SPDX-License-Identifier: MIT */
#include "server/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "config.h"
#include "base/child.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/banned.h"

/* ---- the user ---- */

static int folder_take(const struct server_options *o, const struct root *root,
                       const struct passwd *p, struct error *err)
{
    struct stat st;
    if (root->made && fchown(root->dir, p->pw_uid, p->pw_gid) != 0)
        return error_sys(err, _("cannot open %s"), o->root);
    if (fchown(root->lock, p->pw_uid, p->pw_gid) != 0 || fstat(root->dir, &st) != 0)
        return error_sys(err, _("cannot open %s"), o->root);
    if (st.st_uid == p->pw_uid)
        return 0;
    return error_set(err, ERR_USAGE, RETRY_NEVER,
                     _("%s is not of the user %s: chown -R %s it, or choose another --run-as"),
                     o->root, p->pw_name, p->pw_name);
}

/* The log that root has opened is to be opened again by p. */
static void log_give(const struct server_options *o, const struct passwd *p)
{
    int fd = o->log != NULL ? open(o->log, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        fchown(fd, p->pw_uid, p->pw_gid) != 0)
        errno = 0; /* it goes on in the file that is open */
    if (fd >= 0)
        close(fd);
}

static int user_become(const struct passwd *p, struct error *err)
{
    for (int i = 0; i <= CAP_LAST_CAP; i++)
        prctl(PR_CAPBSET_DROP, i, 0, 0, 0); /* fails for those that the kernel does not know */
    if (initgroups(p->pw_name, p->pw_gid) == 0 && setresgid(p->pw_gid, p->pw_gid, p->pw_gid) == 0 &&
        setresuid(p->pw_uid, p->pw_uid, p->pw_uid) == 0 && setresuid(0, 0, 0) != 0)
        return 0;
    return error_sys(err, _("cannot become the user %s"), p->pw_name);
}

int confine_user(const struct server_options *o, const struct root *root, bool low_port,
                 struct error *err)
{
    static const char usual[] = "tmaild";
    if (o->run_as == NULL && (geteuid() != 0 || !low_port))
        return 0;
    const char *name = o->run_as != NULL ? o->run_as : usual;
    const struct passwd *p = getpwnam(name);
    if (p == NULL && o->run_as == NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER,
                         _("as root on a port below 1024 tmaild needs a user to become: make one "
                           "(useradd --system tmaild), or name one with --run-as"));
    if (p == NULL)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("there is no user %s"), name);
    if (p->pw_uid == geteuid())
        return 0;
    if (geteuid() != 0)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("only root can become the user %s"), name);
    if (folder_take(o, root, p, err) != 0)
        return -1;
    log_give(o, p);
    return user_become(p, err);
}

/* ---- paths ---- */

/* What the headers of an older system do not have yet; the numbers are the kernel's. */
#define RIGHT(n) (UINT64_C(1) << (n))
enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_IOCTL = 5, ABI_SCOPE = 6 };
static const uint64_t right_execute = RIGHT(0);
static const uint64_t rights_read = RIGHT(2) | RIGHT(3); /* file, folder */
static const uint64_t rights_file = RIGHT(0) | RIGHT(1) | RIGHT(2) | RIGHT(14) | RIGHT(15);
struct ruleset {
    uint64_t fs, net, scoped;
};

struct rules {
    int fd;
    uint64_t handled;
};

/* A path that is not there needs no rule. */
static int allow(const struct rules *r, const char *path, uint64_t rights)
{
    struct stat st;
    int fd = path != NULL ? open(path, O_PATH | O_CLOEXEC) : -1;
    if (fd < 0 || fstat(fd, &st) != 0)
        return -1;
    if (!S_ISDIR(st.st_mode))
        rights &= rights_file;
    struct landlock_path_beneath_attr rule = { .allowed_access = rights & r->handled,
                                               .parent_fd = fd };
    long rc = syscall(SYS_landlock_add_rule, r->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(fd);
    return (int)rc;
}

/* The folder of a file that may be replaced by a new one of that name. */
static void allow_folder(const struct rules *r, const char *file, uint64_t rights)
{
    if (file == NULL)
        return;
    size_t n = str_rfind(str_c(file), '/');
    char *folder = n == 0 ? xstrdup("/") : n < str_c(file).n ? xmemdup0(file, n) : xstrdup(".");
    allow(r, folder, rights);
    free(folder);
}

static void allow_list(const struct rules *r, const char *const *paths, uint64_t rights)
{
    for (; *paths != NULL; paths++)
        allow(r, *paths, rights);
}

/* The libraries, and what finds the other servers. Root keeps to the files by name; everybody else
 * may have them replaced, for what is secret in /etc is not readable then anyway. */
static void allow_system(const struct rules *r)
{
    static const char *const libraries[] = { "/lib",           "/lib32",     "/lib64",
                                             "/usr/lib",       "/usr/lib32", "/usr/lib64",
                                             "/usr/local/lib", NULL };
    static const char *const shared[] = { "/usr/share", "/usr/local/share", "/etc/ssl",
                                          "/proc/self", "/etc/pki",         LOCALEDIR,
                                          NULL };
    static const char *const names[] = { "/etc/resolv.conf",
                                         "/etc/hosts",
                                         "/etc/nsswitch.conf",
                                         "/etc/host.conf",
                                         "/etc/gai.conf",
                                         "/etc/services",
                                         "/etc/localtime",
                                         "/etc/ld.so.cache",
                                         "/dev/urandom",
                                         "/dev/random",
                                         NULL };
    static const char *const all[] = { "/etc", NULL };
    char *resolver = realpath("/etc/resolv.conf", NULL);
    allow_list(r, libraries, rights_read | right_execute);
    allow_list(r, shared, rights_read);
    allow_list(r, geteuid() == 0 ? names : all, rights_read);
    if (resolver != NULL && !str_starts(str_c(resolver), "/etc/"))
        allow_folder(r, resolver, rights_read);
    allow(r, "/dev/null", r->handled);
    free(resolver);
}

/* Where --agent delivers: a Maildir up to the account's name; for a command what it needs to run. */
static void allow_agent(const struct rules *r, const char *agent)
{
    static const char *const programs[] = { "/bin", "/sbin", "/usr", "/etc", NULL };
    struct str spec = str_c(agent);
    if (str_lit(&spec, "maildir:") == 0) {
        spec = str_head(spec, str_search(spec, STR("{account}")));
        char *path = xmemdup0(spec.p, str_rfind(spec, '/'));
        struct error err;
        if (path[0] != '\0' && file_mkdirs(path, &err) == 0) /* else the first delivery tells */
            allow(r, path, r->handled);
        free(path);
    } else if (str_lit(&spec, "command:") == 0) {
        spec = str_trim(spec);
        char *path = xmemdup0(spec.p, str_find(spec, ' '));
        allow_list(r, programs, rights_read | right_execute);
        allow(r, path, rights_read | right_execute);
        free(path);
    }
}

static int allow_options(const struct rules *r, const struct server_options *o, struct error *err)
{
    char *decoder = child_program("tmail-decode");
    if (allow(r, o->root, r->handled) != 0)
        return error_sys(err, _("cannot confine tmaild to %s"), o->root);
    allow(r, decoder, rights_read | right_execute);
    allow_folder(r, o->log, r->handled & ~right_execute);
    allow_folder(r, o->port_file, r->handled & ~right_execute);
    allow_folder(r, o->config, rights_read);
    allow_folder(r, o->tls_cert, rights_read);
    allow_folder(r, o->tls_key, rights_read);
    allow_folder(r, o->relay_ca, rights_read);
    allow_agent(r, o->agent);
    for (size_t i = 0; i < o->allow_n; i++)
        if (allow(r, o->allow[i], r->handled) != 0) {
            free(decoder);
            return error_sys(err, _("--allow %s cannot be used"), o->allow[i]);
        }
#ifdef TMAIL_FAULTS
    allow_folder(r, getenv("TMAIL_FAULT_HIT"), r->handled);
#endif
    free(decoder);
    return 0;
}

static int paths_confine(const struct server_options *o, struct log *log, struct error *err)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < ABI_REFER) { /* the first could not rename into another folder */
        log_line(log, LOG_INFO, "this kernel cannot confine tmaild to its folder");
        return 0;
    }
    struct ruleset set = { .fs = RIGHT(14) - 1, .scoped = abi >= ABI_SCOPE ? 3 : 0 };
    set.fs |= (abi >= ABI_TRUNCATE ? RIGHT(14) : 0) | (abi >= ABI_IOCTL ? RIGHT(15) : 0);
    size_t n = abi >= ABI_SCOPE ? sizeof set : abi >= ABI_NET ? 2 * sizeof set.fs : sizeof set.fs;
    struct rules r = { .fd = (int)syscall(SYS_landlock_create_ruleset, &set, n, 0),
                       .handled = set.fs };
    if (r.fd < 0)
        return error_sys(err, _("cannot confine tmaild to %s"), o->root);
    allow_system(&r);
    int rc = allow_options(&r, o, err);
    if (rc == 0 && syscall(SYS_landlock_restrict_self, r.fd, 0) != 0)
        rc = error_sys(err, _("cannot confine tmaild to %s"), o->root);
    close(r.fd);
    return rc;
}

int confine_process(const struct server_options *o, struct log *log, struct error *err)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &head, none) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_sys(err, _("cannot give up privileges"));
    return o->no_confine ? 0 : paths_confine(o, log, err);
}
