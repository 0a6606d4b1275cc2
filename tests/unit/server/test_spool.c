/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "server/spool.h"

/* ---- the text of an envelope ---- */

static void env_sample(struct spool_env *env)
{
    *env = (struct spool_env){ .id = "abc123",
                               .sender = xstrdup("jane@example.org"),
                               .envid = xstrdup("QQ+2B1"),
                               .ret = 2,
                               .utf8 = true,
                               .arrived_at = 1700000000,
                               .next_at = 1700000900,
                               .tries = 3,
                               .warned = true,
                               .size = 12345 };
    struct spool_rcpt *r = spool_env_add(env, "a@b.example", NULL, "rfc822;x@y", 6);
    r->code = 450;
    r->enhanced = xstrdup("4.2.0");
    r->host = xstrdup("mx.b.example");
    r->why = xstrdup("not now\nnor here\x7f");
    r = spool_env_add(env, "bob@example.org", "bob", NULL, 0);
    r->state = SPOOL_DONE;
    r->told = true;
}

static void an_envelope_is_read_as_written(void **state)
{
    struct spool_env env;
    struct spool_env again;
    struct error err;
    struct buf text = BUF_INIT(4096);
    struct buf text_again = BUF_INIT(4096);
    (void)state;
    env_sample(&env);
    spool_env_put(&env, &text);
    assert_int_equal(spool_env_read(buf_str(&text), &again, &err), 0);
    spool_env_put(&again, &text_again);
    assert_string_equal(buf_c(&text), buf_c(&text_again));
    assert_string_equal(again.rcpts[0].why, "not now nor here ");
    assert_string_equal(again.rcpts[1].account, "bob");
    assert_int_equal(again.rcpts[1].state, SPOOL_DONE);
    assert_true(again.utf8 && again.warned && !again.eight_bit);
    spool_env_clear(&env);
    spool_env_clear(&again);
    buf_free(&text);
    buf_free(&text_again);
}

/* A torn or foreign file is never half an envelope. */
static void every_cut_is_noticed(void **state)
{
    struct spool_env env;
    struct error err;
    struct buf text = BUF_INIT(4096);
    (void)state;
    env_sample(&env);
    spool_env_put(&env, &text);
    for (size_t cut = 0; cut < text.len; cut++) {
        struct spool_env part;
        assert_int_equal(spool_env_read(str_head(buf_str(&text), cut), &part, &err), -1);
        assert_null(part.rcpts);
    }
    spool_env_clear(&env);
    buf_free(&text);
}

static void nonsense_is_refused(void **state)
{
    static const char *const rows[] = {
        "tmaild-queue 2\nid a\nsender \nrcpt a@b\nend\n",
        "tmaild-queue 1\nid ../a\nsender \nrcpt a@b\nend\n",
        "tmaild-queue 1\nid a\nrcpt a@b\nend\n",
        "tmaild-queue 1\nid a\nsender \nend\n",
        "tmaild-queue 1\nid a\nsender \nrcpt \nend\n",
        "tmaild-queue 1\nid a\nsender \nrcpt a@b\nstate 3\nend\n",
        "tmaild-queue 1\nid a\nsender \nrcpt a@b\nunknown 3\nend\n",
        "tmaild-queue 1\nid a\nsender \nsize 99999999999999999999\nrcpt a@b\nend\n",
        "tmaild-queue 1\nid a\nsender \nsender x\nrcpt a@b\nend\n",
        "tmaild-queue 1\nid a\nsender \nrcpt a@b\nend\nmore\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct spool_env env;
        struct error err;
        assert_int_equal(spool_env_read(str_c(rows[i]), &env, &err), -1);
        assert_int_equal(err.code, ERR_STORE);
    }
}

/* ---- the folder ---- */

struct lab {
    char *root;
    int dir;
    struct spool *spool;
    size_t found_n;
    char found[32];
};

static int lab_open(void **state)
{
    struct error err;
    struct lab *l = xcalloc(1, sizeof *l);
    l->root = file_temp_dir("spool", &err);
    l->dir = open(l->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    l->spool = spool_open(l->dir, NULL, &err);
    assert_non_null(l->spool);
    *state = l;
    return 0;
}

static int lab_close(void **state)
{
    struct lab *l = *state;
    spool_close(&l->spool);
    close(l->dir);
    file_remove_tree(l->root);
    free(l->root);
    free(l);
    return 0;
}

static void found(void *arg, struct spool_env *env)
{
    struct lab *l = arg;
    l->found_n++;
    strcpy(l->found, env->id);
    spool_env_clear(env);
}

static void add(struct lab *l, const char *text)
{
    struct spool_env env;
    struct spill message;
    struct error err;
    env_sample(&env);
    spill_init(&message, l->dir, 1 << 20);
    spill_add(&message, str_c(text));
    assert_int_equal(spool_add(l->spool, &env, &message, &err), 0);
    spill_clear(&message);
    spool_env_clear(&env);
}

static bool there(const struct lab *l, const char *name)
{
    char *path = xasprintf("queue/%s", name);
    bool is = faccessat(l->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    free(path);
    return is;
}

static void put_file(const struct lab *l, const char *name, const char *text)
{
    char *path = xasprintf("queue/%s", name);
    int fd = openat(l->dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    free(path);
}

static void what_is_added_is_found_and_removed(void **state)
{
    struct lab *l = *state;
    struct error err;
    char bytes[16] = "";
    add(l, "the message");
    assert_int_equal(spool_load(l->spool, found, l, &err), 0);
    assert_int_equal(l->found_n, 1);
    assert_string_equal(l->found, "abc123");
    int fd = spool_message(l->spool, "abc123", &err);
    assert_int_equal(read(fd, bytes, sizeof bytes), 11);
    assert_string_equal(bytes, "the message");
    close(fd);
    assert_int_equal(spool_remove(l->spool, "abc123", &err), 0);
    assert_false(there(l, "abc123.env") || there(l, "abc123.msg"));
    assert_int_equal(spool_message(l->spool, "abc123", &err), -1);
}

static void what_a_crash_left_is_swept(void **state)
{
    struct lab *l = *state;
    struct error err;
    add(l, "kept");
    put_file(l, "dead.msg", "no envelope came");
    put_file(l, "half.env.new", "tmaild-que");
    put_file(l, "torn.env", "tmaild-queue 1\nid torn\n");
    put_file(l, "torn.msg", "its message");
    put_file(l, "other.txt", "somebody else's");
    assert_int_equal(spool_load(l->spool, found, l, &err), 0);
    assert_int_equal(l->found_n, 1);
    assert_false(there(l, "dead.msg") || there(l, "half.env.new"));
    assert_true(there(l, "torn.env") && there(l, "torn.msg") && there(l, "other.txt"));
    assert_true(there(l, "abc123.env") && there(l, "abc123.msg"));
}

/* SECURITY: links that somebody planted. */
static void links_are_not_followed(void **state)
{
    struct lab *l = *state;
    struct error err;
    struct stat st;
    add(l, "mine");
    put_file(l, "secret.txt", "a secret");
    assert_int_equal(symlinkat("abc123.env", l->dir, "queue/sym.env"), 0);
    assert_int_equal(linkat(l->dir, "queue/abc123.env", l->dir, "queue/hard.env", 0), 0);
    assert_int_equal(unlinkat(l->dir, "queue/abc123.msg", 0), 0);
    assert_int_equal(symlinkat("secret.txt", l->dir, "queue/abc123.msg"), 0);
    assert_int_equal(spool_message(l->spool, "abc123", &err), -1);
    assert_int_equal(spool_load(l->spool, found, l, &err), 0);
    assert_int_equal(l->found_n, 0);
    assert_int_equal(fstatat(l->dir, "queue/secret.txt", &st, 0), 0);
    assert_int_equal(st.st_size, 8);
}

static void a_second_of_the_name_is_refused(void **state)
{
    struct lab *l = *state;
    struct spool_env env;
    struct spill message;
    struct error err;
    add(l, "first");
    env_sample(&env);
    spill_init(&message, l->dir, 1 << 20);
    assert_int_equal(spool_add(l->spool, &env, &message, &err), -1);
    strcpy(env.id, "../x");
    assert_int_equal(spool_add(l->spool, &env, &message, &err), -1);
    assert_int_equal(err.code, ERR_USAGE);
    assert_true(there(l, "abc123.env"));
    spill_clear(&message);
    spool_env_clear(&env);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_envelope_is_read_as_written),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test_setup_teardown(what_is_added_is_found_and_removed, lab_open, lab_close),
        cmocka_unit_test_setup_teardown(what_a_crash_left_is_swept, lab_open, lab_close),
        cmocka_unit_test_setup_teardown(links_are_not_followed, lab_open, lab_close),
        cmocka_unit_test_setup_teardown(a_second_of_the_name_is_refused, lab_open, lab_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
