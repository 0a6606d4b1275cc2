/* SPDX-License-Identifier: MIT */
/* str.h - borrowed bytes and cursor parsing. A view is not terminated and lives as long as what
 * it points into. Parsing steps take the cursor, move it only on success and return 0 or -1, so
 * that they chain with || and read like the grammar they stand for. Case is ASCII's, never the
 * locale's.
 * Must not know: charsets, protocols. */
#ifndef TMAIL_BASE_STR_H
#define TMAIL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

/* A literal as a view. */
#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })
/* For printf's "%.*s". */
#define STR_ARG(s) (int)(s).n, (s).n ? (s).p : ""

/* A C string as a view; NULL gives an empty one. */
struct str str_c(const char *s);
bool str_eq(struct str a, struct str b);
/* The same, ASCII letters equal in either case. */
bool str_ieq(struct str a, struct str b);
bool str_eqc(struct str a, const char *b);
bool str_ieqc(struct str a, const char *b);
bool str_starts(struct str s, const char *prefix);
bool str_istarts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
/* Order of bytes, shorter first: <0, 0, >0. */
int str_cmp(struct str a, struct str b);
/* Offset of the first c or of needle, or s.n. */
size_t str_find(struct str s, char c);
size_t str_rfind(struct str s, char c);
size_t str_search(struct str s, struct str needle);
/* The same for needle, ASCII case ignored. */
size_t str_isearch(struct str s, struct str needle);
/* s without its first n bytes / only its first n bytes; n past the end is the end. */
struct str str_skip(struct str s, size_t n);
struct str str_head(struct str s, size_t n);
/* Without blanks, tabs, CR and LF at both ends. */
struct str str_trim(struct str s);
/* True if no byte is CR, LF or NUL: what may stand in a command line or a header. */
bool str_is_line(struct str s);

/* Moves *in past literal text. 0, or -1 with *in untouched. */
int str_lit(struct str *in, const char *literal);
/* The same, ASCII case ignored. */
int str_ilit(struct str *in, const char *literal);
/* Reads an unsigned decimal that fits and moves past it. 0, or -1 with *in untouched. */
int str_u64(struct str *in, uint64_t *value);
int str_u32(struct str *in, uint32_t *value);
/* The bytes up to the next c, moving past c as well. 0, or -1 with *in untouched if there is none.
 */
int str_until(struct str *in, char c, struct str *out);
/* One line without its LF or CRLF, moving past it; the last may lack its end. False when nothing is
 * left. */
bool str_line(struct str *in, struct str *line);
/* The next run of bytes without blanks and tabs. False when nothing is left. */
bool str_word(struct str *in, struct str *word);

/* ASCII only, whatever the locale. */
bool ascii_is_alnum(char c);
bool ascii_is_digit(char c);
bool ascii_is_space(char c);
char ascii_lower(char c);
char ascii_upper(char c);

#endif
