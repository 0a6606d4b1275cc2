/* SPDX-License-Identifier: MIT */
#include "base/idna.h"

#include "base/utf8.h"
#include "base/banned.h"

/* RFC 3492 §5 */
enum {
    BASE = 36,
    TMIN = 1,
    TMAX = 26,
    SKEW = 38,
    DAMP = 700,
    INITIAL_BIAS = 72,
    INITIAL_N = 128,
    LABEL_MAX = 63 /* code points, of which each takes a character at least */
};

struct label {
    uint32_t cp[LABEL_MAX];
    uint32_t n;
};

static char digit(uint32_t d)
{
    return (char)(d < 26 ? 'a' + (int)d : '0' + (int)d - 26);
}

/* §6.1 */
static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;
    delta = first ? delta / DAMP : delta / 2;
    delta += delta / points;
    for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
        delta /= BASE - TMIN;
    return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static void put_number(struct buf *out, uint32_t q, uint32_t bias)
{
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
        if (q < t)
            break;
        buf_addc(out, digit(t + (q - t) % (BASE - t)));
        q = (q - t) / (BASE - t);
    }
    buf_addc(out, digit(q));
}

static uint32_t least_from(const struct label *l, uint32_t n)
{
    uint32_t m = UINT32_MAX;
    for (uint32_t i = 0; i < l->n; i++)
        if (l->cp[i] >= n && l->cp[i] < m)
            m = l->cp[i];
    return m;
}

/* §6.3. Nothing overflows: 63 code points below 0x110000 give less than 2^27. */
static void punycode(const struct label *l, struct buf *out)
{
    uint32_t n = INITIAL_N, delta = 0, bias = INITIAL_BIAS, done = 0, basic;
    for (uint32_t i = 0; i < l->n; i++)
        if (l->cp[i] < INITIAL_N) {
            buf_addc(out, (char)l->cp[i]);
            done++;
        }
    basic = done;
    if (basic > 0)
        buf_addc(out, '-');
    while (done < l->n) {
        uint32_t m = least_from(l, n);
        delta += (m - n) * (done + 1);
        n = m;
        for (uint32_t i = 0; i < l->n; i++) {
            delta += l->cp[i] < n;
            if (l->cp[i] != n)
                continue;
            put_number(out, delta, bias);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
        delta++;
        n++;
    }
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= INITIAL_N)
            return false;
    return true;
}

static int put_label(struct str text, struct buf *out)
{
    struct buf folded = BUF_INIT(4 * LABEL_MAX);
    struct label l = { .n = 0 };
    uint32_t cp;
    if (is_ascii(text)) {
        buf_add_str(out, text);
        return 0;
    }
    utf8_fold(&folded, text);
    struct str rest = buf_str(&folded);
    bool fits = utf8_valid(text) && !folded.over;
    while (fits && utf8_next(&rest, &cp)) {
        fits = l.n < LABEL_MAX;
        if (fits)
            l.cp[l.n++] = cp;
    }
    buf_free(&folded);
    buf_adds(out, "xn--");
    punycode(&l, out);
    return fits ? 0 : -1;
}

void idna_mail_domain(struct str local, struct str domain, struct buf *out)
{
    size_t before = out->len;
    bool ascii = true;
    for (size_t i = 0; i < local.n; i++)
        ascii = ascii && (unsigned char)local.p[i] < 0x80;
    if (ascii && idna_to_ascii(domain, out) == 0)
        return;
    buf_truncate(out, before);
    buf_add_str(out, domain);
}

int idna_to_ascii(struct str domain, struct buf *out)
{
    struct str label;
    while (str_until(&domain, '.', &label) == 0) {
        if (put_label(label, out) < 0)
            return -1;
        buf_addc(out, '.');
    }
    return put_label(domain, out);
}
