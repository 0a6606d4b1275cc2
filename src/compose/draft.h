/* SPDX-License-Identifier: MIT */
/* draft.h - a message being written: made from nothing or from another, kept in the store,
 * edited as a file, frozen into the outbox.
 * Must not know: the screen, the network. */
#ifndef TMAIL_COMPOSE_DRAFT_H
#define TMAIL_COMPOSE_DRAFT_H

#include "cache/outbox.h"
#include "config/config.h"
#include "mime/summary.h"

enum { DRAFT_ATTACH_MAX = 200, DRAFT_TEXT_MAX = 64 << 20 };

struct draft_attachment {
    char *path; /* a file; NULL when it is a part of a message in the store */
    char *name, *type;
    int64_t
        message; /* with the part's number, or (size_t)-1 for the whole message as message/rfc822 */
    size_t part;
    bool uuencode;
};
/* All strings decoded UTF-8, never NULL, freed with free(). */
struct draft {
    int64_t id;    /* in the store; 0: not kept yet */
    char *account; /* name of the sending account */
    char *from, *to, *cc, *bcc, *reply_to, *subject, *text;
    char *in_reply_to, *references;
    char **headers; /* "Name: value"; Send-At, Receipt and Not-Sent are for us and are never sent */
    size_t headers_n;
    struct draft_attachment *attachments;
    size_t attachments_n;
    int64_t answers; /* message that gets \Answered when this is queued; 0 none */
    bool forwards;   /* then $Forwarded instead */
};

enum reply_kind { REPLY_SENDER, REPLY_ALL, REPLY_LIST };
struct draft *draft_new(const struct config *cfg, const struct config_account *account);
/* Reply: recipients by kind (Mail-Followup-To, Reply-To, own addresses left out), Subject with one
 * "Re: ", References, text quoted under an attribution line, signature. The identity is the account
 * whose address it was sent to, else fallback. */
struct draft *draft_reply(const struct mime_summary *original, struct str text, int64_t message,
                          enum reply_kind kind, const struct config *cfg,
                          const struct config_account *fallback);
/* Forward inline: header lines, text, and the original's attachments (as parts of message). */
struct draft *draft_forward(const struct mime_summary *original, struct str text, int64_t message,
                            const struct config *cfg, const struct config_account *fallback);
/* The same draft once more, its id too. */
struct draft *draft_copy(const struct draft *d);
void draft_free(struct draft **d);
void draft_set(char **field, struct str value);
/* Attaches a file: must be a readable regular file. ERR_NOINPUT. */
int draft_attach(struct draft *d, const char *path, bool uuencode, struct error *err) MUST_CHECK;
void draft_detach(struct draft *d, size_t n);
/* Kept in the store, durable; d->id is set. */
int draft_save(struct draft *d, struct cache *c, struct error *err) MUST_CHECK;
/* 0; 1: no such draft. */
int draft_load(struct cache *c, int64_t id, struct draft **out, struct error *err) MUST_CHECK;
/* Takes an entry of the outbox back before it goes, or after it was refused: its draft is one again,
 * without the recipients that have the mail, and says in Not-Sent why the others have not. *out is
 * NULL for a mail that no draft was made of, and for a doubtful one, which is forgotten. Durable.
 * 1: too late, or no such entry. */
int draft_take_back(struct cache *c, int64_t entry, struct draft **out,
                    struct error *err) MUST_CHECK;
/* One from the list of drafts: taken back first, where the outbox has it. 1: no such draft. */
int draft_recall(struct cache *c, int64_t id, struct draft **out, struct error *err) MUST_CHECK;

/* The draft as a text file for an editor: header lines, an empty line, the body; and back. What
 * cannot be read leaves *d as it was and says why. */
void draft_to_text(const struct draft *d, struct buf *out);
int draft_from_text(struct draft *d, struct str text, struct error *err) MUST_CHECK;
/* Runs the editor (argv from $VISUAL, $EDITOR or cfg) on a private file: run is called with the
 * argv and may suspend a terminal. The draft is saved before and after. 1: nothing changed. A file
 * that cannot be read back stays, and the next edit of this draft goes on with it. */
typedef int draft_run_fn(void *arg, char *const argv[], struct error *err);
int draft_edit(struct draft *d, struct cache *c, const struct config *cfg, draft_run_fn *run,
               void *arg, struct error *err) MUST_CHECK;
/* The editor's words, or NULL when none is set or found: then the built-in one is used. */
char **draft_editor(struct arena *a, const struct config *cfg, struct error *err);

/* The value of a line among d->headers; NULL: there is none. */
const char *draft_header(const struct draft *d, const char *name);
/* Sets it, or takes it away where value is empty. */
void draft_header_set(struct draft *d, const char *name, struct str value);
/* When it goes, seconds: what "Send-At:" says (when.h), else otherwise. ERR_USAGE. */
int draft_send_at(const struct draft *d, int64_t now, int64_t otherwise, int64_t *at,
                  struct error *err) MUST_CHECK;
/* Whether the writer wants to be told that it arrived: what "Receipt:" says, yes or no, else what the
 * account says. */
bool draft_receipt(const struct draft *d, const struct config_account *account);

struct draft_remark {
    char text[200];
    bool fatal; /* cannot be sent like this */
};
/* What a careful colleague would say before sending: no recipient, a bad address (both fatal), no
 * subject, "attached" without an attachment, a missing file. */
size_t draft_review(const struct draft *d, const struct config *cfg, struct draft_remark *out,
                    size_t max);
/* Freezes bytes and Message-ID, stores body and outbox entry, puts the draft away until the mail has
 * gone, marks the answered message: one durable transaction. Takes *d on success only. ERR_ADDRESS, ERR_NOINPUT, ERR_STORE.
 * send_at: seconds; what the draft itself says of that comes first. */
int draft_queue(struct draft **d, struct cache *c, const struct config *cfg, int64_t send_at,
                int64_t *outbox_id, struct error *err) MUST_CHECK;

#endif
