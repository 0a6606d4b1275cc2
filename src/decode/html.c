/* SPDX-License-Identifier: MIT */
#include "decode/html.h"

#include "decode/layout.h"
#include "decode/preview.h"
#include "base/banned.h"

void html_text(struct arena *a, struct str html, unsigned width, struct decode_text *out)
{
    struct layout l;
    struct buf plain = BUF_INIT(LAYOUT_TEXT_MAX);
    layout_init(&l, width);
    preview_html(html, &plain);
    struct str in = buf_str(&plain), line, word;
    while (str_line(&in, &line)) {
        line = str_trim(line);
        while (str_word(&line, &word)) {
            layout_word(&l, word);
            layout_space(&l);
        }
        layout_line(&l);
    }
    buf_free(&plain);
    layout_end(&l, a, out);
}
