# SPDX-License-Identifier: MIT
"""Servers as they are: each odd manner of doc/violations.md that the engine has to live with, on a server that otherwise keeps to
the standard. All mail arrives, what the person does arrives there, nothing is lost or doubled, nothing is left to do."""
import os, re, shutil, subprocess, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from engine import SEEN, Store, message, subjects
from fake_imap import Fake
from tm import TMAIL, check

ALL = "IMAP4rev1 UIDPLUS MOVE"


def replaced(pattern, by, verb=""):
    """Answers to commands that begin with verb, with pattern put otherwise."""
    def after(server, line, answer):
        return re.sub(pattern, by, answer) if line.startswith(verb) else answer
    return after


def refused(verb, words):
    def before(server, line):
        return words if line.startswith(verb) else None
    return before


def expunging(server, line, answer):
    """Another client's message goes in the middle of a FETCH (RFC 3501 §7.4.1 forbids to say so there)."""
    if line.startswith("UID FETCH") and answer.count(b"FETCH (") > 2 and 4 in server.folders["INBOX"]:
        del server.folders["INBOX"][4]
        return answer.replace(b"* 1 FETCH", b"* 4 EXPUNGE\r\n* 1 FETCH", 1)
    return answer


def talkative(server, line, answer):
    """Untagged data of all kinds around every answer."""
    noise = (b"* OK [ALERT] The disk is nearly full\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* XNEW (1 \"2\")\r\n* SEARCH 99\r\n"
             b"* VANISHED 4000\r\n* STATUS nowhere ()\r\n* ENABLED QRESYNC\r\n* ESEARCH UID ALL 77\r\n* CAPABILITY " +
             server.caps.encode() + b"\r\n")
    return (noise if not line.startswith("LIST") else b"") + answer


def in_pieces(server, line, answer):
    """FLAGS of a message apart from the rest of it, and flags of others in between."""
    return re.sub(rb"\* (\d+) FETCH \(UID (\d+) FLAGS \(([^)]*)\) INTERNALDATE", rb"* \1 FETCH (FLAGS (\3))\r\n"
                  rb"* \1 FETCH (UID \2 FLAGS (\3) INTERNALDATE", answer)


def spaced(server, line, answer):
    """Blanks at the ends of lines and lists, empty lines between responses."""
    return re.sub(rb"(?m)^(\* (?:LIST|STATUS|SEARCH|OK|FLAGS|CAPABILITY)[^\r\n{]*)\r\n", rb"\1 \r\n\r\n", answer)


QUIRKS = {
    "as it should be": dict(),
    "no UIDNEXT": dict(after=replaced(rb"\* OK \[UIDNEXT \d+\] n\r\n| UIDNEXT \d+", b"")),
    "no UIDVALIDITY": dict(after=replaced(rb"\* OK \[UIDVALIDITY 7\] v\r\n| UIDVALIDITY 7", b"")),
    "UIDVALIDITY 0": dict(after=replaced(rb"UIDVALIDITY 7", b"UIDVALIDITY 0")),
    "LIST without INBOX": dict(after=replaced(rb'\* LIST \(\) "/" "INBOX"\r\n', b"", 'LIST "" "*"')),
    "INBOX as it likes": dict(after=replaced(rb'"INBOX"', b"inBox", "LIST")),
    "NIL delimiters": dict(after=replaced(rb'\) "/" ', b") NIL ", "LIST")),
    "every folder twice": dict(after=replaced(rb"(\* LIST [^\r]*\r\n)", rb"\1\1", "LIST")),
    "STATUS with nothing in it": dict(after=replaced(rb"\(MESSAGES.*\)", b"()", "STATUS")),
    "STATUS refused": dict(before=refused("STATUS", b"TAG NO not now\r\n")),
    "UIDPLUS without codes": dict(after=replaced(rb"\[(APPENDUID|COPYUID) [^]]*\] ", b"")),
    "UIDPLUS with nonsense": dict(after=replaced(rb"\[(APPENDUID|COPYUID) [^]]*\]", rb"[\1 0 0]")),
    "COPYUID of unequal sets": dict(after=replaced(rb"\[COPYUID 7 (\S+) (\S+)\]", rb"[COPYUID 7 \1,4000 \2]")),
    "COPYUID of another time": dict(after=replaced(rb"\[COPYUID 7 ", b"[COPYUID 6 ")),
    "MOVE offered, not known": dict(before=refused("UID MOVE", b"TAG BAD what\r\n")),
    "no UIDPLUS, no MOVE": dict(caps="IMAP4rev1"),
    "EXPUNGE during FETCH": dict(after=expunging, gone=1),
    "talkative": dict(after=talkative),
    "FETCH in pieces": dict(after=in_pieces),
    "blanks and empty lines": dict(after=spaced),
    "CONDSTORE with MODSEQ 0": dict(caps=ALL + " CONDSTORE", after=replaced(rb"(\* OK \[UIDNEXT)", rb"* OK [HIGHESTMODSEQ 0] x\r\n\1")),
    "CONDSTORE with NOMODSEQ": dict(caps=ALL + " CONDSTORE", after=replaced(rb"(\* OK \[UIDNEXT)", rb"* OK [NOMODSEQ] x\r\n\1")),
    "QRESYNC, and ENABLE is not known": dict(caps=ALL + " ENABLE CONDSTORE QRESYNC", before=refused("ENABLE", b"TAG BAD what\r\n")),
    "ID is not known": dict(caps=ALL + " ID", before=refused("ID", b"TAG BAD what\r\n")),
    "COMPRESS refused": dict(caps=ALL + " COMPRESS=DEFLATE", before=refused("COMPRESS", b"TAG NO not now\r\n")),
    "NAMESPACE refused": dict(caps=ALL + " NAMESPACE", before=refused("NAMESPACE", b"TAG NO not now\r\n")),
    "ESEARCH offered, SEARCH answered": dict(caps=ALL + " ESEARCH SEARCHRES"),
    "LITERAL+ that is none": dict(caps=ALL + " LITERAL+", literal_plus=False),
    "keywords without end": dict(after=replaced(rb"FLAGS \(\)", b"FLAGS (" + b" ".join(b"k%d" % k for k in range(300)) + b")")),
    "BODY[] of nothing": dict(after=replaced(rb"(UID 4 FLAGS.*?)BODY\[\] \{\d+\}\r\n(?s:.*?)\r\n\)\r\n", rb"\1BODY[] NIL)\r\n"), odd=4),
}


# gone: so many messages go by themselves; odd: this one cannot be had.
def lives_with(place, name, caps=ALL, before=None, after=None, literal_plus=True, gone=0, odd=0):
    server = Fake(caps)
    server.folders["Work"] = {}
    for i in (1, 2, 3, 4):
        server.put("INBOX", message(i))
    server.before, server.literal_plus = before, literal_plus
    if after:
        server.after = after
    s = Store(place, re.sub(r"\W", "", name), server.port)
    s.sync(code=None)
    s.sync(code=None)
    there = [m for m in (1, 2, 3, 4) if m <= 4 - gone]
    here = [m for m in there if m != odd]
    rows = s.list("INBOX")
    check(subjects(rows) == [f"message {i}" for i in here], f"{name}: all mail is here: {rows}\n{server.commands}\n{s.log()}")
    s.drive("flag", s.find("INBOX", "message 1")["id"], "INBOX", f"+{SEEN}")
    s.drive("move", s.find("INBOX", "message 2")["id"], "INBOX", "Work")
    server.put("INBOX", message(5))
    for _ in range(3):
        s.sync(code=None)
    check(s.drive("journal").strip() == "0", f"{name}: nothing is open: {server.commands[-40:]}\n{s.log()}")
    check("\\Seen" in server.folders["INBOX"][1][0], f"{name}: the flag is there")
    want = {"INBOX": ["message 1"] + [f"message {i}" for i in there if i > 2] + ["message 5"], "Work": ["message 2"]}
    for folder, expected in want.items():
        ours = [e for e in expected if e != f"message {odd}"]
        held = sorted(re.search(rb"Subject: (.*)\r", m[1]).group(1).decode() for m in server.folders[folder].values())
        check(held == expected, f"{name}: {folder} on the server: {held}\n{server.commands}\n{s.log()}")
        check(subjects(s.list(folder)) == ours, f"{name}: {folder} here: {s.list(folder)}\n{server.commands}\n{s.log()}")
    s.stop()


def sending(place, name, server, *there):
    """A store with message 1 in its outbox, whose copy is to go to Sent, where these are already."""
    server.folders["Sent"], server.uses["Sent"] = {}, "\\Sent"
    for m in there:
        server.put("Sent", m)
    s = Store(place, name, server.port)
    s.sync()
    with open(os.path.join(s.dir, "sendmail"), "w") as f:
        f.write("#!/bin/sh\ncat >/dev/null\n")
    os.chmod(f.name, 0o755)
    mail = os.path.join(s.dir, "mail")
    with open(mail, "wb") as f:
        f.write(message(1))
    s.drive("queue", mail, 0, "jane@example.org", "joe@example.org")
    return s


def sent_once(s, server, what):
    for _ in range(3):
        s.sync(code=None)
    check(len(server.folders["Sent"]) == 1, f"{what}: one copy there: {server.commands}\n{s.log()}")
    check(subjects(s.list("Sent")) == ["message 1"], f"{what}: and here: {s.list('Sent')}")
    check(s.drive("journal").strip() == "0", f"{what}: nothing is open")
    s.stop()
    print(what, flush=True)


def saves_what_is_sent(place):
    """The server keeps a copy of what goes out by itself (Gmail): it is the copy, no second one is made."""
    server = Fake(ALL)
    s = sending(place, "saves", server)
    server.put("Sent", message(1), ["\\Seen"])  # as it does while it takes the mail
    s.engine("send", 1)
    sent_once(s, server, "sent mail is saved by the server")
    check(not any(c.startswith("APPEND") for c in server.commands), f"nothing was uploaded: {server.commands}")


def appends_without_plus(place):
    """LITERAL+ is offered, and the copy for Sent taken for commands: it goes up on the next link, once."""
    server = Fake(ALL + " LITERAL+")
    server.literal_plus = False
    s = sending(place, "plus", server)
    s.engine("send", 1)
    sent_once(s, server, "an upload where LITERAL+ is none")


def appends_what_was_moved(place):
    """Somebody expunged what the person moved: it is brought there from here, unless another client has put the same there, byte by byte.
    Another message that bears its Message-ID is not it."""
    for name, there in (("other", message(2).replace(b"Body of 2", b"Quite another")),
                        ("longer", message(2).replace(b"Subject: ", b"X-More: y\r\nSubject: ")), ("same", message(2))):
        server = Fake(ALL)
        server.folders["Work"] = {}
        for i in (1, 2):
            server.put("INBOX", message(i))
        s = Store(place, f"moved-{name}", server.port)
        s.sync()
        s.drive("move", s.find("INBOX", "message 2")["id"], "INBOX", "Work")
        del server.folders["INBOX"][2]

        def before(server, line):  # the store learns of it behind the upload only
            if line.startswith("UID SEARCH HEADER") and not server.folders["Work"]:
                server.put("Work", there)

        server.before = before
        for _ in range(4):
            s.sync(code=None)
        want = [message(2)] if name == "same" else sorted((there, message(2)))
        check(sorted(m[1] for m in server.folders["Work"].values()) == want, f"{name}: on the server: {server.folders['Work']}\n{s.log()}")
        check(len(s.list("Work")) == len(want), f"{name}: here: {s.list('Work')}")
        check(s.drive("journal").strip() == "0", f"{name}: nothing is open")
        s.stop()
    print("a move that became an upload, and another message with its id", flush=True)


def lies_about_appends(place):
    """APPENDUID names a message that lay there before: what was uploaded is found by itself."""
    server = Fake(ALL)
    s = sending(place, "lies", server, message(7))
    server.after = replaced(rb"APPENDUID 7 \d+", b"APPENDUID 7 1")
    s.engine("send", 1)
    for _ in range(3):
        s.sync(code=None)
    check(len(server.folders["Sent"]) == 2, f"one copy more there: {server.commands}")
    check(subjects(s.list("Sent")) == ["message 1", "message 7"], f"both are here: {s.list('Sent')}\n{server.commands}\n{s.log()}")
    print("an APPENDUID of another message", flush=True)
    s.stop()


def makes_what_it_needs(place):
    """A Trash that is made tells the server what it is for (RFC 6154); where that is refused it is made all the same."""
    for name, before in (("told", None), ("untold", lambda srv, line: b"TAG NO [USEATTR] no\r\n" if "(USE" in line else None)):
        server = Fake(ALL + " CREATE-SPECIAL-USE")
        server.put("INBOX", message(1))
        server.before = before
        s = Store(place, name, server.port)
        s.sync()
        s.drive("move", s.find("INBOX", "message 1")["id"], "INBOX", "Trash")
        s.sync()
        made = [c for c in server.commands if c.startswith("CREATE")]
        want = ["CREATE Trash (USE (\\Trash))"] + (["CREATE Trash"] if before else [])
        check(made == want and len(server.folders["Trash"]) == 1, f"{name}: {server.commands}\n{s.log()}")
        s.stop()
    print("a Trash that is made", flush=True)


def withholds(place):
    """A message that the server shows and does not hand over: the person is told once, not at each pass; it comes when it can be had."""
    server = Fake(ALL)
    for i in (1, 2, 3, 4):
        server.put("INBOX", message(i))
    server.after = QUIRKS["BODY[] of nothing"]["after"]
    s = Store(place, "withholds", server.port)
    told = [e["text"] for _ in range(3) for e in s.engine("sync", code=None) if e["event"] == "error"]
    check(len(told) == 1 and "INBOX" in told[0] and "hand it over" in told[0], f"told once: {told}")
    server.after = lambda server, line, answer: answer
    s.sync()
    check(len(s.list("INBOX")) == 4, f"it comes: {s.list('INBOX')}")
    s.stop()
    print("a message that is withheld", flush=True)


def says_wrong_sizes(place):
    """A message is longer than the server says, and its rest is taken for answers: it is found, and does not keep the others away."""
    server = Fake(ALL)
    for i in range(1, 9):
        server.put("INBOX", message(i))
    server.put("Work", message(50))
    server.after = lambda srv, line, answer: re.sub(rb"(\(UID 4 FLAGS[^{]*BODY\[\] \{)(\d+)", lambda m: m[1] + b"%d" % (int(m[2]) - 40),
                                                    answer)
    s = Store(place, "sizes", server.port)
    told = [e["text"] for _ in range(4) for e in s.engine("sync", code=None) if e["event"] == "error"]
    check(sum("message 4 cannot be read" in t for t in told) == 1, f"told once: {told}")
    check([m["subject"] for m in s.list("INBOX") if not m["body"]] == ["message 4"] and len(s.list("INBOX")) == 8,
          f"its header is here, and all others: {s.list('INBOX')}\n{server.commands}\n{s.log()}")
    check(subjects(s.list("Work")) == ["message 50"], "other folders too")
    had = len(server.commands)
    server.put("INBOX", message(9))
    s.sync()
    check(len(s.list("INBOX")) == 9 and s.find("INBOX", "message 9")["body"], f"what comes next: {server.commands[had:]}")
    s.stop()
    print("sizes that are wrong", flush=True)


def has_trouble(place):
    """A refusal that is the server's own trouble (Outlook, Yahoo): what the person did is not undone."""
    for k, words in enumerate((b"BAD User is authenticated but not connected.", b"NO [SERVERBUG] Server error - Please try again later",
                               b"NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)")):
        server = Fake(ALL)
        server.folders["Work"] = {}
        server.put("INBOX", message(1))
        s = Store(place, f"trouble{k}", server.port)
        s.sync()
        m = s.find("INBOX", "message 1")["id"]
        server.before = lambda srv, line: b"TAG " + words + b"\r\n" if line.startswith(("UID MOVE", "UID STORE")) else None
        s.drive("flag", m, "INBOX", f"+{SEEN}")
        s.drive("move", m, "INBOX", "Work")
        s.sync(code=None)
        check(s.drive("journal").strip() != "0" and not s.drive("failures").strip(), f"{words}: it waits: {s.drive('failures')}")
        check(subjects(s.list("Work")) == ["message 1"], f"{words}: shown as the person wants it")
        s.stop()
    print("a server in trouble", flush=True)


def keeps_to_limits(place):
    """A copy that is larger than the server takes, in general or in that folder (RFC 7889), is not offered to it."""
    for name, caps, more in (("for all", " APPENDLIMIT=100", ""), ("of a folder", " APPENDLIMIT", " APPENDLIMIT 100"),
                             ("none", " APPENDLIMIT", " APPENDLIMIT NIL"), ("untold", " APPENDLIMIT", None)):
        server = Fake(ALL + caps)
        server.before = lambda srv, line: (b"TAG NO what\r\n" if more is None else f'* STATUS "Sent" ({more[1:]})\r\nTAG OK\r\n'.encode()) \
            if "(APPENDLIMIT)" in line else None
        s = sending(place, name.replace(" ", ""), server)
        s.engine("send", 1)
        s.sync()
        s.sync()
        limited = "100" in caps + (more or "")
        check(any(c.startswith("APPEND ") for c in server.commands) != limited, f"{name}: {server.commands}")
        check(("too large for the server, which takes 100 bytes" in s.drive("failures")) == limited, f"{name}: {s.drive('failures')}")
        check(len(server.folders["Sent"]) == (0 if limited else 1), f"{name}: {server.folders['Sent']}")
        s.stop()
    print("limits of uploads", flush=True)


def tells_the_quota(place):
    """Of several roots the one that is nearest to its limit (RFC 9208)."""
    server = Fake(ALL + " QUOTA")
    server.before = lambda srv, line: (b'* QUOTAROOT INBOX a b c\r\n* QUOTA a (STORAGE 2048 10240)\r\n* QUOTA b (MESSAGE 5 6 STORAGE 9216 10240)'
                                       b'\r\n* QUOTA c ()\r\nTAG OK\r\n' if line.startswith("GETQUOTAROOT") else None)
    s = Store(place, "quota", server.port)
    s.sync()
    s.sync()  # it is asked for behind a pass
    out = subprocess.run([TMAIL, "--offline", "--profile", s.dir, "folders"], env=s.env, capture_output=True)
    check(b"INBOX  (9 of 10 MB used on the server)" in out.stdout, f"{out}\n{server.commands}")
    s.stop()
    print("quota", flush=True)


def main():
    only = os.environ.get("QUIRK")  # this one alone
    place = tempfile.mkdtemp(prefix="tmail-quirks-")
    try:
        for name, quirk in QUIRKS.items():
            if only in (None, name):
                lives_with(place, name, **quirk)
                print(name, flush=True)
        for step in (saves_what_is_sent, appends_without_plus, appends_what_was_moved, lies_about_appends, makes_what_it_needs, withholds,
                     says_wrong_sizes, has_trouble, keeps_to_limits, tells_the_quota):
            if only in (None, step.__name__):
                step(place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
