#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild --quota: what an account may keep, by IMAP (RFC 9208), SMTP and LMTP; and a maildrop that POP3 empties is an empty file."""
import imaplib, os, poplib, smtplib
from tm import Place, WAIT_S, check

TEXT = b"Subject: x\r\n\r\n" + b"a line\r\n" * 500  # 4014 bytes


def refused(call, *args):
    try:
        call(*args)
    except smtplib.SMTPResponseException as e:
        return e.smtp_code
    except smtplib.SMTPRecipientsRefused as e:
        return list(e.recipients.values())[0][0]
    check(False, "it was taken")


def main():
    with Place() as place:
        server = place.tmaild("--user", "jane:pw", "--user", "bob:pw", "--domain", "example.org", "--quota", "10000", "--lmtp", "0")
        m = imaplib.IMAP4("127.0.0.1", server.ports["imap"], timeout=WAIT_S)
        m.login("jane", "pw")
        check("QUOTA=RES-STORAGE" in m.capability()[1][0].decode(), "capability")
        check(m.getquotaroot("INBOX")[1] == [[b'INBOX ""'], [b'"" (STORAGE 0 9)']], f'{m.getquotaroot("INBOX")}')
        check(m.append("INBOX", None, None, TEXT)[0] == "OK", "APPEND")
        m.create("Other")
        check(m.append("Other", None, None, TEXT)[0] == "OK", "APPEND to the other folder")
        check(m.getquota('""')[1] == [b'"" (STORAGE 8 9)'], f'{m.getquota(chr(34) * 2)}')
        answer = m.append("INBOX", None, None, TEXT)
        check(answer[0] == "NO" and b"OVERQUOTA" in answer[1][0], f"APPEND beyond it: {answer}")
        m.select()
        answer = m.copy("1", "Other")
        check(answer[0] == "NO" and b"OVERQUOTA" in answer[1][0], f"COPY beyond it: {answer}")
        check(m._simple_command("MOVE", "1", "Other")[0] == "OK", "MOVE takes nothing")
        check(m.getquota("nosuch")[0] == "NO", "another root")
        check(m.getquotaroot("nosuch")[0] == "NO", "another folder")
        with smtplib.SMTP("127.0.0.1", server.ports["smtp"], timeout=WAIT_S) as s:
            check(refused(s.sendmail, "x@example.org", ["jane@example.org"], TEXT) == 452, "SMTP beyond it")
            s.sendmail("x@example.org", ["bob@example.org"], TEXT)
        with smtplib.LMTP("127.0.0.1", server.ports["lmtp"]) as s:
            s.ehlo()
            s.mail("x@example.org"), s.rcpt("jane@example.org"), s.rcpt("bob@example.org")
            s.putcmd("data"), s.getreply()
            s.send(TEXT + b".\r\n")
            check([s.getreply()[0], s.getreply()[0]] == [452, 250], "LMTP answers for each")
        m.select("Other")
        m.store("1:*", "+FLAGS", "\\Deleted")
        m.expunge()
        check(m.append("INBOX", None, None, TEXT)[0] == "OK", "there is room again")
        m.logout()
        p = poplib.POP3("127.0.0.1", server.ports["pop3"], timeout=WAIT_S)
        p.user("bob"), p.pass_("pw")
        check(p.stat()[0] == 2, "bob has two")
        for i in (1, 2):
            p.retr(i), p.dele(i)
        p.quit()
        inbox = os.path.join(server.root, "mail.root", "mail", "bob", "INBOX")
        check(os.path.getsize(inbox) == 0, f"the file has {os.path.getsize(inbox)} bytes")


main()
