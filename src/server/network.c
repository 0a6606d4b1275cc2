/* SPDX-License-Identifier: MIT */
#include "server/network.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"
#include "base/banned.h"

enum { ADDRESS_MAX = 64, MAPPED_BYTES = 12 };

static const unsigned char mapped[MAPPED_BYTES] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };

static int address_read(struct str s, struct network *out)
{
    char text[ADDRESS_MAX];
    s = str_head(s, str_find(s, '%')); /* the link that a local address belongs to */
    if (s.n >= sizeof text)
        return -1;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    *out = (struct network){ .bits = 32 };
    if (inet_pton(AF_INET, text, out->bytes) == 1)
        return 0;
    if (inet_pton(AF_INET6, text, out->bytes) != 1)
        return -1;
    out->v6 = memcmp(out->bytes, mapped, MAPPED_BYTES) != 0;
    out->bits = out->v6 ? 128 : 32;
    if (!out->v6)
        memmove(out->bytes, out->bytes + MAPPED_BYTES, 4);
    return 0;
}

int network_read(const char *s, struct network *out)
{
    struct str all = str_c(s);
    struct str address = str_head(all, str_find(all, '/'));
    struct str bits = str_skip(all, address.n + 1);
    uint32_t n;
    if (address_read(address, out) != 0)
        return -1;
    if (address.n == all.n)
        return 0;
    if (str_u32(&bits, &n) != 0 || bits.n != 0 || n > out->bits)
        return -1;
    out->bits = n;
    return 0;
}

bool network_has(const struct network *n, const char *address)
{
    struct network a;
    if (address_read(str_c(address), &a) != 0 || a.v6 != n->v6)
        return false;
    unsigned whole = n->bits / 8;
    unsigned mask = 0xFF00U >> n->bits % 8 & 0xFF;
    return memcmp(a.bytes, n->bytes, whole) == 0 &&
           (mask == 0 || ((a.bytes[whole] ^ n->bytes[whole]) & mask) == 0);
}
