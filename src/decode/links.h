/* SPDX-License-Identifier: MIT */
/* links.h - addresses of pages in text, and whether a link's text names another host than its
 * target.
 * Must not know: HTML. */
#ifndef TMAIL_DECODE_LINKS_H
#define TMAIL_DECODE_LINKS_H

#include "base/str.h"

/* The first address ("https://...", "mailto:...", "www....") in text that begins a word; empty if
 * none. What usually follows an address in a sentence (".", ")", ">") is not part of it. */
struct str link_find(struct str text);
/* Host of an address, without port and "www."; empty when it has none. */
struct str link_host(struct str target);
/* True if text looks like an address or a host, and not like target's. */
bool link_lies(struct str text, struct str target);

#endif
