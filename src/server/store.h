/* SPDX-License-Identifier: MIT */
/* store.h - all accounts: which mailboxes are open, folders made and removed, who may log in.
 * One thread has the tables; connections ask it through a desk of their own.
 * Must not know: protocols. */
#ifndef TMAIL_SERVER_STORE_H
#define TMAIL_SERVER_STORE_H

#include "server/accounts.h"
#include "server/control.h"
#include "server/faults.h"
#include "server/folders.h"
#include "server/mailbox.h"
#include "server/options.h"
#include "server/sasl.h"

struct log;
struct reader;
struct mailq;
struct store;
struct vclock;

/* Opens or makes the root, private to us, and starts the thread. Keeps options and log. */
struct store *store_start(const struct server_options *options, struct log *log, struct error *err);
/* Ends it and all mailboxes. Nobody may have a desk any more. */
void store_stop(struct store **s);

/* From now on accounts, aliases and options are those of options (kept), read again. -1 with the
 * old ones still in use. Not from a thread that has a desk. */
int store_reload(struct store *s, const struct server_options *options,
                 struct error *err) MUST_CHECK;

/* What desks opened from now on have beside them; keeps both, either may be NULL. Before the first
 * connection. */
void store_lend(struct store *s, struct vclock *clock, struct mailq *mailq);

/* Where one connection asks; belongs to its thread. */
struct desk {
    struct store *store;
    struct vclock *clock; /* the time that mail is stamped with */
    struct mailq *mailq;  /* mail to elsewhere; NULL: there is none */
    struct queue *answers;
    struct queue *hashers; /* the store's: as many messages as hashes may be made at once */
    struct reader *reader;
    int tmp_dir; /* for spills; the store's */
};
int desk_open(struct desk *d, struct store *s, struct error *err) MUST_CHECK;
void desk_close(struct desk *d);
/* False when so many bytes more would fill the disk of the messages. */
bool desk_room(const struct desk *d, uint64_t bytes);

/* What is kept of name's password; unknown names get a made-up record of the same costs. */
void desk_secret(struct desk *d, struct str name, struct user_secret *out);
/* Tells of a login's end, so that an address that fails is held back. delay_ms: how long the answer
 * is to be held back. */
void desk_login_done(struct desk *d, struct str peer, bool ok, int *delay_ms);
/* Logins by this desk, for sasl_new. Borrows d and peer, for as long as the sasl lives. */
struct sasl_setup desk_sasl(struct desk *d, const struct server_options *options, const char *peer,
                            const char *service);
/* Whose mail local@domain is, after aliases; see accounts_rcpt. */
enum rcpt_kind desk_rcpt(struct desk *d, struct str local, struct str domain,
                         struct rcpt_list *out);
/* True when peer may send one more message now, of so many in a minute; it is counted then. */
bool desk_rate(struct desk *d, struct str peer, uint64_t per_minute);
/* Whether there are any faults, and what they do at a point (faults_ask). */
bool desk_has_faults(struct desk *d);
void desk_faults(struct desk *d, const struct faults_question *q, struct faults_hits *out);
/* `tmaild fault add|clear|list`: for control_add with the store. */
extern const struct control_command store_fault_commands[];
/* 0 with *box in use by us; 1 when there is no such folder; -1. make: create it (INBOX always is).
 */
int desk_mailbox(struct desk *d, struct str account, struct str folder, bool make,
                 struct mailbox **box, struct error *err) MUST_CHECK;
void desk_mailbox_done(struct desk *d, struct mailbox **box);
int desk_list(struct desk *d, struct str account, struct folder_list *out,
              struct error *err) MUST_CHECK;
/* Who has mail here. */
int desk_accounts(struct desk *d, struct folder_list *out, struct error *err) MUST_CHECK;
enum desk_change {
    DESK_CREATE, /* 1: it exists */
    DESK_DELETE, /* 1: it does not exist */
    DESK_RENAME, /* 1: from does not exist; 2: to exists */
    DESK_SUBSCRIBE,
    DESK_UNSUBSCRIBE
};
int desk_change(struct desk *d, enum desk_change what, struct str account, struct str folder,
                struct str to, struct error *err) MUST_CHECK;

#endif
