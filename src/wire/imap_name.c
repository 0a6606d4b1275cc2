/* SPDX-License-Identifier: MIT */
#include "wire/imap_name.h"

#include "base/utf8.h"
#include "base/banned.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

static int digit_value(char c)
{
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

static bool is_direct(uint32_t cp)
{
    return cp >= 0x20 && cp < 0x7F;
}

/* UTF-16 units become code points: high waits for its other half. -1 for half pairs and for what
 * should have been written directly. */
static int unit_put(uint32_t unit, uint32_t *high, struct buf *out)
{
    bool is_high = unit >= 0xD800 && unit < 0xDC00, is_low = unit >= 0xDC00 && unit < 0xE000;
    if ((*high != 0) != is_low || is_direct(unit) || unit < 0x20 || unit == 0x7F)
        return -1;
    if (is_high)
        *high = unit;
    else if (is_low) {
        utf8_put(out, 0x10000 + ((*high - 0xD800) << 10) + (unit - 0xDC00));
        *high = 0;
    } else
        utf8_put(out, unit);
    return 0;
}

/* What stands between & and -, RFC 3501 §5.1.3. Leftover bits must be fewer than 6 and zero. */
static int shifted_decode(struct str in, struct buf *out)
{
    uint32_t bits = 0, high = 0;
    unsigned n = 0;
    for (size_t i = 0; i < in.n; i++) {
        int v = digit_value(in.p[i]);
        if (v < 0)
            return -1;
        bits = (bits << 6 | (uint32_t)v) & 0x3FFFFF;
        n += 6;
        if (n < 16)
            continue;
        n -= 16;
        if (unit_put(bits >> n & 0xFFFF, &high, out) != 0)
            return -1;
    }
    return high == 0 && n < 6 && (bits & ((1u << n) - 1)) == 0 ? 0 : -1;
}

static int name_decode(struct str in, struct buf *out)
{
    struct str run;
    bool shifted_before = false;
    while (in.n > 0) {
        char c = in.p[0];
        in = str_skip(in, 1);
        if (!is_direct((unsigned char)c))
            return -1;
        if (c != '&') {
            buf_addc(out, c);
            shifted_before = false;
            continue;
        }
        if (str_until(&in, '-', &run) != 0)
            return -1;
        if (run.n == 0)
            buf_addc(out, '&');
        else if (shifted_before ||
                 shifted_decode(run, out) != 0) /* "&...-&...-" is two where one is due */
            return -1;
        shifted_before = run.n > 0;
    }
    return out->over ? -1 : 0;
}

int wire_name_decode(struct str in, struct buf *out)
{
    size_t start = out->len;
    if (in.n > 0 && in.n <= 4 * WIRE_NAME_MAX && name_decode(in, out) == 0 &&
        out->len - start <= WIRE_NAME_MAX)
        return 0;
    buf_truncate(out, start);
    return -1;
}

struct shift {
    uint32_t bits;
    unsigned n;
    bool on;
};

static void shift_unit(struct shift *s, uint32_t unit, struct buf *out)
{
    if (!s->on)
        buf_addc(out, '&');
    s->on = true;
    s->bits = s->bits << 16 | unit;
    s->n += 16;
    while (s->n >= 6) {
        s->n -= 6;
        buf_addc(out, digits[s->bits >> s->n & 63]);
    }
    s->bits &= (1u << s->n) - 1;
}

static void shift_end(struct shift *s, struct buf *out)
{
    if (!s->on)
        return;
    if (s->n > 0)
        buf_addc(out, digits[s->bits << (6 - s->n) & 63]);
    buf_addc(out, '-');
    *s = (struct shift){ 0 };
}

static int name_encode(struct str in, struct buf *out)
{
    struct shift s = { 0 };
    uint32_t cp;
    while (utf8_next(&in, &cp)) {
        if (cp < 0x20 || cp == 0x7F || (cp >= 0x80 && cp < 0xA0))
            return -1;
        if (is_direct(cp)) {
            shift_end(&s, out);
            buf_addc(out, (char)cp);
            if (cp == '&')
                buf_addc(out, '-');
        } else if (cp < 0x10000)
            shift_unit(&s, cp, out);
        else {
            shift_unit(&s, 0xD800 + ((cp - 0x10000) >> 10), out);
            shift_unit(&s, 0xDC00 + ((cp - 0x10000) & 0x3FF), out);
        }
    }
    shift_end(&s, out);
    return out->over ? -1 : 0;
}

int wire_name_encode(struct str in, struct buf *out)
{
    size_t start = out->len;
    if (in.n > 0 && in.n <= WIRE_NAME_MAX && utf8_valid(in) && name_encode(in, out) == 0)
        return 0;
    buf_truncate(out, start);
    return -1;
}
