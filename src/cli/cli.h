/* SPDX-License-Identifier: MIT */
/* cli.h - tmail for scripts: one record for each subcommand, options, exit codes of sysexits.h.
 * Only what a command needs is opened, at the moment it needs it.
 * Must not know: the screens, the network. */
#ifndef TMAIL_CLI_CLI_H
#define TMAIL_CLI_CLI_H

#include "bus/bus.h"
#include "cache/message.h"
#include "config/config.h"
#include "decode/client.h"

enum { CLI_NOTHING = 1 /* exit status of a query that finds nothing */ };

struct cli {
    char *config_path, *store_path, *log_path;
    bool offline;
    bool json;
    struct config config;
    bool config_loaded;
    struct cache *cache;
    enum cache_mode cache_mode;
    struct decode *decode;
};

struct cli_command {
    const char *name, *args, *help;
    int (*run)(struct cli *c, int argc, char **argv); /* exit status */
};
extern const struct cli_command cli_commands[];
extern const size_t cli_commands_n;

/* Paths of the person, of a profile folder, or a configuration named alone; both may be NULL. */
void cli_init(struct cli *c, const char *profile, const char *config);
void cli_clear(struct cli *c);
/* The command of that name, or NULL. */
const struct cli_command *cli_find(struct str name);
/* The list of commands and options, to standard output. */
void cli_help(void);
/* Runs argv[0] as a subcommand. Exit status: sysexits.h, as DESIGN §2 lists them; 1 where nothing
 * was found. */
int cli_main(struct cli *c, int argc, char **argv);

/* Prints err once, to stderr, and maps it to an exit status. */
int cli_fail(const struct error *err);
int cli_exit_code(const struct error *err);
/* Says how the command is used, and gives EX_USAGE. */
int cli_usage(const struct cli_command *command);

/* Loaded or opened once; -1 with *err. A store that is not there yet is ERR_NOINPUT for CACHE_READ.
 */
int cli_need_config(struct cli *c, struct error *err) MUST_CHECK;
int cli_need_cache(struct cli *c, enum cache_mode mode, struct error *err) MUST_CHECK;
int cli_need_decode(struct cli *c, struct error *err) MUST_CHECK;
/* A message's number from "123" or "mid:<Message-ID>". 0; 1 when there is none. */
int cli_message(struct cli *c, const char *text, int64_t *id, struct error *err) MUST_CHECK;
/* The folder that a person means: a name, a role ("Trash"), or ACCOUNT/NAME. 0; 1 when there is
 * none. */
int cli_folder(struct cli *c, struct arena *a, const char *name, struct cache_folder *out,
               struct error *err) MUST_CHECK;

/* The subcommands. */
int sub_decode(struct cli *c, int argc, char **argv);
int sub_doctor(struct cli *c, int argc, char **argv);
int sub_encode(struct cli *c, int argc, char **argv);
int sub_folders(struct cli *c, int argc, char **argv);
int sub_list(struct cli *c, int argc, char **argv);
int sub_mark(struct cli *c, int argc, char **argv);
int sub_outbox(struct cli *c, int argc, char **argv);
int sub_save(struct cli *c, int argc, char **argv);
int sub_search(struct cli *c, int argc, char **argv);
int sub_setup(struct cli *c, int argc, char **argv);
int sub_show(struct cli *c, int argc, char **argv);
int sub_sync(struct cli *c, int argc, char **argv);
/* tmail -s SUBJECT ADDR... < body: no word in front of its options. */
int cli_send(struct cli *c, int argc, char **argv);

#endif
