/* SPDX-License-Identifier: MIT */
#include "unit/test.h"

#include <stdlib.h>

#include "decode/charset.h"
#include "decode/html.h"
#include "decode/links.h"
#include "decode/text.h"

static void html_reads_as_a_person_would(void **state)
{
    static const struct {
        const char *html;
        unsigned width;
        const char *want;
    } rows[] = {
        { "", 0, "" },
        { "<p>a<p>b", 0, "a\n\nb\n" },
        { "a &amp; b&nbsp;&eacute; &#8364;", 0, "a & b \xC3\xA9 \xE2\x82\xAC\n" },
        { "one two<br>three", 0, "one two\nthree\n" },
        { "one two three four", 9, "one two\nthree\nfour\n" },
        { "<ul><li>a b c<li>d</ul>", 5, "- a b\n  c\n- d\n" },
        { "<ol><li>x</li><li><p>y</p></li></ol>", 0, "1. x\n2. y\n" },
        { "<blockquote>q r<blockquote>s</blockquote></blockquote>t", 0, "> q r\n>\n> > s\n\nt\n" },
        { "<table><tr><td>1<td>2<tr><td>3<td>4</table>", 0, "1 | 2\n3 | 4\n" },
        { "<pre>a  b\n c</pre>d", 0, "a  b\n c\n\nd\n" },
        { "<style>p{}</style><script>x</script><title>t</title>y", 0, "y\n" },
        { "<div style='DISPLAY : none'>no<b>ne</b></div>yes<span hidden>no</span>", 0, "yes\n" },
        { "<h1>T</h1>x", 0, "T\n\nx\n" },
        { "x<ul><li>a<ul><li>b</ul></ul>y", 0, "x\n\n- a\n  - b\n\ny\n" },
        { "<img src='cid:1' alt='a cat'> b", 0, "[a cat] b\n" },
        { "a<b>b</b>c", 0, "abc\n" },
        { "see <a href='https://x.org/p'>this page</a>.", 0,
          "see this page[1].\n\n[1] https://x.org/p\n" },
        { "<a href='#top'>up</a>", 0, "up\n" },
        { "<hr>", 3, "---\n" },
        { "<a href='x'><img src='cid:1'> </a>z", 0, "z\n" },
        { "<a href='https://x.org/a\nb'>open", 0, "open[1]\n\n[1] https://x.org/ab\n" },
        { "<b><i>unclosed <p>x</i>", 0, "unclosed\n\nx\n" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(1024);
        struct decode_text t = { 0 };
        html_text(a, str_c(rows[i].html), rows[i].width, &t);
        assert_str(t.text, rows[i].want);
        assert_int_equal(t.damage, 0);
        for (size_t k = 0; k < t.spans_n; k++)
            assert_true(t.spans[k].kind != SPAN_LINK || t.spans[k].level < t.links_n);
        for (size_t k = 0; k < t.spans_n; k++)
            assert_null(memchr(t.text.p + t.spans[k].start, '\n', t.spans[k].length));
        arena_free(&a);
    }
}

static void html_counts_and_warns(void **state)
{
    struct arena *a = arena_new(1024);
    struct decode_text t = { 0 };
    (void)state;
    html_text(a,
              STR("<img src=http://t.org/1 width=1 height=1><img src=https://t.org/2>"
                  "<img src=https://t.org/3 width=90 height=9 alt=cat>"
                  "<a href=http://evil.example/>www.bank.example</a>"
                  "<a href=http://a.bank.example/>bank.example</a>"),
              0, &t);
    assert_int_equal(t.trackers, 2);
    assert_int_equal(t.pictures, 1);
    assert_int_equal(t.links_n, 2);
    assert_true(t.links[0].lies);
    assert_false(t.links[1].lies);
    assert_str(t.links[0].target, "http://evil.example/");
    assert_str(t.links[0].text, "www.bank.example");
    arena_free(&a);
}

static void hostile_html_ends(void **state)
{
    static const char *const pieces[] = { "<div>x",     "<b>x",     "<table><tr><td>x", "<a b='",
                                          "</i></p>",   "<ul><li>", "<blockquote>x",    "&#x41;",
                                          "<p a=1 b=2", "<!--",     "<a href=x>y",      " a=x" };
    (void)state;
    for (size_t i = 0; i < COUNT(pieces); i++) {
        struct buf html = BUF_INIT(4 << 20);
        struct arena *a = arena_new(1024);
        struct decode_text t = { 0 };
        if (i == COUNT(pieces) - 1)
            buf_adds(&html, "<p ");
        for (int n = 0; n < 20000; n++)
            buf_adds(&html, pieces[i]);
        html_text(a, buf_str(&html), 80, &t);
        if (i == 0)
            assert_int_equal(t.damage, MIME_DAMAGE_LIMIT);
        buf_free(&html);
        arena_free(&a);
    }
}

static const struct decode_span *span_of(const struct decode_text *t, enum decode_span_kind kind)
{
    for (size_t i = 0; i < t->spans_n; i++)
        if (t->spans[i].kind == kind)
            return &t->spans[i];
    return NULL;
}

static void plain_text_is_laid_out(void **state)
{
    static const struct {
        const char *in;
        unsigned flags, encoding, width;
        const char *want;
        int span; /* one that must be there, or -1 */
        const char *over;
    } rows[] = {
        { "a\r\nb", 0, MIME_7BIT, 0, "a\nb\n", -1, "" },
        { "one two three", 0, MIME_7BIT, 12, "one two\nthree\n", -1, "" },
        { "> one two three", 0, MIME_7BIT, 12, "> one two\n> three\n", SPAN_QUOTE, "> one two" },
        { ">> x", 0, MIME_7BIT, 40, "> > x\n", SPAN_QUOTE, "> > x" },
        { "one \ntwo\n", MIME_PART_FLOWED, MIME_7BIT, 0, "one two\n", -1, "" },
        { "x\n-- \nme\n", 0, MIME_7BIT, 0, "x\n-- \nme\n", SPAN_SIGNATURE, "-- " },
        { "go to https://x.org/a.\n", 0, MIME_7BIT, 0, "go to https://x.org/a.\n", SPAN_LINK,
          "https://x.org/a" },
        { "d\n--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n", 0, MIME_7BIT, 4,
          "d\n--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n", SPAN_DIFF_DEL, "-x" },
        { "a=20b=\nc=E9", 0, MIME_QP, 0, "a bc\xC3\xA9\n", -1, "" },
        { "hi\nbegin 644 a.txt\n#86)C\n`\nend\nbye\n", 0, MIME_7BIT, 0,
          "hi\n[file a.txt, 3 bytes, uuencoded]\nbye\n", SPAN_NOTE,
          "[file a.txt, 3 bytes, uuencoded]" },
        { "begin 644 a.txt\n#86)C\n`\nEnd\nbye\n", 0, MIME_7BIT, 0,
          "[file a.txt, 3 bytes, uuencoded, without its end line]\nbye\n", -1, "" },
        { "hi\n=ybegin line=128 size=3 name=a.jpg\nxyz\n=yend size=3\nbye\n", 0, MIME_7BIT, 0,
          "hi\n[file a.jpg, in yEnc, which is not decoded here]\nbye\n", SPAN_NOTE,
          "[file a.jpg, in yEnc, which is not decoded here]" },
        { "begin 644 a.txt\n#86)C86\n`\nend\n", 0, MIME_7BIT, 0,
          "begin 644 a.txt\n#86)C86\n`\nend\n", -1, "" },
        { "a\tb", 0, MIME_7BIT, 0, "a       b\n", -1, "" },
        { "", 0, MIME_7BIT, 0, "", -1, "" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct arena *a = arena_new(1024);
        struct decode_text t;
        struct proto_text_ask ask = { .type = STR("text/plain"),
                                      .encoding = rows[i].encoding,
                                      .flags = rows[i].flags,
                                      .width = rows[i].width };
        text_make(a, str_c(rows[i].in), &ask, &t);
        assert_str(t.text, rows[i].want);
        if (rows[i].span >= 0) {
            const struct decode_span *s = span_of(&t, (enum decode_span_kind)rows[i].span);
            assert_non_null(s);
            struct str over = { t.text.p + s->start, s->length };
            assert_str(over, rows[i].over);
        }
        arena_free(&a);
    }
}

static void charsets_lie_and_are_repaired(void **state)
{
    static const struct {
        const char *charset, *in;
        int rc;
        const char *want;
    } rows[] = {
        { "", "caf\xC3\xA9", 0, "caf\xC3\xA9" },
        { "", "caf\xE9", 0, "caf\xC3\xA9" },
        { "us-ascii", "\x80", 0, "\xE2\x82\xAC" },
        { "ISO-8859-1", "\x93q\x94", 0, "\xE2\x80\x9Cq\xE2\x80\x9D" },
        { "iso-8859-1", "\xC3\xA9", 0, "\xC3\xA9" },
        { "utf-8", "\xE9t\xE9", 1, "\xC3\xA9t\xC3\xA9" },
        { "utf-8", "\xC3\xA9\xFF", 1, "\xC3\xA9\xEF\xBF\xBD" },
        { "gb2312", "\xC4\xE3\xBA\xC3", 0, "\xE4\xBD\xA0\xE5\xA5\xBD" },
        { "koi8-r", "\xD0\xD2", 0, "\xD0\xBF\xD1\x80" },
        { "iso-2022-jp", "\x1B$B$3\x1B(B", 0, "\xE3\x81\x93" },
        { "x-no-such", "abc", 0, "abc" },
        { "x-no-such", "\xE9", 1, "\xC3\xA9" },
        { "utf-8//TRANSLIT", "abc", 0, "abc" },
        { "shift_jis", "\x82", 1, "\xEF\xBF\xBD" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct buf out = BUF_INIT(1000);
        assert_int_equal(charset_to_utf8(str_c(rows[i].charset), str_c(rows[i].in), &out),
                         rows[i].rc);
        assert_str(buf_str(&out), rows[i].want);
        buf_free(&out);
    }
}

static void links_end_where_sentences_do(void **state)
{
    static const char *const rows[][2] = {
        { "(see http://a.org/b_(c).)", "http://a.org/b_(c)" },
        { "<https://a.org>", "https://a.org" },
        { "xhttp://no.org", "" },
        { "http://", "" },
        { "write mailto:a@b.org, then", "mailto:a@b.org" },
        { "www.a.org!", "www.a.org" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_str(link_find(str_c(rows[i][0])), rows[i][1]);
    assert_str(link_host(STR("https://u:p@www.a.org:80/x@y")), "a.org");
    assert_true(link_lies(STR("https://bank.org"), STR("https://bank.org.evil.net/")));
    assert_false(link_lies(STR("click here"), STR("https://x.org")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_reads_as_a_person_would),
        cmocka_unit_test(html_counts_and_warns),
        cmocka_unit_test(hostile_html_ends),
        cmocka_unit_test(plain_text_is_laid_out),
        cmocka_unit_test(charsets_lie_and_are_repaired),
        cmocka_unit_test(links_end_where_sentences_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
