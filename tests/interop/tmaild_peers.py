#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild beside Postfix and Dovecot, both ways: mail relayed to Postfix and from it, by SMTP with TLS and by LMTP; handed over to
Dovecot's LMTP; taken from Dovecot's submission service. Every message arrives once, with the bytes that were sent."""
import imaplib, os, poplib, re, shutil, smtplib, subprocess, sys, tempfile, time
import dovecot, postfix
from tm import BUILD, check, Place, TMAILD, WAIT_S

ONCE = os.path.join(BUILD, "tests/interop/relay_once")
HARD = [b"Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n\r\n.\r\n", b"Subject: from\r\n\r\nFrom here\r\n>From there\r\n",
        b"Subject: 8-bit\r\n\r\n\xc3\xa4\xff\xfe" + b"long" * 200 + b"\r\n", b"Subject: empty\r\n\r\n",
        b"Subject: large\r\n\r\n" + b".a line of some length\r\n" * 40000]


def once(port, how, destination, sender, mail, *rcpts):
    with tempfile.TemporaryFile() as f:
        f.write(mail)
        f.seek(0)
        p = subprocess.run([ONCE, "here.example", "127.0.0.1:1", str(port), how, destination, sender, "1", *rcpts], stdin=f,
                           capture_output=True, timeout=WAIT_S, env=dict(os.environ, EIGHT=str(int(not mail.isascii()))))
    rows = [line.split(" ", 7) for line in p.stdout.decode().splitlines() if not line.startswith("peak ")]
    return rows, p.stderr.decode()


def wait_for(what, found):
    until = time.monotonic() + WAIT_S
    while True:
        got = found()
        if got:
            return got
        check(time.monotonic() < until, what)
        time.sleep(0.05)


def bodies(texts):
    return sorted(t.replace(b"\r\n", b"\n").partition(b"\n\n")[2].rstrip(b"\n") for t in texts)


def inbox(server, n):
    """n messages by POP3, and no more."""
    def look():
        p = poplib.POP3("127.0.0.1", server.ports["pop3"], timeout=WAIT_S)
        p.user("jane")
        p.pass_("pw")
        there = len(p.list()[1])
        texts = [b"\r\n".join(p.retr(i + 1)[1]) for i in range(there)] if there >= n else None
        p.quit()
        return texts
    texts = wait_for(f"{n} messages", look)
    check(len(texts) == n, f"{len(texts)} messages, not {n}")
    return texts


def to_postfix(place):
    tls = os.path.join(place.path, "tls")
    os.mkdir(tls)
    dovecot.make_certificates(tls)
    more = f"smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {tls}/server.pem\nsmtpd_tls_key_file = {tls}/server.key\n" \
           "smtpd_tls_received_header = yes\nsmtpd_recipient_restrictions = check_recipient_access inline:{bad@example.org=REJECT," \
           "later@example.org=DEFER}, permit_mynetworks, reject\n"
    with postfix.Postfix(more=more) as p:
        for mail in HARD:
            rows, log = once(p.port, "relay", "[127.0.0.1]", "me@here.example", mail, "jane@example.org")
            check(rows[0][2] == "sent" and rows[0][6] == "1", f"{rows} {log}")
        mbox = os.path.join(p.place, "mail/jane")

        def quoted(mail):
            body = mail.replace(b"\r\n", b"\n").partition(b"\n\n")[2].replace(b"\nFrom ", b"\n>From ")
            return b">" + body if body.startswith(b"From ") else body

        def look():
            data = open(mbox, "rb").read() if os.path.exists(mbox) else b""
            return data if data.count(b"\nSubject: ") >= len(HARD) and all(quoted(m) in data for m in HARD) else None
        data = wait_for("Postfix delivers the same bytes", look)
        check(data.count(b"\nSubject: ") == len(HARD), "each once")
        check(data.count(b"TLSv1") == len(HARD), "by TLS")
        server = place.tmaild("--domain", "here.example", "--user", "jane:pw", "--relay", f"127.0.0.1:{p.port}", name="smart")
        with smtplib.SMTP("127.0.0.1", server.ports["submission"], timeout=WAIT_S) as s:
            s.login("jane", "pw")
            s.sendmail("jane@here.example", ["jane@example.org", "bad@example.org"], b"Subject: by the queue\r\n\r\nqueued\r\n")
        wait_for("what was submitted to tmaild", lambda: b"\n\nqueued\n" in open(mbox, "rb").read())
        check(b"multipart/report" in inbox(server, 1)[0], "and who was refused comes back")
        rows, _ = once(p.port, "relay", "[127.0.0.1]", "", HARD[0], "bad@example.org", "later@example.org", "jane@example.org")
        check([(r[2], r[3][0], r[4][0]) for r in rows] == [("refused", "5", "5"), ("later", "4", "4"), ("sent", "2", "2")], f"{rows}")


def from_postfix(place):
    """As a server that relays by SMTP, and as one that hands over by LMTP."""
    server = place.tmaild("--domain", "example.org", "--user", "jane:pw", "--lmtp", "0", name="smtp", tls=True)
    mails = HARD + [b"Subject: %d\r\n\r\nnumber %d\r\n" % (i, i) for i in range(20)]
    sent = []
    for more in (f"relayhost = [127.0.0.1]:{server.ports['smtp']}\nsmtp_tls_security_level = encrypt\nvirtual_mailbox_domains =\n",
                 f"virtual_transport = lmtp:inet:[127.0.0.1]:{server.ports['lmtp']}\n"):
        with postfix.Postfix(more=more) as p:
            with smtplib.SMTP("127.0.0.1", p.port, timeout=WAIT_S) as s:
                for mail in mails:
                    s.sendmail("me@here.example", ["jane@example.org"], mail)
            sent += mails
            texts = inbox(server, len(sent))
            check(bodies(texts) == bodies(sent), "the same bytes, each once")
    check(any(b"with ESMTPS" in t for t in texts) and any(b"with LMTP" in t for t in texts), "by TLS, and by LMTP")


def to_dovecot():
    with dovecot.Dovecot(lmtp=True) as d:
        for how in (f"127.0.0.1:{d.lmtp_port}", f"{d.place}/lmtp"):
            for mail in HARD:
                rows, log = once(25, f"agent:lmtp:{how}", "-", "me@here.example", mail, "jane")
                check(rows[0][2] == "sent", f"{rows} {log}")
        rows, _ = once(25, f"agent:lmtp:{how}", "-", "", HARD[0], "jane")
        check(rows[0][2] == "sent", f"{rows}")
        imap = d.login()
        imap.select("INBOX")
        texts = [imap.fetch(i, "BODY.PEEK[]")[1][0][1] for i in imap.search(None, "ALL")[1][0].split()]
        check(bodies(texts) == bodies(HARD * 2 + HARD[:1]), "the same bytes, each once")
        check(all(t.startswith(b"Return-Path: <") for t in texts), "with a Return-Path")
        imap.logout()


def from_dovecot(place):
    server = place.tmaild("--domain", "example.org", "--user", "jane:pw", name="submission", tls=True)
    with dovecot.Dovecot(relay=(server.ports["submission"], "jane", "pw")) as d:
        with smtplib.SMTP("127.0.0.1", d.submission_port, timeout=WAIT_S) as s:
            s.login("jane", "pw")
            for mail in HARD:
                s.sendmail("jane@example.org", ["jane@example.org"], mail, ["BODY=8BITMIME"] if not mail.isascii() else [])
        check(bodies(inbox(server, len(HARD))) == bodies(HARD), "the same bytes, each once")


def hand_over(place):
    """What doc/server.md says: passwords, mail by IMAP, mail from the files."""
    server = place.tmaild("--domain", "example.org", name="left")
    root = os.path.join(server.root, "mail.root")
    said = subprocess.run([TMAILD, "users", "add", "jane", "--root", root], input=b"pw\n", capture_output=True, timeout=WAIT_S)
    check(said.returncode == 0, f"{said}")
    imap = imaplib.IMAP4("127.0.0.1", server.ports["imap"], timeout=WAIT_S)
    imap.login("jane", "pw")
    for folder in ("Work", "Work/Old", "B&APw-cher"):
        check(imap.create(f'"{folder}"')[0] == "OK", folder)
    for i, mail in enumerate(HARD[:2] + HARD[3:]):
        imap.append("INBOX", "\\Seen" if i % 2 else "\\Flagged", None, mail)
        imap.append("Work/Old", "(\\Answered kw1)", None, mail)
    imap.select("INBOX")
    imap.store("2", "+FLAGS", "\\Deleted")
    imap.expunge()
    want = everything(imap)
    imap.logout()
    users = os.path.join(place.path, "dovecot.users")
    subprocess.run(["sh", "-c", "awk -F: '!/^#/ && NF > 1 { print $1 \":\" $2 }' \"$1/users\" >\"$2\"", "sh", root, users], check=True)
    os.chmod(place.path, 0o755)
    os.chmod(users, 0o644)
    for how in ("imap", "files"):
        with dovecot.Dovecot(users=users) as d:
            shutil.rmtree(f"{d.place}/mail")  # as on a host where jane has no mail yet
            os.chmod(d.place, 0o777)

            def doveadm(*words):
                p = subprocess.run(["doveadm", "-c", f"{d.place}/dovecot.conf", *words], capture_output=True, timeout=WAIT_S)
                check(p.returncode == 0, f"{p}")
            if how == "imap":
                doveadm("-o", "imapc_host=127.0.0.1", "-o", f"imapc_port={server.ports['imap']}", "-o", "imapc_user=jane", "-o",
                        "imapc_password=pw", "-o", "imapc_features=rfc822.size fetch-headers", "backup", "-R", "-u", "jane", "imapc:")
            else:
                server.stop()
                subprocess.run(["sh", "-c", LINKS, "sh", f"{root}/mail/jane", f"{d.place}/tree"], check=True)
                subprocess.run(["chmod", "-R", "a+rwX", server.root], check=True)  # this Dovecot has but one user
                doveadm("-o", "mbox_md5=all", "sync", "-1", "-R", "-u", "jane",
                        f"mbox:{d.place}/tree:INBOX={root}/mail/jane/INBOX:LAYOUT=maildir++:INDEX={d.place}/index:"
                        f"CONTROL={d.place}/index:UTF-8")
            imap = d.login()  # with the password that she had
            got = everything(imap)
            imap.logout()
            got.pop("Sent", None)
            if how == "files":  # Dovecot leaves the quotes in, and has keywords of its own
                for rows in [*got.values(), *want.values()]:
                    rows[:] = [(uid, [f for f in flags if f[:1] == b"\\"], body.replace(b">From", b"From").replace(b">From", b"From"))
                               for uid, flags, body in rows]
            check(got == want, f"{how}: {got}\n{want}"[:3000])


LINKS = """cd "$1" && mkdir "$2"
find . -name '*.mbox' | sed 's,^\\./,,' | while read -r f; do
    ln -s "$PWD/$f" "$2/.$(printf %s "${f%.mbox}" | tr / .)"
done"""


def everything(imap):
    """{folder: [(UID, flags, body)]}"""
    found = {}
    for line in imap.list()[1]:
        folder = line.decode().rpartition(' "/" ')[2].strip('"')
        imap.select(f'"{folder}"', readonly=True)
        rows = []
        for uid in imap.uid("SEARCH", "ALL")[1][0].split():
            data = imap.uid("FETCH", uid, "(FLAGS BODY.PEEK[])")[1]
            flags = re.search(rb"FLAGS \(([^)]*)\)", b" ".join(x[0] if isinstance(x, tuple) else x for x in data)).group(1)
            rows.append((uid, sorted(f for f in flags.split() if f != b"\\Recent"), bodies([data[0][1]])[0]))
        found[folder] = rows
    return found


def main():
    have_postfix = postfix.usable()
    have_dovecot = dovecot.installed() and all(os.path.exists(f"/usr/lib/dovecot/{p}") for p in ("lmtp", "submission"))
    if not have_postfix and not have_dovecot:
        print("neither Postfix nor Dovecot with LMTP and submission is here")
        sys.exit(77)
    with Place() as place:
        if have_postfix:
            to_postfix(place)
            from_postfix(place)
        if have_dovecot:
            to_dovecot()
            from_dovecot(place)
            hand_over(place)
    print("ok")


main()
