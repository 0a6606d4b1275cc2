/* SPDX-License-Identifier: MIT */
/* account.h - what the parts of one account's worker share; all of it belongs to the worker's
 * thread.
 * Must not know: what the parts do with it. */
#ifndef TMAIL_SYNC_ACCOUNT_H
#define TMAIL_SYNC_ACCOUNT_H

#include "base/log.h"
#include "base/queue.h"
#include "cache/folder.h"
#include "config/config.h"
#include "decode/client.h"
#include "net/imap.h"
#include "sync/commit.h"
#include "sync/doubt.h"
#include "sync/pace.h"
#include "sync/signin.h"
#include "sync/spaces.h"
#include "sync/spoolkind.h"

/* A folder as the server opened it. */
struct sync_box {
    int64_t folder; /* in the store; 0: none is open */
    bool writable;
    uint32_t uidvalidity, uidnext;
    uint64_t exists;
    bool has_exists;    /* the server said so */
    unsigned permanent; /* flags that it keeps (PERMANENTFLAGS), enum imap_flag */
    char words[1024];   /* keywords that it keeps, where it takes no others */
    uint64_t modseq;    /* HIGHESTMODSEQ; 0: it has none */
};

struct sync_account {
    const struct config *config;
    const struct config_account *cfg; /* of it */
    int64_t id;                       /* in the store */
    struct cache *cache;
    struct decode *decode; /* NULL: to be started anew */
    struct commit_port *commit;
    struct queue *events; /* say.h */
    struct net_cancel *cancel;
    struct log *log;
    bool may_ask; /* a person may be there to be asked for a password */

    struct buf password;
    bool password_known, password_refused;
    bool out_refused; /* the sending server refused it; that of the mailboxes did not */

    struct signin signin; /* where the account signs in by OAuth2 */

    struct imap *imap; /* NULL: not connected */
    struct sync_box box;
    bool selected;           /* a mailbox was opened on this connection, or may have been */
    bool pass_due;           /* a look at all folders comes next */
    bool late;               /* nothing goes with the login: it went wrong once */
    struct spaces spaces;    /* of the server, as it told last */
    bool spaces_asked;       /* on this link */
    struct folders *list;    /* asked for with the login, not used yet; NULL: none */
    struct flags_turn *turn; /* changes of flags sent with the login; NULL: none */
    uint64_t lies;           /* CAP_*: what the server offers and does not have */

    int64_t
        withheld[64]; /* folders whose server does not hand over a message, as the person knows */
    size_t withheld_n;
    struct doubt doubt; /* messages that end the link */
    bool crowded;       /* the server has more folders than are taken, as the person knows */

    uint64_t tag;    /* last body's */
    uint64_t pushed; /* operations that the server has confirmed: what was seen before is old */
    struct pace pace;
    uint64_t taken; /* bytes of messages, in all */
    int64_t fetched, sent;
    const struct spool_kind *kind; /* of the files of a local account; NULL: it is none */
    struct spool_home home;
    bool looking; /* at the folders of a local account: nothing is changed in them meanwhile */
    bool unended; /* the end of an attempt to send could not be written */

    /* What may not wait until a long fetch is over: called between windows. May open another
     * folder. -1 breaks off. */
    int (*between)(void *arg, struct error *err);
    bool (*urgent)(void *arg); /* true: it should be called soon */
    void *between_arg;
    /* Fills in the password by asking the person: 0, -1. */
    int (*ask)(void *arg, struct error *err);
    void *ask_arg;
};

/* Events with the account's name. */
void account_state(struct sync_account *w, const char *state, const char *text);
/* "account NAME: " before the sentence, once. */
void account_prefix(const struct sync_account *w, struct error *why);
void account_error(struct sync_account *w, const struct error *why);
void account_folder_changed(struct sync_account *w, int64_t folder);
/* At most ten a second, but for the last one (done == total). more: bytes that are still to come; 0:
 * nobody knows. */
void account_progress(struct sync_account *w, struct str folder, int64_t done, int64_t total,
                      uint64_t more);
/* The password, from the configuration's command, the file, or the person; kept in w. ERR_AUTH when
 * nobody has it. */
int account_password(struct sync_account *w, struct error *err) MUST_CHECK;
/* The server said no to it: not tried again before account_password_forget. */
void account_password_refuse(struct sync_account *w);
void account_password_forget(struct sync_account *w);
/* The server refused the login with *err: true when it took an access token, and another is worth trying at
 * once. */
bool account_token_again(struct sync_account *w, const struct error *err);
/* Who logs in at one of the account's servers, and with what: the password is found as by
 * account_password where one is needed. Borrows from w, until the password is forgotten. 0; 1 where
 * that server wants no login (a sending one without a user); -1. */
int account_login(struct sync_account *w, enum net_proto proto, struct net_login *out,
                  struct error *err) MUST_CHECK;
/* The same for a thread that has the secret already. Borrows from both. */
void account_login_fill(const struct config_account *cfg, enum net_proto proto, struct str secret,
                        struct net_login *out);
/* Endpoint of one of the account's servers. Borrows cfg's strings. */
struct endpoint account_endpoint(const struct config_account *cfg, enum net_proto proto);

#endif
