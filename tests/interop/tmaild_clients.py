#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild with the clients that people have: each sends or fetches with its own code, and the mail must be there byte for byte. A client
that is not installed is left out and named."""
import email.policy, imaplib, os, poplib, shutil, smtplib, subprocess, sys
from email.message import EmailMessage

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tm import Place, check, fail

BODY = "One line.\nFrom here on it is quoted.\n.\n..two dots\nA line with 8 bits: é\n"
BIN = os.environ.get("PATH", "") + ":/usr/sbin:/usr/lib/git-core"


def run(place, *argv, stdin=b"", code=0, env=None):
    p = subprocess.run(argv, input=stdin, capture_output=True, timeout=60,
                       env=dict(os.environ, HOME=place.path, PATH=BIN, LC_ALL="C.UTF-8", **(env or {})))
    if p.returncode != code:
        fail(f"{argv[0]}: exit code {p.returncode}\n{p.stdout.decode(errors='replace')}\n{p.stderr.decode(errors='replace')}")
    return p.stdout


def write(place, name, text, mode=0o600):
    path = os.path.join(place.path, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)
    return path


def message(subject):
    m = EmailMessage(policy=email.policy.SMTP)
    m["From"], m["To"], m["Subject"] = "Bob <bob@example.org>", "Jane <jane@example.org>", subject
    m["Message-ID"] = f"<{subject}@example.org>"
    m.set_content(BODY, cte="8bit")
    return m.as_bytes()


class Lab:
    def __init__(self, place):
        self.place = place
        self.server = place.tmaild("--domain", "example.org", "--user", "jane:pw", "--user", "bob:pw")
        self.ports = self.server.ports
        self.imap_url = f"imap://127.0.0.1:{self.ports['imap']}"
        self.smtp_url = f"smtp://127.0.0.1:{self.ports['smtp']}"

    def imap(self, user="jane"):
        m = imaplib.IMAP4("127.0.0.1", self.ports["imap"], timeout=30)
        m.login(user, "pw")
        return m

    def arrived(self, subject, user="jane"):
        """The one message with this subject, taken out of the inbox."""
        m = self.imap(user)
        m.select("INBOX")
        found = m.uid("SEARCH", "HEADER", "Subject", f'"{subject}"')[1][0].split()
        check(len(found) == 1, f"{subject}: {len(found)} messages")
        got = m.uid("FETCH", found[0], "(BODY.PEEK[])")[1][0][1]
        m.uid("STORE", found[0], "+FLAGS", r"(\Deleted)")
        m.expunge()
        m.logout()
        return got

    def deliver(self, *subjects, user="jane"):
        with smtplib.SMTP("127.0.0.1", self.ports["smtp"], timeout=30) as s:
            for subject in subjects:
                s.sendmail("bob@example.org", [f"{user}@example.org"], message(subject))

    def empty(self, user="jane"):
        m = self.imap(user)
        n = int(m.select("INBOX")[1][0])
        if n:
            m.store(f"1:{n}", "+FLAGS", r"(\Deleted)")
            m.expunge()
        m.logout()


def same_body(got, subject):
    body = got.split(b"\r\n\r\n", 1)[1]
    want = BODY.replace("\n", "\r\n").encode()
    check(body.rstrip(b"\r\n") == want.rstrip(b"\r\n"), f"{subject}: another body arrived: {body!r}")


# ---- those that send ----

def sends_smtplib(lab):
    lab.deliver("smtplib")
    return "smtplib"


def sends_curl(lab):
    """On the submission port, logged in."""
    path = os.path.join(lab.place.path, "curl.eml")
    with open(path, "wb") as f:
        f.write(message("curl"))
    run(lab.place, "curl", "-sS", "--url", f"smtp://127.0.0.1:{lab.ports['submission']}", "--user", "bob:pw", "--mail-from", "bob@example.org",
        "--mail-rcpt", "jane@example.org", "-T", path)
    return "curl"


def sends_swaks(lab):
    path = os.path.join(lab.place.path, "swaks.eml")
    with open(path, "wb") as f:
        f.write(message("swaks").replace(b"\r\n", b"\n"))
    run(lab.place, "swaks", "--server", f"127.0.0.1:{lab.ports['submission']}", "--auth", "PLAIN", "--auth-user", "bob", "--auth-password", "pw",
        "--from", "bob@example.org", "--to", "jane@example.org", "--data", f"@{path}", "--pipeline")
    return "swaks"


def sends_msmtp(lab):
    run(lab.place, "msmtp", "--file=/dev/null", "--host=127.0.0.1", f"--port={lab.ports['smtp']}", "--from=bob@example.org", "jane@example.org",
        stdin=message("msmtp").replace(b"\r\n", b"\n"))
    return "msmtp"


def sends_snail(lab):
    run(lab.place, "s-nail", "-:/", "-S", f"mta=smtp://127.0.0.1:{lab.ports['smtp']}", "-S", "smtp-auth=none", "-S", "v15-compat", "-S", "from=bob@example.org",
        "-S", "ttycharset=utf-8", "-S", "mime-encoding=8b", "-s", "s-nail", "jane@example.org", stdin=BODY.encode())
    return "s-nail"


def sends_mutt(lab, program="mutt"):
    rc = write(lab.place, f"{program}rc", f'set smtp_url="{lab.smtp_url}"\nset from="bob@example.org"\nset ssl_starttls=no\nset copy=no\n'
               'set allow_8bit=yes\nset charset=utf-8\nset send_charset="us-ascii:utf-8"\nset ssl_force_tls=no\n')
    run(lab.place, program, "-F", rc, "-s", program, "jane@example.org", stdin=BODY.encode())
    return program


def sends_neomutt(lab):
    return sends_mutt(lab, "neomutt")


def sends_git(lab):
    path = write(lab.place, "0001-git.patch", f"From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\nFrom: Bob <bob@example.org>\n"
                 f"Date: Tue, 24 Nov 2026 10:00:00 +0000\nSubject: git\nMIME-Version: 1.0\nContent-Type: text/plain; charset=UTF-8\n"
                 f"Content-Transfer-Encoding: 8bit\n\n{BODY}")
    run(lab.place, "git", "send-email", "--smtp-server=127.0.0.1", f"--smtp-server-port={lab.ports['smtp']}", "--from=Bob <bob@example.org>",
        "--to=jane@example.org", "--confirm=never", "--suppress-cc=all", "--transfer-encoding=8bit", path, 
        env=dict({f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "Bob"), ("EMAIL", "bob@example.org"))},
                 GIT_CONFIG_NOSYSTEM="1"))
    return "git"


# ---- those that fetch ----

def fetches_poplib(lab):
    p = poplib.POP3("127.0.0.1", lab.ports["pop3"], timeout=30)
    p.user("jane")
    p.pass_("pw")
    n = p.stat()[0]
    got = [b"\r\n".join(p.retr(i + 1)[1]) + b"\r\n" for i in range(n)]
    for i in range(n):
        p.dele(i + 1)
    p.quit()
    return got


def fetches_curl_imap(lab):
    count = int(lab.imap().select("INBOX")[1][0])
    return [run(lab.place, "curl", "-sS", "--user", "jane:pw", f"{lab.imap_url}/INBOX;MAILINDEX={i + 1}") for i in range(count)]


def fetches_curl_pop(lab):
    url = f"pop3://127.0.0.1:{lab.ports['pop3']}/"
    count = len(run(lab.place, "curl", "-sS", "--user", "jane:pw", url).splitlines())
    return [run(lab.place, "curl", "-sS", "--user", "jane:pw", f"{url}{i + 1}") for i in range(count)]


def fetches_fetchmail(lab, proto="pop3"):
    out = os.path.join(lab.place.path, f"fetchmail.{proto}")
    mda = write(lab.place, f"mda.{proto}", f"#!/bin/sh\ncat >>'{out}'\nprintf '\\000' >>'{out}'\n", 0o700)
    rc = write(lab.place, f"fetchmailrc.{proto}", f"poll 127.0.0.1 proto {proto} port {lab.ports[proto]} user jane password pw sslproto '' fetchall "
               f"mda \"{mda}\"\n")
    run(lab.place, "fetchmail", "-f", rc, "--nodetach", "--nosyslog", "--pidfile", os.path.join(lab.place.path, "fetchmail.pid"), "-i",
        os.path.join(lab.place.path, "fetchids"))
    with open(out, "rb") as f:
        return [m.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for m in f.read().split(b"\0")[:-1]]


def fetches_fetchmail_imap(lab):
    return fetches_fetchmail(lab, "imap")


def fetches_mpop(lab):
    folder = os.path.join(lab.place.path, "mpop")
    for sub in ("cur", "new", "tmp"):
        os.makedirs(f"{folder}/{sub}")
    rc = write(lab.place, "mpoprc", f"account default\nhost 127.0.0.1\nport {lab.ports['pop3']}\nuser jane\npassword pw\nauth user\ntls off\n"
               f"delivery maildir {folder}\nuidls_file {folder}/uidls\nkeep off\n")
    run(lab.place, "mpop", "-C", rc, "-q")
    return [open(f"{folder}/new/{name}", "rb").read().replace(b"\n", b"\r\n") for name in sorted(os.listdir(f"{folder}/new"))]


def maildir(folder):
    return [open(f"{folder}/{sub}/{name}", "rb").read().replace(b"\n", b"\r\n") for sub in ("new", "cur") for name in os.listdir(f"{folder}/{sub}")]


def fetches_mbsync(lab):
    """Both ways: what is set here goes there, what is written here is appended there."""
    box = os.path.join(lab.place.path, "mbsync")
    rc = write(lab.place, "mbsyncrc", f"IMAPAccount a\nHost 127.0.0.1\nPort {lab.ports['imap']}\nUser jane\nPass pw\nSSLType None\nAuthMechs LOGIN\n"
               f"\nIMAPStore far\nAccount a\n\nMaildirStore near\nPath {box}/\nInbox {box}/INBOX\nSubFolders Verbatim\n"
               "\nChannel c\nFar :far:\nNear :near:\nPatterns *\nCreate Both\nRemove Both\nExpunge Both\nSyncState *\n")
    os.makedirs(box)
    run(lab.place, "mbsync", "-c", rc, "c")
    got = maildir(f"{box}/INBOX")
    new = f"{box}/INBOX/new"
    for name in os.listdir(new):
        os.rename(f"{new}/{name}", f"{box}/INBOX/cur/{name.split(':')[0]}:2,FS")
    with open(f"{new}/1.written.here", "wb") as f:
        f.write(message("written").replace(b"\r\n", b"\n"))
    os.makedirs(f"{box}/Projects/new"), os.makedirs(f"{box}/Projects/cur"), os.makedirs(f"{box}/Projects/tmp")
    run(lab.place, "mbsync", "-c", rc, "c")
    m = lab.imap()
    n = int(m.select("INBOX")[1][0])
    check(n == len(got) + 1, f"mbsync: {n} messages after {len(got)} and one")
    flagged = m.search(None, "FLAGGED", "SEEN")[1][0].split()
    check(len(flagged) == len(got), f"mbsync: {len(flagged)} of {len(got)} flagged")
    check(m.select("Projects")[0] == "OK", "mbsync made no folder")
    m.logout()
    run(lab.place, "mbsync", "-c", rc, "c")
    check(len(maildir(f"{box}/INBOX")) == len(got) + 1, "mbsync: a pass with nothing new changed something")
    return got


def fetches_mutt(lab, program="mutt"):
    """Copies the whole inbox into a file, and reads tmaild's own file with the flags that were set over IMAP."""
    m = lab.imap()
    m.select("INBOX")
    m.store("1", "+FLAGS", r"(\Flagged)")
    m.logout()
    out = os.path.join(lab.place.path, f"{program}.box")
    rc = write(lab.place, f"{program}rc.fetch", f'set folder="{lab.imap_url}"\nset imap_user=jane\nset imap_pass=pw\nset ssl_starttls=no\nset confirmappend=no\n'
               'set quit=yes\nset move=no\nset delete=no\nset mbox_type=Maildir\nset confirmcreate=no\nset wait_key=no\nset ssl_force_tls=no\n'
               f'push "<tag-pattern>~A<enter><tag-prefix><copy-message><kill-line>{out}<enter><quit>"\n')
    script(lab, program, "-F", rc, "-f", f"{lab.imap_url}/INBOX")
    own = os.path.join(lab.server.root, "mail.root/mail/jane/INBOX")
    flagged = os.path.join(lab.place.path, f"{program}.flagged")
    rc = write(lab.place, f"{program}rc.own", 'set quit=yes\nset move=no\nset mbox_type=mbox\nset confirmappend=no\nset confirmcreate=no\n'
               f'push "<tag-pattern>~F<enter><tag-prefix><copy-message><kill-line>{flagged}<enter><quit>"\n')
    script(lab, program, "-F", rc, "-R", "-f", own)
    with open(flagged, "rb") as f:
        check(sum(line.startswith(b"From ") for line in f) == 1, f"{program} saw other flags in the file than IMAP set")
    return maildir(out)


def script(lab, *argv):
    """On a terminal of its own."""
    run(lab.place, "script", "-qec", " ".join(f"'{a}'" for a in argv), "/dev/null", env={"TERM": "xterm"})


def fetches_neomutt(lab):
    return fetches_mutt(lab, "neomutt")


SENDERS = {"python3": sends_smtplib, "curl": sends_curl, "swaks": sends_swaks, "msmtp": sends_msmtp, "s-nail": sends_snail, "mutt": sends_mutt,
           "neomutt": sends_neomutt, "git-send-email": sends_git}
FETCHERS = [("python3", fetches_poplib), ("curl", fetches_curl_imap), ("curl", fetches_curl_pop), ("fetchmail", fetches_fetchmail),
            ("fetchmail", fetches_fetchmail_imap), ("mpop", fetches_mpop), ("mbsync", fetches_mbsync), ("mutt", fetches_mutt),
            ("neomutt", fetches_neomutt)]


def main():
    with Place() as place:
        lab = Lab(place)
        left_out = []
        for program, test in SENDERS.items():
            if not shutil.which(program, path=BIN):
                left_out.append(program)
                continue
            same_body(lab.arrived(test(lab)), program)
        for program, test in FETCHERS:
            if not shutil.which(program, path=BIN):
                left_out.append(program)
                continue
            lab.empty()
            lab.deliver("first", "second", "third")
            got = test(lab)
            check(len(got) == 3, f"{test.__name__}: {len(got)} messages")
            for m in got:
                same_body(m, test.__name__)
        if left_out:
            print("left out, not installed:", ", ".join(sorted(set(left_out))))


main()
