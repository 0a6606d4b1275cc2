/* SPDX-License-Identifier: MIT */
/* smtp_dsn.h - what the parameters of MAIL and RCPT for delivery status notifications hold
 * (RFC 3461 §4), and xtext, in which ENVID and ORCPT travel.
 * Must not know: who is notified of what. */
#ifndef TMAIL_WIRE_SMTP_DSN_H
#define TMAIL_WIRE_SMTP_DSN_H

#include "wire/smtp_cmd.h"

/* RFC 3461 §4.2, §4.4 */
enum { SMTP_ORCPT_MAX = 500, SMTP_ENVID_MAX = 100 };

/* Appends what xtext stands for. -1: it is none, or stands for control characters; out is as it
 * was. */
int wire_xtext_read(struct str xtext, struct buf *out) MUST_CHECK;
void wire_xtext_put(struct buf *out, struct str s);
/* NOTIFY's value as enum smtp_notify. -1: not one. */
int wire_notify_read(struct str value, unsigned *notify) MUST_CHECK;
/* Appends the value for NOTIFY=. */
void wire_notify_put(struct buf *out, unsigned notify);
/* RET's value as enum smtp_ret. -1: not one. */
int wire_ret_read(struct str value, unsigned *ret) MUST_CHECK;
/* True for what may stand behind ENVID= and ORCPT=. utf8: utf-8;... may be as it is (RFC 6533
 * §3). */
bool wire_envid_ok(struct str value);
bool wire_orcpt_ok(struct str value, bool utf8);

#endif
