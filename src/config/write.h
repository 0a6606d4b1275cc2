/* SPDX-License-Identifier: MIT */
/* write.h - a new account in tmailrc: what stands there already is not touched, values are always in quotes,
 * the file is private and replaced as a whole, and only by one that can be read.
 * Must not know: where the values came from. */
#ifndef TMAIL_CONFIG_WRITE_H
#define TMAIL_CONFIG_WRITE_H

#include <stdint.h>

#include "config/config.h"

enum { WRITE_VALUE_MAX = 900, WRITE_NAME_MAX = 40 };

struct write_key {
    const char *key;
    struct str value; /* empty: left out */
    bool secret; /* the file must shut out others, and a section that is shown has "***" here */
};
/* The value can stand in quotes: one line without " and \, of at most WRITE_VALUE_MAX bytes. */
bool write_value_fits(struct str value);
/* Appends a section as it is written; hide: secrets are not shown. */
void write_section(struct buf *out, const char *name, const struct write_key *keys, size_t n,
                   bool hide);
/* A server as `receive` and `send` name it: scheme "imaps", standard_port is left out. */
void write_url(struct buf *out, const char *scheme, struct str user, struct str host, uint16_t port,
               uint16_t standard_port);
/* A name for an account that c (may be NULL) does not have yet, made of wanted: letters, digits and -, in
 * lower case, with a number behind it where it is taken. Appended. */
void write_name(const struct config *c, struct str wanted, struct buf *out);
/* Appends the section to the file at path, which may be missing: file and folders are made, 0600 and 0700.
 * Symbolic links are followed. ERR_CONFIG when the file has a mistake already or would have one, nothing is
 * changed then; ERR_SYS. */
int write_account(const char *path, const char *name, const struct write_key *keys, size_t n,
                  struct error *err) MUST_CHECK;

#endif
