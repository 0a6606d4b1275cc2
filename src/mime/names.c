/* SPDX-License-Identifier: MIT */
#include "mime/names.h"

#include <stdio.h>

#include "base/utf8.h"
#include "base/banned.h"

enum { EXTENSION_MAX = 20 };

/* The first row of a type gives the extension of a nameless attachment. */
static const struct {
    const char *extension, *type;
} types[] = {
    { "txt", "text/plain" },
    { "log", "text/plain" },
    { "md", "text/markdown" },
    { "c", "text/x-c" },
    { "h", "text/x-c" },
    { "diff", "text/x-diff" },
    { "patch", "text/x-diff" },
    { "html", "text/html" },
    { "htm", "text/html" },
    { "css", "text/css" },
    { "csv", "text/csv" },
    { "ics", "text/calendar" },
    { "vcf", "text/vcard" },
    { "xml", "application/xml" },
    { "json", "application/json" },
    { "pdf", "application/pdf" },
    { "ps", "application/postscript" },
    { "rtf", "application/rtf" },
    { "zip", "application/zip" },
    { "gz", "application/gzip" },
    { "tgz", "application/gzip" },
    { "bz2", "application/x-bzip2" },
    { "xz", "application/x-xz" },
    { "zst", "application/zstd" },
    { "tar", "application/x-tar" },
    { "7z", "application/x-7z-compressed" },
    { "doc", "application/msword" },
    { "xls", "application/vnd.ms-excel" },
    { "ppt", "application/vnd.ms-powerpoint" },
    { "docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
    { "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
    { "pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
    { "odt", "application/vnd.oasis.opendocument.text" },
    { "ods", "application/vnd.oasis.opendocument.spreadsheet" },
    { "odp", "application/vnd.oasis.opendocument.presentation" },
    { "epub", "application/epub+zip" },
    { "asc", "application/pgp-signature" },
    { "p7s", "application/pkcs7-signature" },
    { "png", "image/png" },
    { "jpg", "image/jpeg" },
    { "jpeg", "image/jpeg" },
    { "gif", "image/gif" },
    { "webp", "image/webp" },
    { "svg", "image/svg+xml" },
    { "tif", "image/tiff" },
    { "bmp", "image/bmp" },
    { "heic", "image/heic" },
    { "mp3", "audio/mpeg" },
    { "ogg", "audio/ogg" },
    { "wav", "audio/wav" },
    { "flac", "audio/flac" },
    { "mp4", "video/mp4" },
    { "webm", "video/webm" },
    { "mov", "video/quicktime" },
    { "eml", "message/rfc822" },
};

/* Offset of the dot of the extension ("a.tar.gz": of .tar); name.n when there is none. */
static size_t extension_at(struct str name)
{
    size_t dot = str_rfind(name, '.');
    if (dot == 0 || dot >= name.n || name.n - dot > EXTENSION_MAX)
        return name.n;
    if (dot > 4 && str_ieqc(str_head(str_skip(name, dot - 4), 4), ".tar"))
        return dot - 4;
    return dot;
}

/* Zero: left out; '_': stands for what other systems or shells make something of. */
static uint32_t safe_character(uint32_t cp)
{
    if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || utf8_is_bidi_control(cp))
        return 0;
    if (cp == 0x2028 || cp == 0x2029)
        return 0;
    return cp < 0x80 && strchr(":*?\"<>|", (int)cp) != NULL ? '_' : cp;
}

static bool is_ignored_end(char c)
{
    return c == '.' || c == ' ';
}

static struct str trim_ends(struct str s)
{
    while (s.n > 0 && (is_ignored_end(s.p[0]) || s.p[0] == '-'))
        s = str_skip(s, 1);
    while (s.n > 0 && is_ignored_end(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Both parts of the name, the first one cut so that both fit. */
static void put_cut(struct str stem, struct str extension, struct buf *out)
{
    size_t room = MIME_NAME_MAX - extension.n;
    stem = str_head(stem, utf8_cut(stem, room));
    while (extension.n == 0 && stem.n > 1 && is_ignored_end(stem.p[stem.n - 1]))
        stem.n--;
    buf_add_str(out, stem);
    buf_add_str(out, extension);
}

static void put_default(struct str type, struct buf *out)
{
    buf_adds(out, "attachment");
    for (size_t i = 0; i < COUNT(types); i++)
        if (str_ieqc(type, types[i].type)) {
            buf_addf(out, ".%s", types[i].extension);
            return;
        }
}

void mime_name_safe(struct str name, struct str type, struct buf *out)
{
    struct buf clean = BUF_INIT(3 * name.n + 4);
    size_t slash = str_rfind(name, '/');
    name = slash < name.n ? str_skip(name, slash + 1) : name;
    slash = str_rfind(name, '\\');
    name = slash < name.n ? str_skip(name, slash + 1) : name;
    for (uint32_t cp = 0; utf8_next(&name, &cp);) {
        uint32_t safe = safe_character(cp);
        if (safe != 0)
            utf8_put(&clean, safe);
    }
    struct str s = trim_ends(buf_str(&clean));
    size_t dot = extension_at(s);
    if (s.n == 0)
        put_default(type, out);
    else
        put_cut(str_head(s, dot), str_skip(s, dot), out);
    buf_free(&clean);
}

void mime_name_variant(struct str name, unsigned n, struct buf *out)
{
    size_t dot = extension_at(name);
    char tail[32 + EXTENSION_MAX + 4];
    int len = snprintf(tail, sizeof tail, "-%u%.*s", n, STR_ARG(str_skip(name, dot)));
    put_cut(str_head(name, dot), (struct str){ tail, (size_t)len }, out);
}

struct str mime_type_of_name(struct str name)
{
    size_t dot = str_rfind(name, '.');
    struct str extension = str_skip(name, dot + 1);
    for (size_t i = 0; dot < name.n && i < COUNT(types); i++)
        if (str_ieqc(extension, types[i].extension))
            return str_c(types[i].type);
    return STR("application/octet-stream");
}
