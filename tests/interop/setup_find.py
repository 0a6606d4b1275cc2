#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Finding the mail servers of an address: the table, SRV, autoconfig documents, the directory, guesses, who wins, and what hostile
ones can do."""
import json, os, shutil, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.join(os.environ.get("top_srcdir", os.getcwd()), "tests/interop"))
from setup_world import SYNC, World
from tm import Tmaild, check

D = "example.test"
AUTO, WELL = ("autoconfig." + D, "/mail/config-v1.1.xml"), (D, "/.well-known/autoconfig/mail/config-v1.1.xml")
DIRECTORY = "autoconfig.thunderbird.net"


def document(imap="imap." + D, smtp="smtp." + D, name="Example Mail", user="%EMAILADDRESS%"):
    return f"""<?xml version="1.0" encoding="UTF-8"?><clientConfig version="1.1"><emailProvider id="{D}"><domain>{D}</domain>
<displayName>{name}</displayName><incomingServer type="pop3"><hostname>pop.{D}</hostname><port>995</port><socketType>SSL</socketType>
<username>{user}</username></incomingServer><incomingServer type="imap"><hostname>{imap}</hostname><port>993</port>
<socketType>SSL</socketType><username>{user}</username><authentication>password-cleartext</authentication></incomingServer>
<outgoingServer type="smtp"><hostname>{smtp}</hostname><port>587</port><socketType>STARTTLS</socketType><username>{user}</username>
</outgoingServer></emailProvider></clientConfig>""".encode()


def found(said):
    lines = [s for s in said if s["say"] == "found"]
    check(len(lines) == 1 and not said[-1].get("code"), f"found nothing: {said}")
    return lines[0]


def brief(servers):
    return [f"{s['protocol']} {s['host']}:{s['port']} {s['tls']} {s['user']}" for s in servers]


def is_found(world, source, receive, send, answers=(), address="jane@" + D, **more):
    f = found(world.probe({"probe": "find", "address": address, **more}, answers))
    check(f["source"] == source, f"by {f['source']}, not {source}")
    check(brief(f["receive"]) == receive and brief(f["send"]) == send, f"{source}: {f}")
    return f


def nothing(world, code, address="jane@" + D, **more):
    end = world.probe({"probe": "find", "address": address, **more})[-1]
    check(end.get("code") == code, f"{address}: {end}")


def the_table(world):
    f = is_found(world, "table", ["imap imap.gmail.com:993 direct jane@gmail.com", "pop3 pop.gmail.com:995 direct jane@gmail.com"],
                 ["smtp smtp.gmail.com:465 direct jane@gmail.com"], address="jane@GMail.com".lower())
    check(f["provider"] == "Gmail" and f["oauth"] == "google" and f["sign-in"] == "oauth-or-app" and "hint" in f, f"{f}")
    check(not world.dns.asked and not world.web.asked, "a big provider was looked up")
    is_found(world, "table", ["imap imap.mail.me.com:993 direct jane"], ["smtp smtp.mail.me.com:587 starttls jane@me.com"], address="jane@me.com")
    world.dns.records[D] = {"MX": [(10, "aspmx.l.google.com"), (20, "mx." + D)]}
    world.web.documents[AUTO] = document()
    f = is_found(world, "mx", [f"imap imap.gmail.com:993 direct jane@{D}", f"pop3 pop.gmail.com:995 direct jane@{D}"],
                 [f"smtp smtp.gmail.com:465 direct jane@{D}"])


def srv_wins_and_outside_is_asked(world):
    world.dns.records = {
        D: {"MX": [(10, "mx." + D)]},
        "_imaps._tcp." + D: {"SRV": [(10, 0, 993, "b." + D), (0, 0, 993, "a." + D)]},
        "_imap._tcp." + D: {"SRV": [(0, 0, 143, "a." + D)]},
        "_pop3s._tcp." + D: {"SRV": [(0, 0, 0, "")]},
        "_submissions._tcp." + D: {"SRV": [(0, 0, 0, "")]},
        "_submission._tcp." + D: {"SRV": [(0, 0, 587, "a." + D)]},
    }
    world.web.documents[AUTO] = document()
    receive = [f"imap {h}.{D}:{port} {tls} jane@{D}" for h, port, tls in (("a", 993, "direct"), ("b", 993, "direct"), ("a", 143, "starttls"))]
    is_found(world, "srv", receive, [f"smtp a.{D}:587 starttls jane@{D}"])
    world.dns.records["_imaps._tcp." + D] = {"SRV": [(0, 0, 993, "imap.elsewhere.test")]}
    del world.dns.records["_imap._tcp." + D]
    is_found(world, "srv", [f"imap imap.elsewhere.test:993 direct jane@{D}"], [f"smtp a.{D}:587 starttls jane@{D}"], ["yes"])
    is_found(world, "autoconfig", [f"imap imap.{D}:993 direct jane@{D}", f"pop3 pop.{D}:995 direct jane@{D}"],
             [f"smtp smtp.{D}:587 starttls jane@{D}"], [""])
    # Half of it by SRV and nothing else: the other half is missing, and is not made up.
    world.web.documents.clear()
    del world.dns.records["_submission._tcp." + D]
    is_found(world, "srv", [f"imap imap.elsewhere.test:993 direct jane@{D}"], [], ["yes"])


def documents(world):
    both = [f"imap imap.{D}:993 direct jane@{D}", f"pop3 pop.{D}:995 direct jane@{D}"]
    send = [f"smtp smtp.{D}:587 starttls jane@{D}"]
    world.web.documents[AUTO] = document()
    world.web.documents[WELL] = document(imap="second." + D)
    f = is_found(world, "autoconfig", both, send)
    check(f["provider"] == "Example Mail", f"{f}")
    check((*AUTO, f"emailaddress=jane%40{D}") in world.web.asked, f"{world.web.asked}")
    check(all("jane" not in query for host, _, query in world.web.asked if host != AUTO[0]), "more is told than the domain")
    del world.web.documents[AUTO]
    is_found(world, "well-known", [both[0].replace("imap.", "second."), both[1]], send)
    del world.web.documents[WELL]
    world.web.documents[(DIRECTORY, "/v1.1/" + D)] = document(user="%EMAILLOCALPART%")
    is_found(world, "directory", [s.replace("jane@" + D, "jane") for s in both], [s.replace("jane@" + D, "jane") for s in send])
    world.web.asked.clear()
    nothing(world, 13, directory=False)
    check(all(host != DIRECTORY for host, _, _ in world.web.asked), "the directory was asked though it must not be")
    world.web.documents = {(DIRECTORY, "/v1.1/hoster.test"): document(imap="imap.hoster.test")}
    world.dns.records[D] = {"MX": [(10, "mx1.mail.hoster.test")]}
    is_found(world, "directory-mx", [both[0].replace("imap." + D, "imap.hoster.test"), both[1]], send, ["yes"])
    world.web.documents = {(D, WELL[1]): document(imap="imap.%EMAILDOMAIN%")}
    is_found(world, "well-known", both, send)


def hostile_documents(world):
    laughs = b"<!DOCTYPE c [<!ENTITY a0 \"ha\">" + b"".join(b'<!ENTITY a%d "%s">' % (i, b"&a%d;" % (i - 1) * 10) for i in range(1, 30)) + b"]>"
    elsewhere = lambda url: (302, {"Location": url}, b"")
    for what, answer in {
            "billion laughs": laughs + document().split(b"?>", 1)[1].replace(b"Example Mail", b"&a29;"),
            "a file": b'<!DOCTYPE c [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + document().split(b"?>", 1)[1],
            "too long": document() + b" " * (300 << 10),
            "endless nesting": b"<clientConfig>" * 10000,
            "an error": (500, {}, document()),
            "no document": b"<html><body>Welcome!</body></html>",
            "half a document": document()[:-40],
            "http": elsewhere(f"http://{D}/config.xml"),
            "a file again": elsewhere("file:///etc/passwd"),
            "a circle": elsewhere(f"https://{AUTO[0]}{AUTO[1]}"),
            "names that are none": document(imap="a b", smtp="-x;y"),
            "a line break": document(imap="imap.example.test&#10;x", smtp="&#0;"),
            "in the clear": document().replace(b"SSL", b"plain").replace(b"STARTTLS", b"plain")}.items():
        world.web.documents = {AUTO: answer}
        end = world.probe({"probe": "find", "address": "jane@" + D})
        check(end[-1].get("code") == 13 or not [s for s in end if s["say"] == "found" and s["receive"] and s["send"]], f"{what}: {end}")
    world.web.documents = {AUTO: elsewhere(f"https://{D}/moved.xml"), (D, "/moved.xml"): document()}
    is_found(world, "autoconfig", [f"imap imap.{D}:993 direct jane@{D}", f"pop3 pop.{D}:995 direct jane@{D}"],
             [f"smtp smtp.{D}:587 starttls jane@{D}"])
    # A server whose certificate is for others is not listened to.
    world.web.documents = {(f"autoconfig.other.test", AUTO[1]): document()}
    nothing(world, 13, address="jane@other.test")


def guesses(world, server):
    world.route("mail." + D, 993, server.ports["imaps"])
    world.route("mail." + D, 465, server.ports["submissions"])
    world.route("smtp." + D, 465, server.ports["imaps"])  # answers, but not as SMTP does
    is_found(world, "guess", [f"imap mail.{D}:993 direct jane@{D}"], [f"smtp mail.{D}:465 direct jane@{D}"])
    world.routes.clear()
    for port in (993, 465):
        world.route("mail.other.test", port, server.ports["imaps" if port == 993 else "submissions"])
    nothing(world, 13, address="jane@other.test")  # the certificate is for others
    world.routes.clear()


def no_addresses(world):
    for address in ("", "jane", "jane@", "@" + D, "jane@ex ample", "jane@a..b", "a\nb@" + D, "Jane <jane@example.test>", "x" * 400 + "@" + D,
                    "jane@" + "a." * 200 + "b"):
        nothing(world, 14, address=address)


def silence_ends(world):
    """Servers that say nothing: all is over when the five seconds are."""
    world.dns.records = {D: "silent", "_imaps._tcp." + D: "silent"}
    begun = time.monotonic()
    nothing(world, 13)
    check(time.monotonic() - begun < 20, "no end")
    world.dns.records = {}


def no_network():
    """Told, where the system lets us take the network away."""
    alone = ["unshare", "-Urn"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode != 0:
        return
    p = subprocess.Popen([*alone, SYNC, "--probe"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdin.write(json.dumps({"probe": "find", "address": "jane@" + D, "directory": False}).encode() + b"\n")
    p.stdin.flush()
    said = [json.loads(line) for line in p.stdout]
    p.stdin.close()
    check(p.wait(60) == 0 and said[-1]["code"] == 13 and "connected to no network" in said[-1]["text"], f"{said}")


def main():
    place = tempfile.mkdtemp(prefix="tmail-find.")
    world = World(place, D, "*." + D, DIRECTORY)
    server = Tmaild(os.path.join(place, "tmaild"), "--domain", D, "--accept-any", "--tls-cert", f"{place}/server.pem",
                    "--tls-key", f"{place}/server.key", tls=True)
    try:
        no_network()
        for test in (the_table, srv_wins_and_outside_is_asked, documents, hostile_documents, no_addresses, silence_ends):
            test(world)
            world.dns.records, world.web.documents = {}, {}
            world.dns.asked.clear()
            world.web.asked.clear()
        guesses(world, server)
    finally:
        server.stop()
        world.close()
        shutil.rmtree(place, ignore_errors=True)


main()
