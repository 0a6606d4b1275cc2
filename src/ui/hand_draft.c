/* SPDX-License-Identifier: MIT */
#include "ui/hand_in.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/i18n.h"
#include "base/banned.h"

static void say_draft(struct hand *h, struct draft *d, bool fresh, char *note,
                      const struct error *err)
{
    struct say *s = say_new(SAY_DRAFT);
    s->draft = d;
    s->fresh = fresh;
    s->note = note;
    if (err != NULL) {
        s->rc = -1;
        s->err = *err;
    }
    hand_say(h, s);
}

/* A new one is in the store before anything is typed into it: a kill loses none. */
static void say_fresh(struct hand *h, struct draft *d)
{
    struct error err;
    int rc = draft_save(d, h->cache, &err);
    say_draft(h, d, true, NULL, rc < 0 ? &err : NULL);
}

static const struct config_account *first_account(const struct hand *h)
{
    return h->start->config->accounts_n > 0 ? &h->start->config->accounts[0] : NULL;
}

static int no_account(struct hand *h)
{
    struct error err;
    if (first_account(h) != NULL)
        return 0;
    error_set(&err, ERR_CONFIG, RETRY_NEVER,
              _("there is no account to write from: put one into tmailrc"));
    say_draft(h, NULL, false, NULL, &err);
    return -1;
}

void hand_new(struct hand *h, const struct ask *a)
{
    if (no_account(h) != 0)
        return;
    struct draft *d = draft_new(h->start->config, first_account(h));
    draft_set(&d->to, str_c(a->text));
    draft_set(&d->subject, str_c(a->text2));
    say_fresh(h, d);
}

/* The text that is quoted; none is no failure. */
static struct str quoted_text(struct hand *h, struct arena *arena, int64_t message,
                              const struct mime_summary *sum)
{
    struct decode_text text = { 0 };
    struct hand_body body;
    struct error err;
    size_t part = mime_summary_text_part(sum);
    if (h->decode == NULL || part >= sum->parts_n ||
        decode_text(h->decode, arena, hand_source(h, message, &body), &sum->parts[part], 0, &text,
                    &err) != 0)
        return STR("");
    return text.text;
}

/* An answer meant for a list does not go to one person unsaid. */
static int no_list(const struct ask *a, const struct mime_summary *sum, struct error *err)
{
    if (a->m.kind != ASK_REPLY || a->part != REPLY_LIST || sum->list_post.n > 0 ||
        sum->followup_to.n > 0)
        return 0;
    return error_set(err, ERR_NOINPUT, RETRY_NEVER,
                     _("this message names no mailing list: r answers its sender"));
}

void hand_reply(struct hand *h, const struct ask *a)
{
    struct arena *arena = arena_new(16 << 10);
    struct mime_summary sum;
    struct error err;
    struct draft *d = NULL;
    if (no_account(h) == 0) {
        if (hand_summary(h, arena, a->id, &sum, &err) != 0 || no_list(a, &sum, &err) != 0) {
            say_draft(h, NULL, false, NULL, &err);
        } else {
            struct str text = quoted_text(h, arena, a->id, &sum);
            if (a->m.kind == ASK_REPLY)
                d = draft_reply(&sum, text, a->id, (enum reply_kind)a->part, h->start->config,
                                first_account(h));
            else
                d = draft_forward(&sum, text, a->id, h->start->config, first_account(h));
            if (a->text != NULL && a->text[0] != '\0')
                draft_set(&d->to, str_c(a->text));
            say_fresh(h, d);
        }
    }
    arena_free(&arena);
}

void hand_load(struct hand *h, int64_t id, const char *note)
{
    struct draft *d = NULL;
    struct error err;
    int rc = draft_recall(h->cache, id, &d, &err);
    if (rc == 1 || (rc == 0 && d == NULL))
        rc = error_set(&err, ERR_NOINPUT, RETRY_NEVER, _("this draft is not here any more"));
    say_draft(h, d, false, note != NULL ? xstrdup(note) : NULL, rc < 0 ? &err : NULL);
}

void hand_keep(struct hand *h, struct ask *a)
{
    struct error err;
    int rc = draft_save(a->draft, h->cache, &err);
    if (rc == 0) {
        hand_note(h, 0, xstrdup(_("Kept as a draft: R takes it up again")), NULL);
        return;
    }
    say_draft(h, a->draft, false, NULL, &err); /* not lost: back on the screen */
    a->draft = NULL;
}

void hand_store(struct hand *h, struct ask *a)
{
    struct error err;
    if (draft_save(a->draft, h->cache, &err) != 0)
        hand_note(h, -1, NULL, &err);
}

/* draft_run_fn: the screen runs the editor, since it has the terminal. */
static int run_editor(void *arg, char *const argv[], struct error *err)
{
    struct hand *h = arg;
    struct say *s = say_new(SAY_RUN);
    size_t n = 0;
    while (argv[n] != NULL)
        n++;
    s->arena = arena_new(1024);
    s->argv = arena_array(s->arena, n + 1, sizeof *s->argv);
    for (size_t i = 0; i < n; i++)
        s->argv[i] = arena_fmt(s->arena, "%s", argv[i]);
    hand_say(h, s);
    struct say *answer = (struct say *)queue_take(h->answers, -1);
    int rc = answer != NULL ? answer->rc : -1;
    if (answer != NULL)
        msg_drop(&answer->m);
    if (rc == 0)
        return 0;
    return error_set(err, ERR_SYS, RETRY_NEVER, _("the editor %s failed (exit code %d)"), argv[0],
                     rc);
}

void hand_edit(struct hand *h, struct ask *a)
{
    struct error err;
    int rc = draft_edit(a->draft, h->cache, h->start->config, run_editor, h, &err);
    say_draft(h, a->draft, false, NULL, rc < 0 ? &err : NULL);
    a->draft = NULL;
}

void hand_attach(struct hand *h, struct ask *a)
{
    struct error err;
    struct buf path = BUF_INIT(4096);
    struct str typed = str_trim(str_c(a->text));
    const char *home = getenv("HOME");
    if (str_starts(typed, "~/") && home != NULL) {
        buf_adds(&path, home);
        typed = str_skip(typed, 1);
    }
    buf_add_str(&path, typed);
    int rc = draft_attach(a->draft, buf_c(&path), false, &err);
    if (rc == 0)
        rc = draft_save(a->draft, h->cache, &err);
    buf_free(&path);
    say_draft(h, a->draft, false, NULL, rc < 0 ? &err : NULL);
    a->draft = NULL;
}

/* When it goes: at a time of its own, or when it can no longer be taken back. */
static int64_t goes_at(struct hand *h, int64_t id, int64_t otherwise)
{
    struct arena *a = arena_new(4096);
    struct outbox_entry e;
    struct error ignored;
    int64_t at = cache_outbox_get(h->cache, a, id, &e, &ignored) == 0 ? e.not_before : otherwise;
    arena_free(&a);
    return at;
}

void hand_queue(struct hand *h, struct ask *a)
{
    struct error err;
    struct say *s;
    int64_t id = 0;
    if (draft_save(a->draft, h->cache, &err) != 0 ||
        draft_queue(&a->draft, h->cache, h->start->config, a->when, &id, &err) != 0) {
        say_draft(h, a->draft, false, NULL, &err);
        a->draft = NULL;
        return;
    }
    hand_hint(h, HINT_WAKE, 0, STR(""));
    s = say_new(SAY_QUEUED);
    s->id = id;
    s->when = a->when;
    s->goes = goes_at(h, id, a->when);
    hand_say(h, s);
}

void hand_cancel(struct hand *h, const struct ask *a)
{
    struct error err;
    struct draft *d;
    int rc = draft_take_back(h->cache, a->id, &d, &err);
    if (rc == 0)
        hand_hint(h, HINT_WAKE, 0, STR(""));
    if (rc == 0 && d != NULL)
        say_draft(h, d, false, xstrdup(_("Taken back: it is a draft again")), NULL);
    else
        hand_note(h, rc < 0 ? -1 : 0,
                  rc < 0 ? NULL
                         : xstrdup(rc == 1 ? _("Too late: it is on its way") : _("Forgotten")),
                  &err);
}

void hand_retry(struct hand *h, const struct ask *a)
{
    struct error err;
    int rc = cache_outbox_retry(h->cache, a->id, clock_wall_ms() / 1000, &err);
    /* 1: it waits for its time, which is now. */
    if (rc >= 0)
        hand_hint(h, HINT_SEND, a->id, STR(""));
    hand_note(h, rc < 0 ? -1 : 0, rc < 0 ? NULL : xstrdup(_("Trying to send it now")), &err);
}

void hand_drop(struct hand *h, const struct ask *a)
{
    struct error err;
    int rc = cache_draft_drop(h->cache, a->id, &err);
    hand_note(h, rc < 0 ? -1 : 0, rc < 0 ? NULL : xstrdup(_("The draft is gone")), &err);
}
