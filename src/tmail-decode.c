/* SPDX-License-Identifier: MIT */
/* tmail-decode - the process in which foreign messages are parsed. Its standard input is one end of
 * a socket pair; it talks to whoever holds the other. */
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "decode/worker.h"
#include "base/banned.h"

int main(void)
{
    /* Widths as the terminal has them, never the person's language; in the C locale nothing has a
     * width. */
    if (setlocale(LC_CTYPE, "") == NULL || MB_CUR_MAX == 1)
        setlocale(LC_CTYPE, "C.UTF-8");
    worker_limits();
    return worker_run(STDIN_FILENO);
}
