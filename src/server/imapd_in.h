/* SPDX-License-Identifier: MIT */
/* imapd_in.h - the inside of an IMAP session, shared by the files that hold its commands.
 * Must not know: sockets. */
#ifndef TMAIL_SERVER_IMAPD_IN_H
#define TMAIL_SERVER_IMAPD_IN_H

#include "server/imapd.h"
#include "server/searchkey.h"
#include "server/store.h"
#include "server/view.h"
#include "wire/imap_token.h"

/* The message of an APPEND while its literal arrives. */
struct imapd_append {
    bool active, too_large;
    struct spill message;
};
enum imapd_enabled { IMAPD_CONDSTORE = 1, IMAPD_QRESYNC = 2, IMAPD_UTF8 = 4, IMAPD_REV2 = 8 };
struct imapd {
    struct imapd_setup setup;
    struct wire_imap *reader;
    struct sasl *sasl;
    struct buf tag, account, folder; /* folder: UTF-8 name of the one selected */
    bool logged_in, read_only, by_uid, idling, closing;
    bool secure, starttls;     /* TLS is spoken; it begins behind the reply */
    bool compressed, compress; /* the same for deflate */
    unsigned enabled;          /* of enum imapd_enabled */
    struct mailbox *box;       /* NULL: none selected */
    struct queue *events;
    struct view view;
    struct imapd_append append;
    /* The message read last: partial fetches come in a row. */
    uint32_t cached_uid;
    struct buf cached;
    /* The result of the last SEARCH that was to be saved, $: UIDs. */
    struct search_range *saved;
    size_t saved_n;
    unsigned tries, errors;
    int delay_ms;
    struct buf *out;
};

/* Each gets the arguments behind the command's name and answers, tagged line included. */
typedef void imapd_fn(struct imapd *i, const struct wire_node *args);
imapd_fn imapd_select, imapd_examine, imapd_close, imapd_unselect, imapd_create, imapd_delete,
    imapd_rename, imapd_subscribe, imapd_unsubscribe, imapd_list, imapd_lsub, imapd_status,
    imapd_namespace;
imapd_fn imapd_fetch, imapd_store, imapd_copy, imapd_move, imapd_expunge, imapd_append_end,
    imapd_search, imapd_sort, imapd_thread, imapd_enable;

/* What a search found: rows, ascending; the highest of their modseqs. */
struct imapd_found {
    size_t *rows;
    size_t n, cap;
    uint64_t modseq;
};
/* The keys from args on, in a; NULL when they were answered with NO or BAD. */
struct search_key *imapd_search_keys(struct imapd *i, struct arena *a, const struct wire_node *args,
                                     struct str charset);
/* Fills found, to be cleared also after -1. */
int imapd_search_run(struct imapd *i, const struct search_key *keys, struct imapd_found *found,
                     struct error *err) MUST_CHECK;
void imapd_found_clear(struct imapd_found *f);
/* Its UID in a UID command, else its number. */
uint32_t imapd_name_of(const struct imapd *i, size_t row);
void imapd_saved_forget(struct imapd *i);

/* "TAG OK text"; text may begin with a [CODE]. */
void imapd_ok(struct imapd *i, const char *text);
void imapd_no(struct imapd *i, const char *text);
void imapd_bad(struct imapd *i, const char *text);
/* NO with the reason, and [LIMIT], [OVERQUOTA] or such where the error tells. */
void imapd_fail(struct imapd *i, const struct error *err);
/* What happened to the mailbox meanwhile, before the tagged line. */
void imapd_tell(struct imapd *i, bool expunges);
/* Leaves the selected mailbox, if any. */
void imapd_leave(struct imapd *i);
/* True and s filled for an atom or string without CR, LF, NUL. */
bool imapd_text(const struct wire_node *n, struct str *s);
/* Appends the UTF-8 name of a folder argument; false when it is no name. */
bool imapd_folder(const struct imapd *i, const struct wire_node *n, struct buf *out);
/* Flags of a list (or of the rest of the line) as bits and words; false for what is no flag. */
bool imapd_flags(const struct wire_node *first, unsigned *flags, struct buf *keywords);
/* The rows that a command names, freed with free(); false when it was answered with BAD. */
bool imapd_rows(struct imapd *i, const struct wire_node *set, size_t **rows, size_t *n);
/* The UIDs of rows, freed with free(). */
uint32_t *imapd_uids(const struct imapd *i, const size_t *rows, size_t n);
/* Forgets the message that FETCH keeps for the next piece of it. */
void imapd_fetch_forget(struct imapd *i);
/* A job for the selected mailbox; frees it. */
int imapd_job(struct imapd *i, struct mailbox_job *j, struct error *err) MUST_CHECK;

/* ---- imapd_sync.c: CONDSTORE and QRESYNC (RFC 7162) ---- */

/* The parameters of SELECT: CONDSTORE, QRESYNC. */
struct imapd_resync {
    bool condstore, given;
    uint32_t validity;
    uint64_t modseq;
    struct str known, seqs, uids; /* empty: not given */
};
/* The modifiers of FETCH: CHANGEDSINCE, VANISHED. */
struct imapd_since {
    bool given, vanished;
    uint64_t modseq;
};
/* The client knows of modification sequences now. */
void imapd_condstore(struct imapd *i);
/* Names and headers are UTF-8, unencoded (RFC 6855, RFC 9051 §5.1). */
bool imapd_utf8(const struct imapd *i);
/* imapd_list.c: a folder's name as the client has it. */
void imapd_put_name(struct imapd *i, struct str name);
/* imapd_quota.c */
imapd_fn imapd_getquota, imapd_getquotaroot;
/* As quota_room. */
int imapd_quota_room(struct imapd *i, uint64_t bytes, struct error *err) MUST_CHECK;
/* imapd_auth.c */
imapd_fn imapd_capability, imapd_login, imapd_authenticate, imapd_starttls, imapd_compress;
/* "CAPABILITY ...", as it is now. */
void imapd_capabilities(struct imapd *i);
/* A line of the exchange that AUTHENTICATE began. */
void imapd_auth_line(struct imapd *i, struct str line);
/* What is enabled holds for the view too. */
void imapd_enabled(struct imapd *i);
/* False for what they cannot be. */
bool imapd_resync_read(struct imapd *i, const struct wire_node *n, struct imapd_resync *out);
/* What went and changed since, by the job that attached us. */
void imapd_resync_put(struct imapd *i, const struct imapd_resync *r, const struct mailbox_job *j);
bool imapd_since_read(struct imapd *i, const struct wire_node *n, struct imapd_since *out);
/* Of rows those that changed since. */
void imapd_since_take(struct imapd *i, const struct imapd_since *s, size_t *rows, size_t *n);
/* What went since, of a set of UIDs. */
int imapd_since_vanished(struct imapd *i, const struct imapd_since *s, struct str set,
                         struct error *err) MUST_CHECK;
/* A (UNCHANGEDSINCE n) in front of what STORE is to do: what comes behind it; NULL for another
 * list. */
const struct wire_node *imapd_unchanged_read(const struct wire_node *n, uint64_t *modseq);
/* "* 3 FETCH (UID 7 MODSEQ (9))" */
void imapd_put_modseq(struct imapd *i, size_t row);
/* Appends "[MODIFIED 7,9] " where a STORE left some alone. */
void imapd_modified(const struct imapd *i, const struct mailbox_job *j, struct buf *code);

#endif
