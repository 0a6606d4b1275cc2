/* SPDX-License-Identifier: MIT */
/* i18n.h - the marks of translatable text. _() where a sentence is used, N_() where it only
 * stands in a table, P_() where it counts something.
 * Must not know: which language, which screen. */
#ifndef TMAIL_BASE_I18N_H
#define TMAIL_BASE_I18N_H

#include <libintl.h>

#define _(text) gettext(text)
#define N_(text) (text)
#define P_(one, many, n) ngettext(one, many, (unsigned long)(n))

#endif
