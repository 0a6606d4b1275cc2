/* SPDX-License-Identifier: MIT */
/* link.h - the worker's connection: opened and logged in when needed, which mailbox is open on
 * it, and what a command's end said.
 * Must not know: what is fetched or pushed over it. */
#ifndef TMAIL_SYNC_LINK_H
#define TMAIL_SYNC_LINK_H

#include "sync/account.h"

/* LINK_NO_VALIDITY stands for the UIDVALIDITY of a server that gives none. */
enum {
    LINK_NO_VALIDITY = 1,
    LINK_CONNECT_MS = 30000,
    LINK_SILENCE_MS = 60000,
    LINK_COMMAND_MAX = 1 << 20
};

/* Connects and logs in unless that stands. A refused password is remembered. Where the server is
 * known, changes of flags that are due go with the login (flags.h) and, with w->pass_due, the
 * question for its folders (folders.h). */
int link_open(struct sync_account *w, struct error *err) MUST_CHECK;
void link_close(struct sync_account *w);

/* How a command ended: the handler's done and arg. Start zeroed. */
struct link_answer {
    enum { LINK_BROKEN, LINK_OK, LINK_REFUSED } fate;
    enum imap_code code;
    char text[200];
    struct buf from, to; /* COPYUID's sets, APPENDUID's in to */
    uint32_t validity;   /* UIDVALIDITY of to */
};
void link_done(void *answer, const struct imap_resp *r);
void link_answer_clear(struct link_answer *a);
/* -1 with ERR_REFUSED and the server's words when the command was refused; RETRY_LATER for a
 * trouble that passes. */
int link_check(const struct link_answer *a, struct error *err) MUST_CHECK;

/* SELECT or EXAMINE, to be run with what follows. Start zeroed; *s must live until imap_run is
 * over. */
struct link_select {
    struct link_answer answer;
    struct sync_box box;
    const char *with; /* parameters, " (CONDSTORE)"; NULL: none. Not needed after queueing. */
    /* What else comes while it is opened; may be NULL. */
    int (*resp)(void *arg, const struct imap_resp *r, struct error *err);
    void *arg;
};
int link_select_queue(struct sync_account *w, const struct cache_folder *f, bool writable,
                      struct link_select *s, struct error *err) MUST_CHECK;
/* After imap_run: notes in w what is open now. ERR_REFUSED when the server would not open it. */
int link_select_end(struct sync_account *w, struct link_select *s, struct error *err) MUST_CHECK;
/* All three, unless it is open already. */
int link_select(struct sync_account *w, const struct cache_folder *f, bool writable,
                struct error *err) MUST_CHECK;
/* One command to its end, with link_done's answer. -1 only when the link broke. */
int link_command(struct sync_account *w, struct str cmd, struct link_answer *answer,
                 struct error *err) MUST_CHECK;
/* The mailbox's name, as the server calls it, into a command. */
int link_put_name(struct sync_account *w, struct buf *out, struct str wire,
                  struct error *err) MUST_CHECK;
/* The largest message that the mailbox takes (RFC 7889), asked for where the server has a limit for each;
 * UINT64_MAX: no limit is known. */
int link_append_limit(struct sync_account *w, struct str wire, uint64_t *limit,
                      struct error *err) MUST_CHECK;
/* The namespaces (RFC 2342) into w, with what is queued; where they are to be had and were not asked for
 * on this link. */
void link_spaces_queue(struct sync_account *w);

#endif
