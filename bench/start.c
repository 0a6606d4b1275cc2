/* SPDX-License-Identifier: MIT */
/* start TMAIL MKSTORE [RUNS]: program start to the first full screen, through a pseudo-terminal of
 * 80x24, with 1,000 and 100,000 messages. The time is that of the last byte before 12 ms of silence
 * on a screen that is full of index rows; the sizes take turns, so that a noisy machine is noisy
 * for both. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vterm.h>

#include "base/child.h"
#include "base/file.h"
#include "bench/lap.h"
#include "base/banned.h"

enum { ROWS = 24, COLUMNS = 80, SILENCE_MS = 12, PATIENCE_MS = 5000, FULL_ROWS = 22 };

static const struct {
    const char *name, *n;
} sizes[] = { { "start_1k", "1000" }, { "start_100k", "100000" } };

struct screen {
    VTerm *term;
    VTermScreen *cells;
    int fd;
};

static void answer(const char *bytes, size_t n, void *arg)
{
    const struct screen *s = arg;
    if (write(s->fd, bytes, n) < 0)
        perror("start");
}

static void screen_open(struct screen *s, int fd)
{
    s->fd = fd;
    s->term = vterm_new(ROWS, COLUMNS);
    vterm_set_utf8(s->term, 1);
    vterm_output_set_callback(s->term, answer, s);
    s->cells = vterm_obtain_screen(s->term);
    vterm_screen_enable_altscreen(s->cells, 1);
    vterm_screen_reset(s->cells, 1);
}

/* Rows with ten or more characters on them: an index row has a date, a name and a subject. */
static int rows_filled(const struct screen *s)
{
    int rows = 0;
    for (int y = 0; y < ROWS; y++) {
        int filled = 0;
        for (int x = 0; x < COLUMNS; x++) {
            VTermScreenCell cell;
            VTermPos at = { .row = y, .col = x };
            if (vterm_screen_get_cell(s->cells, at, &cell) && cell.chars[0] > ' ')
                filled++;
        }
        rows += filled >= 10;
    }
    return rows;
}

static void screen_print(const struct screen *s)
{
    for (int y = 0; y < ROWS; y++) {
        char line[COLUMNS * 4];
        VTermRect row = { y, y + 1, 0, COLUMNS };
        size_t n = vterm_screen_get_text(s->cells, line, sizeof line, row);
        fprintf(stderr, "%.*s\n", (int)n, line);
    }
}

/* Reads until the screen is full and silent. Milliseconds since start, or -1. */
static double first_screen(struct screen *s, double start)
{
    double last = start;
    for (;;) {
        struct pollfd p = { .fd = s->fd, .events = POLLIN };
        char bytes[65536];
        int ready = poll(&p, 1, SILENCE_MS);
        if (ready == 0 && rows_filled(s) >= FULL_ROWS)
            return last - start;
        if (ready > 0) {
            ssize_t n = read(s->fd, bytes, sizeof bytes);
            if (n <= 0)
                return -1;
            last = lap_now();
            vterm_input_write(s->term, bytes, (size_t)n);
        }
        if (lap_now() - start > PATIENCE_MS)
            return -1;
    }
}

static double resident_mb(pid_t pid)
{
    char path[64];
    struct buf text = BUF_INIT(1 << 16);
    struct error err;
    uint64_t kb = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    if (file_read(path, &text, &err) == 0) {
        struct str in = str_skip(buf_str(&text), str_search(buf_str(&text), STR("VmRSS:")) + 6);
        in = str_trim(in);
        if (str_u64(&in, &kb) < 0)
            kb = 0;
    }
    buf_free(&text);
    return (double)kb / 1024;
}

/* One start of tmail. -1 when its screen never came. */
static double run(const char *tmail, const char *profile, double *resident)
{
    struct winsize size = { .ws_row = ROWS, .ws_col = COLUMNS };
    struct screen s;
    int fd;
    double start = lap_now();
    pid_t pid = forkpty(&fd, NULL, NULL, &size);
    if (pid < 0)
        return -1;
    if (pid == 0) {
        setenv("TERM", "xterm-256color", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        execl(tmail, tmail, "--offline", "--profile", profile, (char *)NULL);
        _exit(127);
    }
    screen_open(&s, fd);
    double took = first_screen(&s, start);
    if (took < 0)
        screen_print(&s);
    *resident = resident_mb(pid);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    vterm_free(s.term);
    close(fd);
    return took;
}

/* A profile with a store of n messages. */
static int profile_make(const char *dir, const char *mkstore, const char *n, struct error *err)
{
    static const char rc[] = "[account bench]\naddress = \"Jane Roe <jane@example.org>\"\n"
                             "receive = \"imap://jane@127.0.0.1:1\"\n"
                             "send = \"smtp://127.0.0.1:1\"\npassword = \"x\"\n";
    struct buf out = BUF_INIT(1 << 10);
    char *config = xasprintf("%s/tmailrc", dir), *store = xasprintf("%s/mail.db", dir);
    char *argv[] = { (char *)mkstore, store, (char *)n, NULL };
    int rc_ = file_mkdirs(dir, err);
    if (rc_ == 0)
        rc_ = file_replace(config, str_c(rc), 0600, err);
    if (rc_ == 0)
        rc_ = child_run(argv, STR(""), &out, STDERR_FILENO, 10 * 60 * 1000, err);
    printf("%s", buf_c(&out));
    buf_free(&out);
    free(config);
    free(store);
    return rc_;
}

static int measure(const char *tmail, char *const profiles[], size_t runs)
{
    static struct laps times[COUNT(sizes)], memory[COUNT(sizes)];
    for (size_t i = 0; i <= runs; i++)
        for (size_t k = 0; k < COUNT(sizes); k++) {
            double resident = 0, took = run(tmail, profiles[k], &resident);
            if (took < 0) {
                fprintf(stderr, "start: no full screen of %s\n", sizes[k].name);
                return -1;
            }
            if (i == 0) /* warms the caches */
                continue;
            lap_add(&times[k], took);
            lap_add(&memory[k], resident);
        }
    for (size_t k = 0; k < COUNT(sizes); k++) {
        lap_print(sizes[k].name, "first_screen", &times[k], "ms");
        lap_print(sizes[k].name, "resident", &memory[k], "MB");
    }
    printf("start ratio_100k_1k %.3f x\n", lap_median(&times[1]) / lap_median(&times[0]));
    return 0;
}

int main(int argc, char **argv)
{
    struct error err = { 0 };
    char *profiles[COUNT(sizes)];
    uint64_t runs = 0;
    struct str count = str_c(argc > 3 ? argv[3] : "51");
    if (argc < 3 || str_u64(&count, &runs) < 0 || runs == 0 || runs > LAPS_MAX) {
        fprintf(stderr, "usage: start TMAIL MKSTORE [RUNS]\n");
        return 64;
    }
    char *root = file_temp_dir("tmail-bench-", &err);
    int rc = root == NULL ? -1 : 0;
    for (size_t k = 0; k < COUNT(sizes); k++) {
        profiles[k] = xasprintf("%s/%s", root == NULL ? "" : root, sizes[k].name);
        if (rc == 0)
            rc = profile_make(profiles[k], argv[2], sizes[k].n, &err);
    }
    if (rc < 0)
        fprintf(stderr, "start: %s\n", err.text);
    else
        rc = measure(argv[1], profiles, (size_t)runs);
    for (size_t k = 0; k < COUNT(sizes); k++)
        free(profiles[k]);
    if (root != NULL)
        file_remove_tree(root);
    free(root);
    return rc < 0 ? 1 : 0;
}
