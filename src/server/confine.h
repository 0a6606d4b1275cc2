/* SPDX-License-Identifier: MIT */
/* confine.h - what a server gives up once its sockets are open: being root, all capabilities, new
 * privileges, and every path that its options do not name (Landlock). Before the first thread, for
 * a thread keeps what it has.
 * Must not know: sockets, mail. */
#ifndef TMAIL_SERVER_CONFINE_H
#define TMAIL_SERVER_CONFINE_H

#include "base/log.h"
#include "server/options.h"
#include "server/root.h"

/* Becomes the user of --run-as; without it, when started as root on a port below 1024, the user
 * "tmaild". Takes over the root folder if it was just made. ERR_USAGE when there is no such user, or
 * the folder is somebody else's. */
int confine_user(const struct server_options *o, const struct root *root, bool low_port,
                 struct error *err) MUST_CHECK;
/* No capabilities, no new privileges, no path but those of the options. Where the kernel cannot do
 * the last, the log says so. */
int confine_process(const struct server_options *o, struct log *log, struct error *err) MUST_CHECK;

#endif
