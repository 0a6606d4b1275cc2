/* SPDX-License-Identifier: MIT */
#include "store_session.h"

#include <stdlib.h>

#include "base/file.h"
#include "fuzz.h"
#include "base/banned.h"

void store_session_start(struct store_session *s)
{
    char *argv[] = { "tmaild", "--accept-any", NULL };
    struct error err;
    *s = (struct store_session){ .kept = BUF_INIT(1 << 20), .out = BUF_INIT(1 << 22) };
    FUZZ_CHECK(options_read(&s->options, 2, argv, &err) == 0);
    free(s->options.root);
    s->options.root = xasprintf("%s/store", fuzz_folder());
    file_remove_tree(s->options.root);
    s->store = store_start(&s->options, NULL, &err);
    FUZZ_CHECK(s->store != NULL);
    FUZZ_CHECK(desk_open(&s->desk, s->store, &err) == 0);
}

void store_session_stop(struct store_session *s)
{
    desk_close(&s->desk);
    store_stop(&s->store);
    options_free(&s->options);
    buf_free(&s->kept);
    buf_free(&s->out);
}

int store_session_flush(void *arg, struct buf *out)
{
    (void)arg;
    buf_clear(out);
    return 0;
}
