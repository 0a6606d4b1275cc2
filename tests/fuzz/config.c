/* SPDX-License-Identifier: MIT */
/* The configuration file. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "config/config.h"
#include "config/lex.h"
#include "config/url.h"
#include "base/banned.h"

static void lex(struct str in)
{
    struct arena *a = arena_new(4096);
    struct lex_item *items;
    struct error err;
    size_t n;
    if (lex_read(a, in, &items, &n, &err) == 0) {
        FUZZ_CHECK(n <= LEX_ITEMS_MAX);
        for (size_t i = 0; i < n; i++)
            FUZZ_CHECK(str_is_line(items[i].key) && str_is_line(items[i].value));
    } else
        FUZZ_CHECK(err.code == ERR_CONFIG);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = { (const char *)data, size };
    char *path = xasprintf("%s/tmailrc", fuzz_folder());
    struct config c;
    struct error err;
    lex(in);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FUZZ_CHECK(fd >= 0 && file_write_fd(fd, in, "it", &err) == 0);
    close(fd);
    if (config_load(&c, path, &err) == 0)
        for (size_t i = 0; i < c.accounts_n; i++)
            FUZZ_CHECK(c.accounts[i].name != NULL && c.accounts[i].address != NULL);
    config_free(&c);
    free(path);
    return 0;
}
