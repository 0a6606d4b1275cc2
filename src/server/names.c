/* SPDX-License-Identifier: MIT */
#include "server/names.h"

#include "base/i18n.h"
#include "base/utf8.h"
#include "server/limits.h"
#include "base/banned.h"

bool name_level_ok(struct str s)
{
    if (s.n == 0 || s.n > NAME_LEVEL_MAX || s.p[0] == '.' || !utf8_valid(s))
        return false;
    uint32_t cp;
    for (struct str rest = s; utf8_next(&rest, &cp);)
        if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == '/')
            return false;
    return true;
}

bool name_is_inbox(struct str folder)
{
    return str_ieqc(folder, "INBOX");
}

static bool ends_in(struct str s, const char *end)
{
    size_t n = strlen(end);
    return s.n >= n && str_ieqc(str_skip(s, s.n - n), end);
}

/* A level that looks like a file of ours would hide or be one: "a.mbox" holds the mail of "a". */
static bool folder_level_ok(struct str s)
{
    return name_level_ok(s) && !ends_in(s, ".mbox") && !ends_in(s, ".lock");
}

int name_folder_path(struct str folder, struct buf *path, struct error *err)
{
    if (name_is_inbox(folder)) {
        buf_adds(path, "INBOX");
        return 0;
    }
    struct str rest = folder;
    struct str level;
    size_t levels = 1;
    bool ok = true;
    while (ok && str_until(&rest, '/', &level) == 0) {
        ok = folder_level_ok(level) && !(levels == 1 && name_is_inbox(level));
        levels++;
    }
    if (!ok || !folder_level_ok(rest) || levels > NAME_LEVELS)
        return error_set(err, ERR_USAGE, RETRY_NEVER, _("this folder name cannot be used"));
    buf_add_str(path, folder);
    buf_adds(path, ".mbox");
    return 0;
}
