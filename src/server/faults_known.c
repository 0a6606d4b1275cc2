/* SPDX-License-Identifier: MIT */
#include "base/i18n.h"
#include "server/faults.h"
#include "base/banned.h"

enum { RULES = 8 };

/* What clients have run into and reported; each row behaves so, not as the whole of that server. */
static const struct {
    const char *name, *help;
    const char *rules[RULES];
} known[] = {
    { "netease",
      N_("SELECT only after ID; an initial response although SASL-IR was not offered is refused"),
      { "imap.select=NO SELECT Unsafe Login. Please contact kefu@188.com for help:until=id",
        "imap.examine=NO EXAMINE Unsafe Login. Please contact kefu@188.com for help:until=id",
        "imap.offer=hide=SASL-IR" } },
    { "outlook",
      N_("XOAUTH2 and nothing else; passwords are refused however right they are"),
      { "*.offer=hide=PLAIN,LOGIN,CRAM-MD5,SCRAM-SHA-256,OAUTHBEARER,AUTH=PLAIN,AUTH=LOGIN,"
        "AUTH=CRAM-MD5,AUTH=SCRAM-SHA-256,AUTH=OAUTHBEARER,USER",
        "imap.login=NO LOGIN failed.", "imap.authenticate=NO AUTHENTICATE failed.:without=XOAUTH2",
        "smtp.auth=535 5.7.139 Authentication unsuccessful, basic authentication is disabled."
        ":without=XOAUTH2",
        "pop3.pass=-ERR Logon failure: unknown user name or bad password.",
        "pop3.auth=-ERR Authentication failure: unknown user name or bad password."
        ":without=XOAUTH2" } },
    { "gmail",
      N_("a password of one's own is not enough: bearer tokens or an application's password"),
      { "imap.login=NO [ALERT] Application-specific password required (Failure)",
        "imap.authenticate=NO [ALERT] Application-specific password required (Failure)"
        ":without=OAUTH",
        "smtp.auth=534 5.7.9 Application-specific password required:without=OAUTH",
        "pop3.pass=-ERR [AUTH] Application-specific password required",
        "imap.offer=hide=AUTH=LOGIN,AUTH=CRAM-MD5,AUTH=SCRAM-SHA-256" } },
    { "yahoo",
      N_("FETCH and MAIL have a rate that is soon passed"),
      { "imap.fetch=NO [LIMIT] FETCH Rate limit hit.:after=20",
        "smtp.mail=451 4.7.1 Resources temporarily unavailable - Please try again "
        "later:after=20" } },
    { "icloud",
      N_("one logs in by the name alone, not by the address"),
      { "imap.login=NO [AUTHENTICATIONFAILED] Authentication failed:with=@",
        "pop3.user=-ERR [AUTH] Authentication failed:with=@" } },
    { "exchange",
      N_("sizes are not those of the messages; TOP is missing"),
      { "imap.fetch=size=+37", "pop3.list=size=+37", "pop3.offer=hide=TOP",
        "pop3.top=-ERR Command is not valid in this state." } },
    { "basic-imap",
      N_("IMAP4rev1 without what came later"),
      { "imap.offer=hide=LITERAL+,SASL-IR,UIDPLUS,MOVE,UNSELECT,CONDSTORE,QRESYNC,ESEARCH,SORT,"
        "THREAD=REFERENCES,THREAD=ORDEREDSUBJECT,IDLE,SPECIAL-USE,ENABLE",
        "imap.offer=hide=LIST-EXTENDED,LIST-STATUS,COMPRESS=DEFLATE,STATUS=SIZE,UTF8=ACCEPT,"
        "NAMESPACE,ID,QUOTA,QUOTA=RES-STORAGE,CHILDREN,BINARY,SEARCHRES,WITHIN,"
        "IMAP4rev2",
        "imap.idle=BAD Unknown command", "imap.move=BAD Unknown command",
        "imap.unselect=BAD Unknown command", "imap.enable=BAD Unknown command",
        "imap.id=BAD Unknown command", "imap.compress=BAD Unknown command" } },
    { "no-uidplus",
      N_("neither UIDPLUS nor MOVE: who appends does not learn the UID"),
      { "imap.offer=hide=UIDPLUS,MOVE", "imap.move=BAD Unknown command" } },
    { "no-list-extended",
      N_("LIST takes two arguments, and says nothing of special folders"),
      { "imap.offer=hide=LIST-EXTENDED,LIST-STATUS,SPECIAL-USE",
        "imap.list=BAD Could not parse command:with=RETURN",
        "imap.list=BAD Could not parse command:with= (" } },
    { "ascii-search",
      N_("SEARCH knows no charset but US-ASCII"),
      { "imap.search=NO [BADCHARSET (US-ASCII)] The specified charset is not supported."
        ":with=CHARSET" } },
    { "postgrey", N_("recipients are greylisted"), { "smtp.rcpt=greylist" } },
    { "tarpit",
      N_("the greeting and each recipient take their time"),
      { "smtp.connect=delay=2000", "smtp.rcpt=delay=500" } },
    { "old-smtp",
      N_("SMTP without what came after 1995"),
      { "smtp.offer=hide=PIPELINING,CHUNKING,8BITMIME,SMTPUTF8,DSN,ENHANCEDSTATUSCODES,STARTTLS,"
        "SIZE",
        "smtp.bdat=502 Command not implemented", "smtp.starttls=502 Command not implemented" } },
    { "helo-only", N_("EHLO is not known"), { "smtp.ehlo=502 Command not implemented" } },
    { "short-lived",
      N_("an IMAP session ends after 50 commands, without a reason"),
      { "imap.any=BYE Session expired, please login again:after=50" } },
    { "throttled",
      N_("too many simultaneous connections, every other time"),
      { "imap.connect=BYE Too many simultaneous connections. (Failure):every=2",
        "pop3.connect=-ERR [SYS/TEMP] Too many connections:every=2",
        "smtp.connect=421 4.7.0 Too many connections, try again later:every=2" } },
};

const char *faults_personality(struct str name, size_t i)
{
    for (size_t k = 0; k < COUNT(known); k++)
        if (str_eqc(name, known[k].name))
            return i < RULES ? known[k].rules[i] : NULL;
    return NULL;
}

void faults_personalities(struct buf *out)
{
    for (size_t k = 0; k < COUNT(known); k++) {
        buf_addf(out, "  %-18s %s\n", known[k].name, _(known[k].help));
        for (size_t i = 0; i < RULES && known[k].rules[i] != NULL; i++)
            buf_addf(out, "      %s\n", known[k].rules[i]);
    }
}
