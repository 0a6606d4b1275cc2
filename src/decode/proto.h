/* SPDX-License-Identifier: MIT */
/* proto.h - the flat questions and answers between a client and its worker, both ends. A stream
 * of frames: kind and length (32 bits each, little-endian), then that many bytes. The worker
 * begins with HELLO. A question is an optional ASK_..., any number of DATA, one LAST; without
 * ASK it asks for a summary. Each question gets one ANSWER or REFUSED, in order.
 * Must not know: GMime, libxml2, processes. */
#ifndef TMAIL_DECODE_PROTO_H
#define TMAIL_DECODE_PROTO_H

#include "decode/client.h"

enum proto_kind {
    PROTO_HELLO = 1,
    PROTO_ASK_TEXT,
    PROTO_ASK_HEADER,
    PROTO_DATA,
    PROTO_LAST,
    PROTO_ANSWER,
    PROTO_REFUSED,
    PROTO_ASK_SERVERS
};

enum {
    PROTO_VERSION = 1,
    PROTO_HEAD = 8,
    PROTO_DATA_MAX = 256 << 10,  /* bytes of a frame to the worker */
    PROTO_ANSWER_MAX = 64 << 20, /* bytes of a frame from it */
    PROTO_SPANS_MAX = 200000,
    PROTO_LINKS_MAX = 5000
};

/* What decode_text asks for, without the bytes. */
struct proto_text_ask {
    struct str type, charset;
    unsigned encoding, flags, width;
};

void proto_head(struct buf *out, enum proto_kind kind, size_t length);
/* Takes one whole frame off *in. 0; 1 when not all of it is here; -1 when it is longer than max. */
int proto_frame(struct str *in, size_t max, unsigned *kind, struct str *payload);

void proto_text_ask_put(struct buf *out, const struct proto_text_ask *ask);
int proto_text_ask_get(struct str in, struct proto_text_ask *ask) MUST_CHECK;
/* Spans and links beyond their ceilings are left out. */
void proto_text_put(struct buf *out, const struct decode_text *text);
/* Strings point into in, arrays live in a. ERR_PARSE for anything that proto_text_put does not
 * write. */
int proto_text_get(struct arena *a, struct str in, struct decode_text *text,
                   struct error *err) MUST_CHECK;
/* At most DECODE_SERVERS_MAX; the other end as proto_text_get. */
void proto_servers_put(struct buf *out, const struct decode_servers *servers);
int proto_servers_get(struct arena *a, struct str in, struct decode_servers *servers,
                      struct error *err) MUST_CHECK;

#endif
