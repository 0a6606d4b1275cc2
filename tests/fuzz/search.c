/* SPDX-License-Identifier: MIT */
/* A line of search keys, then a message: keys are read or refused, and judged; what the row decides
 * the message does not change. The message's header as a row of SORT and THREAD. */
#include "fuzz.h"

#include "server/limits.h"
#include "server/maildate.h"
#include "server/searchmatch.h"
#include "server/sort.h"
#include "server/thread.h"
#include "base/banned.h"

static void judge(const struct search_key *keys, struct str message)
{
    const struct mailbox_row row = {
        .uid = 7, .flags = 5, .date = 1700000000, .size = message.n, .modseq = 9, .keywords = "a b"
    };
    struct search_message m;
    enum search_verdict by_row = search_judge(keys, &row, 3, NULL);
    FUZZ_CHECK(keys->depth != SEARCH_ROW || by_row != SEARCH_UNKNOWN);
    search_message_init(&m, NULL, NULL);
    search_message_set(&m, message, SEARCH_HEADER);
    enum search_verdict by_header = search_judge(keys, &row, 3, &m);
    search_message_set(&m, message, SEARCH_MESSAGE);
    enum search_verdict whole = search_judge(keys, &row, 3, &m);
    FUZZ_CHECK(whole != SEARCH_UNKNOWN);
    FUZZ_CHECK(by_row == SEARCH_UNKNOWN || by_row == whole);
    FUZZ_CHECK(by_header == SEARCH_UNKNOWN || by_header == whole);
    search_message_clear(&m);
}

static void search(struct str line, struct str message)
{
    static const struct search_range saved[] = { { 3, 8 } };
    const struct search_context context = { .last_number = 5,
                                            .last_uid = 9,
                                            .saved = saved,
                                            .saved_n = 1,
                                            .now = 1700000000,
                                            .charset = STR("ISO-8859-1") };
    struct error err;
    const struct wire_node *node = NULL;
    enum wire_result r;
    struct wire_imap *w = wire_imap_new(WIRE_SERVER, NULL);
    struct arena *a = arena_new(1024);
    struct buf in = BUF_INIT(SERVER_OUT_MAX);
    buf_add_str(&in, line);
    buf_adds(&in, "\r\n");
    struct str rest = buf_str(&in);
    while ((r = wire_imap_next(w, &rest, &node, &err)) == WIRE_ANNOUNCE)
        wire_imap_keep(w);
    const struct search_key *keys = r == WIRE_OK ? search_keys_read(a, node, &context) : NULL;
    if (keys != NULL)
        judge(keys, message);
    arena_free(&a);
    buf_free(&in);
    wire_imap_free(&w);
}

/* Each line of the text is a message: its subject and what it refers to. */
static void threads(struct str text, bool references)
{
    struct error err;
    struct str line;
    struct buf base = BUF_INIT(SERVER_HEADER_MAX);
    struct buf out = BUF_INIT(SERVER_OUT_MAX);
    struct thread *t = thread_new();
    uint32_t n = 0;
    while (str_line(&text, &line) && n < 1000) {
        struct arena *a = arena_new(256);
        struct thread_message m = { .name = ++n, .date = (int64_t)(line.n % 7) };
        m.subject = sort_text(a, sort_base_subject(str_head(line, 20), &base, &m.reply));
        m.message_id = str_head(line, str_find(line, '|'));
        m.references = str_skip(line, m.message_id.n);
        sort_mailbox(a, line);
        FUZZ_CHECK(thread_add(t, &m, &err) == 0);
        arena_free(&a);
    }
    if (references)
        thread_put_references(t, &out);
    else
        thread_put_subjects(t, &out);
    /* Every message is there once. */
    size_t found = 0;
    int depth = 0;
    for (size_t i = 0; i < out.len; i++) {
        bool digit = ascii_is_digit(out.data[i]);
        found += digit && (i == 0 || !ascii_is_digit(out.data[i - 1]));
        depth += out.data[i] == '(' ? 1 : out.data[i] == ')' ? -1 : 0;
        FUZZ_CHECK(depth >= 0);
    }
    FUZZ_CHECK(found == n && depth == 0 && !out.over);
    thread_free(&t);
    buf_free(&base);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    struct str line;
    struct maildate date;
    int64_t day;
    struct str message = in;
    if (str_line(&message, &line)) {
        search(line, message);
        if (maildate_read(line, &date) == 0)
            FUZZ_CHECK(date.day % 86400 == 0);
        if (maildate_day(line, &day) == 0)
            FUZZ_CHECK(day % 86400 == 0);
    }
    threads(in, true);
    threads(in, false);
    return 0;
}
