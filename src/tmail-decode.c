/* SPDX-License-Identifier: MIT */
/* tmail-decode - the process in which foreign messages are parsed. Its standard input is one end of a
 * socket pair; it talks to whoever holds the other. */
#include <locale.h>
#include <unistd.h>

#include "decode/worker.h"
#include "base/banned.h"

int main(void)
{
    /* Widths and charsets as the terminal has them, never the person's language. */
    if (setlocale(LC_CTYPE, "") == NULL)
        setlocale(LC_CTYPE, "C.UTF-8");
    worker_limits();
    return worker_run(STDIN_FILENO);
}
