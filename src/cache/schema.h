/* SPDX-License-Identifier: MIT */
/* schema.h - inside of src/cache only: the migrations, one script from each version to the next.
 * Must not know: how they are run. */
#ifndef TMAIL_CACHE_SCHEMA_H
#define TMAIL_CACHE_SCHEMA_H

#include "cache/db.h"

enum { SCHEMA_APPLICATION = 0x746d616c }; /* "tmal", in the file's header */

/* Script i brings a store of version i to version i + 1. */
extern const char *const schema_scripts[CACHE_SCHEMA];

#endif
