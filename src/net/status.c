/* SPDX-License-Identifier: MIT */
#include "net/status.h"

#include "base/i18n.h"
#include "base/banned.h"

static const struct {
    unsigned subject, detail;
    const char *words;
} known[] = {
    { 1, 1, N_("there is no such mailbox") },
    { 1, 2, N_("there is no such mail server") },
    { 1, 3, N_("the address is not written as it should be") },
    { 1, 4, N_("the address could mean several mailboxes") },
    { 1, 6, N_("the mailbox has moved, nobody knows where to") },
    { 1, 7, N_("the sender's address is not written as it should be") },
    { 1, 8, N_("the sender's mail server does not exist") },
    { 1, 10, N_("this domain takes no mail at all") },
    { 2, 1, N_("the mailbox is closed") },
    { 2, 2, N_("the mailbox is full") },
    { 2, 3, N_("the message is too large for this mailbox") },
    { 2, 4, N_("the mailing list does not work at present") },
    { 3, 1, N_("the server has no room left") },
    { 3, 2, N_("the server takes no mail at present") },
    { 3, 3, N_("the server cannot do what the message needs") },
    { 3, 4, N_("the message is too large for this server") },
    { 3, 5, N_("the server is not set up as it should be") },
    { 4, 1, N_("the recipient's server does not answer") },
    { 4, 2, N_("the connection to the recipient's server broke") },
    { 4, 3, N_("the server could not look up where to send it") },
    { 4, 4, N_("the server does not know where to send it") },
    { 4, 5, N_("the server has too much mail to do at present") },
    { 4, 6, N_("the message went round in circles") },
    { 4, 7, N_("the message was on its way for too long") },
    { 5, 3, N_("it has too many recipients for one message") },
    { 6, 1, N_("the kind of content is not taken there") },
    { 6, 3, N_("the content would have to be converted, which nobody can") },
    { 6, 7, N_("addresses with letters beyond ASCII are not taken there") },
    { 7, 1, N_("the server does not want to pass this on") },
    { 7, 2, N_("not everybody may write to this list") },
    { 7, 8, N_("user name or password are wrong") },
    { 7, 9, N_("the way of logging in is too weak for this server") },
    { 7, 11, N_("the server wants an encrypted connection for that") },
    { 7, 13, N_("the account has been closed") },
    { 7, 17, N_("the mailbox belongs to somebody else now") },
    { 7, 18, N_("the domain belongs to somebody else now") },
    { 7, 20, N_("the message bears no signature of its domain (DKIM)") },
    { 7, 21, N_("the message bears no signature that is accepted (DKIM)") },
    { 7, 22, N_("the signature is not that of the sender (DKIM)") },
    { 7, 23, N_("the sender's domain does not let this server send for it (SPF)") },
    { 7, 24, N_("the sender's domain says nothing that can be used about who may send (SPF)") },
    { 7, 25, N_("the sending server's address has no name") },
    { 7, 26, N_("neither signature nor server fit the sender (DKIM, SPF)") },
    { 7, 27, N_("the sender's domain takes no mail itself") },
    { 7, 28, N_("too much mail was sent in too short a time") },
};

/* Up to three digits, as RFC 3463 §2 has them. */
static int number(struct str *s, unsigned *out)
{
    uint64_t n;
    size_t before = s->n;
    if (s->n == 0 || !ascii_is_digit(s->p[0]) || str_u64(s, &n) != 0 || before - s->n > 3)
        return -1;
    *out = (unsigned)n;
    return 0;
}

const char *status_words(struct str code)
{
    unsigned class, subject, detail;
    if (number(&code, &class) != 0 || str_lit(&code, ".") != 0 || number(&code, &subject) != 0 ||
        str_lit(&code, ".") != 0 || number(&code, &detail) != 0 || (class != 4 && class != 5) ||
        (code.n > 0 && code.p[0] != ' '))
        return NULL;
    for (size_t i = 0; i < COUNT(known); i++)
        if (known[i].subject == subject && known[i].detail == detail)
            return _(known[i].words);
    return NULL;
}

void status_put(unsigned code, struct str enhanced, struct str text, struct buf *out)
{
    const char *words = status_words(enhanced);
    if (words == NULL)
        buf_addf(out, "%u %.*s", code, STR_ARG(text));
    else
        buf_addf(out, "%s (%u %.*s)", words, code, STR_ARG(text));
}
