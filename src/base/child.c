/* SPDX-License-Identifier: MIT */
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/i18n.h"
#include "base/banned.h"

/* One word off *in, unquoted into out. False when nothing is left; *open tells of a quote that
 * never ends. */
static bool split_word(struct str *in, struct buf *out, bool *open)
{
    char quote = '\0';
    bool any = false;
    while (in->n > 0 && ascii_is_space(in->p[0]))
        *in = str_skip(*in, 1);
    for (; in->n > 0 && (quote != '\0' || !ascii_is_space(in->p[0])); *in = str_skip(*in, 1)) {
        char c = in->p[0];
        any = true;
        if (c == quote)
            quote = '\0';
        else if (quote == '\0' && (c == '\'' || c == '"'))
            quote = c;
        else if (c == '\\' && quote != '\'' && in->n > 1) {
            *in = str_skip(*in, 1);
            buf_addc(out, in->p[0]);
        } else
            buf_addc(out, c);
    }
    *open = quote != '\0';
    return any;
}

int child_split(struct arena *a, struct str command, char ***argv, struct error *err)
{
    struct buf word = BUF_INIT(command.n);
    char **words = arena_array(a, CHILD_WORDS_MAX + 1, sizeof *words);
    struct str in = command;
    size_t n = 0;
    bool open = false;
    while (n < CHILD_WORDS_MAX && !open && split_word(&in, &word, &open)) {
        words[n++] = (char *)arena_str(a, buf_str(&word)).p;
        buf_clear(&word);
    }
    buf_free(&word);
    if (open)
        return error_set(err, ERR_CONFIG, RETRY_NEVER,
                         _("a quote is not closed in the command: %.*s"), STR_ARG(command));
    if (n == 0 || str_trim(in).n > 0)
        return error_set(err, ERR_CONFIG, RETRY_NEVER, _("a command must have 1 to %d words: %.*s"),
                         CHILD_WORDS_MAX, STR_ARG(command));
    *argv = words;
    return 0;
}

static int std_fd(int fd, int number)
{
    if (fd < 0)
        fd = open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY);
    return fd < 0 || dup2(fd, number) < 0 ? -1 : 0;
}

/* Runs in the child between fork and exec: only async-signal-safe calls. */
static void child_exec(char *const argv[], const struct child_io *io, int report)
{
    sigset_t none;
    /* Source descriptors of 0..2 could be overwritten by the dup2 of another: lift them first. */
    int in = io->in >= 0 && io->in <= 2 ? fcntl(io->in, F_DUPFD, 3) : io->in;
    int out = io->out >= 0 && io->out <= 2 ? fcntl(io->out, F_DUPFD, 3) : io->out;
    int err = io->err >= 0 && io->err <= 2 ? fcntl(io->err, F_DUPFD, 3) : io->err;
    if (io->session)
        setsid();
    report = fcntl(report, F_DUPFD_CLOEXEC, 3);
    if (std_fd(in, 0) == 0 && std_fd(out, 1) == 0 && std_fd(err, 2) == 0) {
        close_range(3, (unsigned)report - 1, 0);
        close_range((unsigned)report + 1, ~0u, 0);
        for (int sig = 1; sig < NSIG; sig++)
            signal(sig, SIG_DFL);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (io->env != NULL)
            environ = (char **)io->env;
        execvp(argv[0], argv);
    }
    int number = errno;
    ssize_t ignored = write(report, &number, sizeof number);
    (void)ignored;
    _exit(127);
}

pid_t child_start(char *const argv[], const struct child_io *io, struct error *err)
{
    int report[2];
    int number = 0;
    if (file_pipe(report, err) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        child_exec(argv, io, report[1]);
    close(report[1]);
    if (pid < 0) {
        close(report[0]);
        return (pid_t)error_sys(err, _("cannot start %s"), argv[0]);
    }
    ssize_t n;
    do
        n = read(report[0], &number, sizeof number);
    while (n < 0 && errno == EINTR);
    close(report[0]);
    if (n != (ssize_t)sizeof number)
        return pid;
    child_wait(pid);
    errno = number;
    return (pid_t)error_sys(err, _("cannot start %s"), argv[0]);
}

static int exit_code(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int child_wait(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 127;
    return exit_code(status);
}

int child_wait_ms(pid_t pid, int wait_ms, int *code)
{
    struct pollfd ended = { .fd = pidfd_open(pid, 0), .events = POLLIN };
    int n = ended.fd < 0 ? -1 : poll(&ended, 1, wait_ms);
    if (ended.fd >= 0)
        close(ended.fd);
    if (n == 0)
        return 1;
    *code = child_wait(pid);
    return 0;
}

/* Stops as ^Z does, also where the signal is blocked; goes on when this process is continued. */
static void stop_self(void)
{
    sigset_t stop, old;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &stop, &old);
    sigprocmask(SIG_SETMASK, &old, NULL);
}

int child_wait_job(pid_t pid)
{
    int status;
    do {
        while (waitpid(pid, &status, WUNTRACED) < 0)
            if (errno != EINTR)
                return 127;
        if (WIFSTOPPED(status)) {
            stop_self();
            kill(pid, SIGCONT);
        }
    } while (WIFSTOPPED(status));
    return exit_code(status);
}

/* Hands over what the pipe takes; closes it when that was all, or nobody reads it. */
static void input_give(int *in, struct child_job *job)
{
    struct str rest = str_skip(job->input, job->taken);
    ssize_t n = rest.n > 0 ? write(*in, rest.p, rest.n) : 0;
    job->taken += n > 0 ? (size_t)n : 0;
    if (job->taken < job->input.n && (n >= 0 || errno == EAGAIN || errno == EINTR))
        return;
    close(*in);
    *in = -1;
}

/* Writes what goes in and reads what comes until both are done: -1 on time or ceiling. */
static int pump(int *in, int *out, struct child_job *job, struct buf *result, int64_t deadline,
                struct error *err)
{
    char chunk[4096];
    while (*out >= 0 || *in >= 0) {
        struct pollfd fds[2] = { { *out, POLLIN, 0 }, { *in, POLLOUT, 0 } };
        int n = poll(fds, 2, clock_left_ms(deadline));
        if (n == 0)
            return error_set(err, ERR_SYS, RETRY_LATER, _("it took too long"));
        if (n > 0 && fds[1].revents != 0)
            input_give(in, job);
        if (n < 0 || fds[0].revents == 0)
            continue;
        ssize_t r = read(*out, chunk, sizeof chunk);
        if (r == 0) {
            close(*out);
            *out = -1;
        } else if (r > 0) {
            buf_add(result, chunk, (size_t)r);
            if (buf_check(result, err) != 0)
                return -1;
        }
    }
    return 0;
}

static void end_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

int child_job(struct child_job *job, struct buf *out, struct error *err)
{
    int in[2], from[2];
    job->code = -1;
    job->killed = false;
    job->taken = 0;
    if (file_pipe(in, err) != 0)
        return -1;
    if (file_pipe(from, err) != 0) {
        close(in[0]);
        close(in[1]);
        return -1;
    }
    struct child_io io = { .in = in[0], .out = from[1], .err = job->err_fd };
    pid_t pid = child_start(job->argv, &io, err);
    close(in[0]);
    close(from[1]);
    int rc = pid < 0 ? -1 : 0;
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    if (rc == 0)
        rc = pump(&in[1], &from[0], job, out,
                  job->wait_ms < 0 ? -1 : clock_mono_ms() + job->wait_ms, err);
    end_close(in[1]);
    end_close(from[0]);
    if (pid < 0)
        return -1;
    job->killed = rc != 0;
    if (job->killed)
        kill(pid, SIGKILL);
    job->code = child_wait(pid);
    if (rc == 0 && job->code != 0) {
        rc = error_set(err, ERR_SYS, RETRY_LATER, _("it ended with exit code %d"), job->code);
        err->sys = job->code;
    }
    return rc == 0 ? 0 : error_prefix(err, _("the command %s: "), job->argv[0]);
}

int child_run(char *const argv[], struct str input, struct buf *out, int err_fd, int wait_ms,
              struct error *err)
{
    struct child_job job = { .argv = argv, .input = input, .err_fd = err_fd, .wait_ms = wait_ms };
    return child_job(&job, out, err);
}

char *child_program(const char *name)
{
    char self[4096];
    char *path;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    struct str dir = { self, n > 0 ? (size_t)n : 0 };
    dir.n = str_rfind(dir, '/') < dir.n ? str_rfind(dir, '/') : 0;
    path = xasprintf("%.*s/%s", STR_ARG(dir), name);
    if (access(path, X_OK) == 0)
        return path;
    free(path);
    path = xasprintf("%s/%s", PKGLIBEXECDIR, name);
    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return xstrdup(name);
}
