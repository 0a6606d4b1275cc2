/* SPDX-License-Identifier: MIT */
#include "compose/edit.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/utf8.h"
#include "compose/people.h"
#include "base/banned.h"

struct review {
    struct draft_remark *out;
    size_t n, max;
};

static void remark(struct review *r, bool fatal, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void remark(struct review *r, bool fatal, const char *fmt, ...)
{
    va_list ap;
    if (r->n >= r->max)
        return;
    struct draft_remark *next = &r->out[r->n++];
    next->fatal = fatal;
    va_start(ap, fmt);
    vsnprintf(next->text, sizeof next->text, fmt, ap);
    va_end(ap);
    next->text[utf8_cut(str_c(next->text), sizeof next->text - 4)] = '\0';
}

static void review_recipients(struct review *r, const struct draft *d)
{
    struct arena *a = arena_new(4096);
    const char *lists[] = { d->to, d->cc, d->bcc };
    struct people all = { 0 }, from = { 0 }, reply_to = { 0 };
    struct error err;
    bool bad = false;
    for (size_t i = 0; i < COUNT(lists); i++)
        if (people_add_typed(a, &all, str_c(lists[i]), &err) != 0) {
            remark(r, true, "%s", err.text);
            bad = true;
        }
    if (all.n == 0 && !bad)
        remark(r, true, _("There is no recipient."));
    if (people_add_typed(a, &from, str_c(d->from), &err) != 0)
        remark(r, true, "%s", err.text);
    else if (from.n != 1)
        remark(r, true, _("From must be one address."));
    if (people_add_typed(a, &reply_to, str_c(d->reply_to), &err) != 0)
        remark(r, true, "%s", err.text);
    arena_free(&a);
}

static void review_orders(struct review *r, const struct draft *d)
{
    const char *receipt = draft_header(d, DRAFT_RECEIPT), *why = draft_header(d, DRAFT_NOT_SENT);
    struct error err;
    int64_t at;
    if (why != NULL)
        remark(r, false, _("It was not sent: %s"), why);
    if (draft_send_at(d, clock_wall_ms() / 1000, 0, &at, &err) != 0)
        remark(r, true, "%s", err.text);
    if (receipt != NULL && !str_ieqc(str_c(receipt), "yes") && !str_ieqc(str_c(receipt), "no"))
        remark(r, true, _("Receipt must be yes or no."));
}

static void review_attachments(struct review *r, const struct draft *d)
{
    for (size_t i = 0; i < d->attachments_n; i++)
        if (d->attachments[i].path != NULL && access(d->attachments[i].path, R_OK) != 0)
            remark(r, true, _("%s cannot be read any more."), d->attachments[i].path);
}

/* The writer's own words: not the quotation, not the signature, not what is forwarded. */
static bool mentions_attachment(struct str text)
{
    /* Translators: words that announce an attachment, separated by |, lower case. */
    struct str words = str_c(_("attached|attachment|enclosed"));
    struct str line;
    struct str forwarded = str_c(_("----- Forwarded message -----"));
    while (str_line(&text, &line)) {
        struct str rest = words;
        if (str_eqc(line, "-- ") || str_eq(line, forwarded))
            return false;
        if (line.n > 0 && line.p[0] == '>')
            continue;
        while (rest.n > 0) {
            size_t n = str_find(rest, '|');
            if (n > 0 && str_isearch(line, str_head(rest, n)) < line.n)
                return true;
            rest = str_skip(rest, n + 1);
        }
    }
    return false;
}

size_t draft_review(const struct draft *d, const struct config *cfg, struct draft_remark *out,
                    size_t max)
{
    struct review r = { out, 0, max };
    review_recipients(&r, d);
    review_attachments(&r, d);
    review_orders(&r, d);
    const struct config_account *account = config_account(cfg, str_c(d->account));
    if (account == NULL || account->send == SEND_NONE)
        remark(&r, true, _("Account \"%s\" has no \"send\" in tmailrc."), d->account);
    if (str_trim(str_c(d->subject)).n == 0)
        remark(&r, false, _("There is no subject."));
    if (d->attachments_n == 0 && mentions_attachment(str_c(d->text)))
        remark(&r, false, _("The text speaks of an attachment, but there is none."));
    return r.n;
}
