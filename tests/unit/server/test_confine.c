/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "server/confine.h"

static bool has_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 2;
}

struct place {
    char *path, *root, *log;
};

static void place_make(struct place *p)
{
    struct error err;
    p->path = file_temp_dir("confine-", &err);
    assert_non_null(p->path);
    p->root = xasprintf("%s/root", p->path);
    p->log = xasprintf("%s/log/file", p->path);
    assert_int_equal(mkdir(p->root, 0700), 0);
    char *folder = xasprintf("%s/log", p->path);
    assert_int_equal(mkdir(folder, 0700), 0);
    free(folder);
}

static void place_remove(struct place *p)
{
    file_remove_tree(p->path);
    free(p->path);
    free(p->root);
    free(p->log);
}

/* 0 when it could be opened, else errno. */
static int try_open(const char *folder, const char *name, int flags)
{
    char *path = xasprintf("%s/%s", folder, name);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    int why = fd >= 0 ? 0 : errno;
    if (fd >= 0)
        close(fd);
    free(path);
    return why;
}

/* What a confined child finds: the number of the first row that is not as it should be, or 0. */
static int confined(const struct place *p, bool landlock)
{
    struct server_options o = { .root = p->root, .log = p->log };
    struct error err;
    int denied = landlock ? EACCES : 0;
    if (confine_process(&o, NULL, &err) != 0)
        return 1;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 2;
    if (try_open(p->root, "new", O_CREAT | O_RDWR) != 0 || try_open(p->root, ".", O_RDONLY) != 0)
        return 3;
    if (try_open(p->path, "log/file", O_CREAT | O_WRONLY) != 0)
        return 4;
    if (try_open(p->path, "outside", O_RDONLY) != denied)
        return 5;
    if (landlock && try_open(p->path, "outside-new", O_CREAT | O_WRONLY) != EACCES)
        return 6;
    if (landlock && try_open(p->root, "../outside", O_RDONLY) != EACCES)
        return 7;
    if (landlock && try_open("/etc", "hosts", O_WRONLY) == 0)
        return 8;
    if (try_open("/dev", "null", O_WRONLY) != 0)
        return 9;
    return 0;
}

static void paths_are_confined(void **state)
{
    struct place p;
    struct error err;
    int status;
    (void)state;
    place_make(&p);
    char *outside = xasprintf("%s/outside", p.path);
    assert_int_equal(file_replace(outside, STR("x"), 0644, &err), 0);
    pid_t child = fork();
    if (child == 0)
        _exit(confined(&p, has_landlock()));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    free(outside);
    place_remove(&p);
}

static void users_are_checked(void **state)
{
    struct server_options o = { .root = ".", .run_as = NULL };
    struct root root = { .dir = -1, .lock = -1 };
    struct error err;
    (void)state;
    assert_int_equal(confine_user(&o, &root, false, &err), 0);
    o.run_as = "no-such-user-anywhere";
    assert_int_equal(confine_user(&o, &root, false, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
}

/* As root in a child: nothing of root is left. */
static void root_is_dropped(void **state)
{
    struct server_options o = { .run_as = "nobody" };
    struct place p;
    int status;
    (void)state;
    if (geteuid() != 0)
        skip();
    place_make(&p);
    assert_int_equal(chmod(p.path, 0711), 0);
    assert_int_equal(rmdir(p.root), 0);
    o.root = p.root;
    pid_t child = fork();
    if (child == 0) {
        struct root root;
        struct error err;
        struct stat st;
        if (root_open(&root, o.root, &err) != 0 || confine_user(&o, &root, true, &err) != 0)
            _exit(1);
        _exit(getuid() == 0 || geteuid() == 0 || getgid() == 0 || setuid(0) == 0 ||
              fstat(root.dir, &st) != 0 || st.st_uid != getuid());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    place_remove(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users_are_checked),
        cmocka_unit_test(paths_are_confined),
        cmocka_unit_test(root_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
