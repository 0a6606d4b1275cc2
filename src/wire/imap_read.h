/* SPDX-License-Identifier: MIT */
/* imap_read.h - what the files of imap_resp.h share: imap_resp.c has the kinds of responses,
 * imap_code.c capabilities and codes, imap_data.c what stands in LIST, STATUS, FETCH and the
 * other data.
 * Must not know: which command asked. */
#ifndef TMAIL_WIRE_IMAP_READ_H
#define TMAIL_WIRE_IMAP_READ_H

#include "wire/imap_resp.h"

struct imap_word {
    const char *name;
    uint64_t value;
};
/* The value of a name in a table that ends in NULL; other when it is not there. */
uint64_t imap_word_value(const struct imap_word *table, struct str s, uint64_t other);
/* The values of all atoms from first on, as bits. */
uint64_t imap_word_bits(const struct imap_word *table, const struct wire_node *first);

/* Each reads what follows its name into *out: 0, or -1 for what breaks the grammar. */
void imap_caps_read(const struct wire_node *first, struct imap_resp *out);
void imap_enabled_read(const struct wire_node *first, struct imap_resp *out);
int imap_code_read(const struct wire_node *code, struct imap_resp *out);
int imap_list_read(const struct wire_node *flags, struct imap_resp *out);
int imap_status_read(const struct wire_node *name, struct imap_resp *out);
int imap_fetch_read(const struct wire_node *list, struct imap_fetch *out);
int imap_esearch_read(const struct wire_node *first, struct imap_resp *out);
int imap_namespace_read(const struct wire_node *first, struct imap_resp *out);
int imap_id_read(const struct wire_node *first, struct imap_resp *out);
int imap_quota_read(const struct wire_node *root, struct imap_resp *out);
int imap_quotaroot_read(const struct wire_node *mailbox, struct imap_resp *out);
/* True for a MODSEQ that is one (RFC 7162 §7): 1 to IMAP_MODSEQ_MAX. */
bool imap_modseq_read(const struct wire_node *n, uint64_t *value);

#endif
