/* SPDX-License-Identifier: MIT */
/* config.h - tmailrc as typed settings. The raw lines are checked first (iniparser lower-cases
 * names, lets a repeated key win silently and cuts unquoted values at ; and #), then iniparser
 * reads the file. Whatever is doubtful is an error with file and line.
 * Must not know: the network, the terminal, the store. */
#ifndef TMAIL_CONFIG_CONFIG_H
#define TMAIL_CONFIG_CONFIG_H

#include "base/buf.h"

enum config_receive { RECEIVE_NONE, RECEIVE_IMAP, RECEIVE_POP3, RECEIVE_MAILDIR, RECEIVE_MBOX };
enum config_send { SEND_NONE, SEND_SMTP, SEND_LMTP, SEND_SENDMAIL };
enum config_tls { CONFIG_TLS_DIRECT, CONFIG_TLS_STARTTLS, CONFIG_TLS_OFF };

struct config_server {
    char *user, *host;
    char *path;  /* in place of host and port: LMTP a Unix socket, maildir, mbox: where mail lies */
    char *inbox; /* mbox: a file that is not in path; NULL: there is none */
    uint16_t port;
    enum config_tls tls;
    bool loopback; /* host is a loopback address: plain text is accepted */
};
/* How tmail itself signs in by OAuth2; provider NULL: it does not. */
struct config_oauth {
    char *provider; /* "google", "microsoft", "custom" */
    char *client_id, *client_secret;
    char *auth_url, *token_url, *device_url, *scope; /* NULL: those of the provider */
    char *keep_command, *load_command;               /* NULL: a file beside the store */
};
struct config_account {
    char *name;      /* as written in [account NAME], lower-cased by INI */
    char *address;   /* "Jane Roe <jane@example.org>" */
    char *signature; /* path of a file that was readable */
    enum config_receive receive;
    enum config_send send;
    struct config_server in, out;
    char *sendmail_command;
    char *password_command;
    char *password; /* only from a file that shuts out others */
    char *tls_ca;
    char *tls_pin;            /* "sha256//BASE64", several with ";" */
    char *tls_cert, *tls_key; /* PEM files of the client's certificate; key NULL: in tls_cert */
    char *proxy;              /* URL; may hold a password */
    char *tunnel;             /* command line; %h and %p are host and port */
    char *oauth_command;      /* prints an access token */
    char *login;              /* a mechanism's name, lower case; NULL: the best */
    struct config_oauth oauth;
    bool receipt;  /* told when what was sent has arrived, where servers do that */
    bool tls_off;  /* `tls = off` was spelled out */
    int offline;   /* IMAP: days of bodies; OFFLINE_ALL */
    int keep_days; /* POP3, on the server after it is safe here: 14; 0 no day, -1 for ever */
};
/* How much of a mailbox is held here: days whose bodies are fetched without being asked for. */
enum { OFFLINE_ALL = -1, OFFLINE_HEADERS = 0 };
/* [folder PATTERN] */
struct config_folder {
    char *pattern;
    int offline;
};
struct config_binding {
    char *view, *command, *keys;
};
struct config {
    char *path; /* real path of the file; NULL: none */
    struct config_account *accounts;
    size_t accounts_n;
    char *editor;            /* NULL: $VISUAL, $EDITOR, built in */
    int64_t undo_send_s;     /* 10 */
    int64_t sync_interval_s; /* 300 */
    bool log_debug;          /* the dialogues with servers go to the log */
    struct config_binding *keys;
    size_t keys_n;
    struct config_folder *folders; /* in the order of the file */
    size_t folders_n;
};

/* Reads file over the defaults; *err names file and line. All or nothing. A file that is missing
 * gives ERR_NOINPUT. Fresh *c in either case: config_free it. */
int config_load(struct config *c, const char *path, struct error *err) MUST_CHECK;
void config_free(struct config *c);
/* How much of that folder of the account is held here: what the last section that matches says,
 * else the account. A pattern matches the folder's name or account/name, in any case; * stands for
 * any characters, ? for one. */
int config_offline(const struct config *c, const struct config_account *a, struct str folder);
/* By name in any case; NULL. */
const struct config_account *config_account(const struct config *c, struct str name);
/* The account whose address this is (any case), else NULL. */
const struct config_account *config_account_of(const struct config *c, struct str address);
/* The account's password or token: that of oauth-command (its first line of output), the password
 * of the file, of password-command, of $TMAIL_PASSWORD_NAME (the account's name in capitals, what is
 * no letter or digit as _). out is wiped by the caller; never logged. 1 when there is none of them:
 * the person must be asked.
 * tty_err_fd: where the command may complain, -1 nowhere. */
int config_secret(const struct config_account *a, struct buf *out, int tty_err_fd,
                  struct error *err) MUST_CHECK;

/* Where things lie (XDG, or below --profile DIR): freed with free(). */
char *config_path_rc(const char *profile);
char *config_path_store(const char *profile);
char *config_path_log(const char *profile);

#endif
