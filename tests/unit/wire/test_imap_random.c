/* SPDX-License-Identifier: MIT */
#include "unit/test.h"
#include <stdio.h>
#include <stdlib.h>
#include "unit/wire/split.h"
#include "wire/imap_resp.h"

enum { ROUNDS = 4000, SEED = 20261124 };

static const char *const seeds[] = {
    "* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n",
    "a1 NO\r\n",
    "a1 OK [COPYUID 3 1:2,7 5:7] done\r\n",
    "* VANISHED (EARLIER) 1:3,9\r\n",
    "* LIST (\\HasChildren) \"/\" {4}\r\nSent\r\n",
    "* STATUS \"a b\" (MESSAGES 3 UNSEEN 1)\r\n",
    "* 12 FETCH (UID 7 FLAGS (\\Seen) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" BODY[] "
    "{5}\r\nhello)\r\n",
    "a1 append INBOX (\\Seen) {5+}\r\nhello\r\n",
    "a1 FETCH 1:* (BODY.PEEK[HEADER.FIELDS (From To)]<0.100>)\r\n",
};

/* xorshift: the same bytes for the same seed, everywhere. */
static uint32_t next(uint32_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 17;
    *s ^= *s << 5;
    return *s;
}

static void mutate(struct buf *b, uint32_t *seed)
{
    static const char spice[] = "\r\n\0\"\\(){}[]+*~ 09A,:\xFF";
    for (uint32_t n = next(seed) % 4; n > 0 && b->len > 0; n--) {
        size_t at = next(seed) % b->len;
        char c = spice[next(seed) % (sizeof spice - 1)];
        switch (next(seed) % 3) {
        case 0:
            b->data[at] = c;
            break;
        case 1: /* one byte less */
            memmove(b->data + at, b->data + at + 1, b->len - at - 1);
            buf_truncate(b, b->len - 1);
            break;
        default: /* one byte more */
            buf_addc(b, c);
            memmove(b->data + at + 1, b->data + at, b->len - at - 1);
            b->data[at] = c;
        }
    }
}

/* Every whole line goes through the typed view as well. */
static void view(const struct wire_node *line)
{
    struct imap_resp r;
    struct error err;
    uint32_t first, last;
    if (line == NULL || wire_imap_resp(line, &r, &err) != 0)
        return;
    struct str set = r.uids_from;
    while (imap_set_next(&set, 9, &first, &last) == 0)
        assert_true(first <= last);
}

static void views(enum wire_side side, struct str in)
{
    struct wire_imap *p = wire_imap_new(side, NULL);
    const struct wire_node *line;
    struct error err;
    enum wire_result r;
    while ((r = wire_imap_next(p, &in, &line, &err)) != WIRE_MORE)
        if (r == WIRE_OK)
            view(line);
    wire_imap_free(&p);
}

/* Two lines, damaged: no crash, no byte read too far, and any split gives the same. */
static void damaged_lines_read_the_same_in_any_split(void **state)
{
    static const struct wire_imap_limits small = {
        .line_max = 200,
        .depth_max = 4,
        .nodes_max = 30,
        .memory_max = 4000,
        .literal_keep = 8,
        .literal_max = 100,
    };
    uint32_t seed = SEED;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct buf in = BUF_INIT(4096), whole = BUF_INIT(1 << 16), cut = BUF_INIT(1 << 16);
        struct split s = { .side = next(&seed) % 2 ? WIRE_SERVER : WIRE_CLIENT,
                           .limits = next(&seed) % 2 ? &small : NULL,
                           .choice = (enum split_choice)(next(&seed) % 3) };
        buf_adds(&in, seeds[next(&seed) % COUNT(seeds)]);
        buf_adds(&in, seeds[next(&seed) % COUNT(seeds)]);
        mutate(&in, &seed);
        views(s.side, buf_str(&in));
        split_trace(&s, buf_str(&in), in.len, 1, &whole);
        split_trace(&s, buf_str(&in), next(&seed) % (in.len + 1), 1 + next(&seed) % 5, &cut);
        if (!str_eq(buf_str(&whole), buf_str(&cut)))
            fail_msg("seed %d, round %d", SEED, round);
        buf_free(&in);
        buf_free(&whole);
        buf_free(&cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_lines_read_the_same_in_any_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
