/* SPDX-License-Identifier: MIT */
/* main.c - drives a fuzz target without clang: replays its corpus, then mutates it for a while.
 *   TARGET [--seed N] [--count N] [--seconds N] [--leaks] [FILE...]
 * With files it runs these alone. The n-th input of a seed is always the same one. The target runs
 * in a child, so that whatever ends it, its input is written to a file and named; --leaks looks for
 * lost memory behind every input, else it is looked for once at the end. */
#include "fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "mutate.h"
#include "base/banned.h"

enum { FILE_MAX = 1 << 20, SECONDS = 2, HANG_SECONDS = 120 };
/* Time of the processor for one input. What is slow is looked at again: an input of twice the length
 * may take twice the time, and no more. */
enum { SLOW_US = 100000, SLOW_TIMES = 3, TOO_SLOW_US = 5000000 };

/* What child and parent both see. */
struct shared {
    size_t size; /* of the input that runs now */
    uint64_t count, slow_us, half_us;
    size_t slow_size;
    char now[FILE_MAX], slow[FILE_MAX];
};
struct run {
    const char *name;
    char *folder; /* for the files of targets */
    struct fuzz_words corpus, dict;
    uint64_t seed, count;
    int64_t seconds;
    bool leaks;
    struct shared *shared;
};

/* Of the leak sanitizer; absent in a build without it. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static bool leaked(void)
{
    return __lsan_do_recoverable_leak_check != NULL && __lsan_do_recoverable_leak_check() != 0;
}

static uint64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static uint64_t time_one(struct run *r, struct str in)
{
    r->shared->size = in.n;
    memcpy(r->shared->now, in.p, in.n);
    uint8_t *copy = xmalloc(in.n > 0 ? in.n : 1); /* its end is the end of its memory */
    memcpy(copy, in.p, in.n);
    alarm(HANG_SECONDS);
    uint64_t before = cpu_us();
    (void)LLVMFuzzerTestOneInput(copy, in.n);
    uint64_t took = cpu_us() - before;
    free(copy);
    return took;
}

static void run_one(struct run *r, struct str in)
{
    struct shared *s = r->shared;
    uint64_t took = time_one(r, in);
    s->count++;
    if (took > s->slow_us) {
        s->slow_us = took;
        s->slow_size = in.n;
        memcpy(s->slow, in.p, in.n);
    }
    if (r->leaks && leaked())
        abort();
}

/* The slowest input again, and its first half. */
static void look_at_slow(struct run *r)
{
    struct shared *s = r->shared;
    struct str in = { s->slow, s->slow_size };
    if (s->slow_us <= SLOW_US)
        return;
    for (int i = 0; i < 3; i++) {
        uint64_t whole = time_one(r, in), half = time_one(r, str_head(in, in.n / 2));
        s->slow_us = whole < s->slow_us ? whole : s->slow_us;
        s->half_us = i == 0 || half < s->half_us ? half : s->half_us;
    }
}

static void child(struct run *r)
{
    struct buf in = BUF_INIT(FILE_MAX);
    for (size_t i = 0; i < r->corpus.n; i++)
        run_one(r, r->corpus.words[i]);
    int64_t end = clock_mono_ms() + r->seconds * 1000;
    for (uint64_t i = 0; r->count > 0 ? i < r->count : clock_mono_ms() < end; i++) {
        fuzz_mutate(&r->corpus, &r->dict, r->seed, i, &in);
        run_one(r, buf_str(&in));
    }
    look_at_slow(r);
    alarm(0);
    buf_free(&in);
}

static void file_add(struct fuzz_words *w, const char *path)
{
    struct buf b = BUF_INIT(FILE_MAX);
    struct error err;
    if (file_read(path, &b, &err) != 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(2);
    }
    fuzz_words_add(w, buf_str(&b));
    buf_free(&b);
}

/* Sorted by name, so that a seed means the same everywhere. */
static void corpus_read(struct fuzz_words *w, const char *folder)
{
    struct dirent **names;
    int n = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char *path = xasprintf("%s/%s", folder, names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            file_add(w, path);
        free(path);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}

static void save(const struct run *r, const char *what, const char *p, size_t n)
{
    struct error err;
    char *path = xasprintf("fuzz-%s.%s", r->name, what);
    if (file_replace(path, (struct str){ p, n }, 0644, &err) == 0)
        printf("%s: %s: %zu bytes in %s\n", r->name, what, n, path);
    free(path);
}

/* What the sanitizers wrote to a file of their own (log_path of their options). */
static void report(pid_t pid)
{
    const char *options = getenv("ASAN_OPTIONS");
    const char *at = options != NULL ? strstr(options, "log_path=") : NULL;
    struct buf b = BUF_INIT(FILE_MAX);
    struct error err;
    if (at == NULL)
        return;
    at += strlen("log_path=");
    char *path = xasprintf("%.*s.%d", (int)strcspn(at, ":"), at, (int)pid);
    if (file_read(path, &b, &err) == 0)
        printf("%s\n", buf_c(&b));
    buf_free(&b);
    free(path);
}

/* True for a finding. */
static bool is_slow(const struct run *r)
{
    const struct shared *s = r->shared;
    if (s->slow_us <= SLOW_US || s->slow_us < s->half_us * SLOW_TIMES)
        return s->slow_us > TOO_SLOW_US;
    printf("%s: its first half takes %llu us\n", r->name, (unsigned long long)s->half_us);
    save(r, "slow", s->slow, s->slow_size);
    return s->slow_us > 10 * SLOW_US;
}

/* 0, or 1 for a finding. */
static int judge(const struct run *r, int status)
{
    const struct shared *s = r->shared;
    printf("%s: seed %llu, %llu inputs, %zu of them the corpus, slowest %llu us for %zu bytes\n",
           r->name, (unsigned long long)r->seed, (unsigned long long)s->count, r->corpus.n,
           (unsigned long long)s->slow_us, s->slow_size);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return is_slow(r);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
        printf("%s: memory was lost: run again with --seed %llu --count %llu --leaks\n", r->name,
               (unsigned long long)r->seed, (unsigned long long)(s->count - r->corpus.n));
    else
        save(r, "found", s->now, s->size);
    return 1;
}

static int watch(struct run *r)
{
    int status = 0;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        child(r);
        _exit(leaked() ? 3 : 0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 2;
    int rc = judge(r, status);
    if (rc != 0)
        report(pid);
    return rc;
}

static uint64_t number(const char *s, uint64_t otherwise)
{
    return s != NULL && s[0] != '\0' ? strtoull(s, NULL, 10) : otherwise;
}

/* Seconds of a check; more effort makes it longer, less never shorter. */
static int64_t seconds_wanted(void)
{
    const char *effort = getenv("TMAIL_EFFORT");
    double times = effort != NULL ? strtod(effort, NULL) : 1;
    return (int64_t)((double)number(getenv("TMAIL_FUZZ_SECONDS"), SECONDS) *
                     (times > 1 ? times : 1));
}

static void options(struct run *r, int argc, char **argv)
{
    clock_random(&r->seed, sizeof r->seed);
    r->seed = number(getenv("TMAIL_SEED"), r->seed % 1000000000);
    r->seconds = seconds_wanted();
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (more && strcmp(argv[i], "--seed") == 0)
            r->seed = number(argv[++i], 0);
        else if (more && strcmp(argv[i], "--count") == 0)
            r->count = number(argv[++i], 0);
        else if (more && strcmp(argv[i], "--seconds") == 0)
            r->seconds = (int64_t)number(argv[++i], 0);
        else if (strcmp(argv[i], "--leaks") == 0)
            r->leaks = true;
        else {
            file_add(&r->corpus, argv[i]);
            r->seconds = 0;
        }
    }
}

static void seeds_read(struct run *r)
{
    const char *top = getenv("top_srcdir");
    char *corpus = xasprintf("%s/tests/fuzz/corpus/%s", top != NULL ? top : ".", r->name);
    char *dict = xasprintf("%s/tests/fuzz/dict/%s.dict", top != NULL ? top : ".", r->name);
    if (r->corpus.n == 0)
        corpus_read(&r->corpus, corpus);
    fuzz_words_read(&r->dict, dict);
    if (r->corpus.n == 0)
        fuzz_words_add(&r->corpus, STR("x"));
    free(corpus);
    free(dict);
}

int main(int argc, char **argv)
{
    struct error err;
    const char *slash = strrchr(argv[0], '/');
    struct run r = { .name = slash != NULL ? slash + 1 : argv[0] };
    r.shared =
        mmap(NULL, sizeof *r.shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (r.shared == MAP_FAILED)
        return 2;
    options(&r, argc, argv);
    seeds_read(&r);
    /* Files that targets make lie in memory where there is room for that. */
    if (access("/dev/shm", W_OK) == 0)
        setenv("XDG_RUNTIME_DIR", "/dev/shm", 1);
    r.folder = file_temp_dir("fuzz", &err);
    if (r.folder == NULL)
        return 2;
    setenv("XDG_RUNTIME_DIR", r.folder, 1);
    int rc = watch(&r);
    file_remove_tree(r.folder);
    free(r.folder);
    fuzz_words_free(&r.corpus);
    fuzz_words_free(&r.dict);
    munmap(r.shared, sizeof *r.shared);
    return rc;
}
