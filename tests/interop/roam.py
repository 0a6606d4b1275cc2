#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A laptop that moves: two network namespaces with a cable between them. While the engine waits for news its address goes, mail comes
in, another address comes: the mail is here without anybody asking, long before a timeout or the next pass. Then a pause after failures
that has lost its reason. Skipped where no namespaces can be made."""
import os, subprocess, sys, time
from tm import WAIT_S, Place, check, fail

SERVER, FIRST, SECOND = "10.231.7.1", "10.231.7.2", "10.231.7.3"
SEND = """import smtplib, sys
s = smtplib.SMTP(sys.argv[1], int(sys.argv[2]))
s.sendmail("sam@example.org", ["jane@example.org"], "Subject: " + sys.argv[3] + "\\r\\n\\r\\nHi\\r\\n")
s.quit()"""


def sh(line):
    subprocess.run(line.split(), check=True)


def ip_addr(verb, address):
    sh(f"ip addr {verb} {address}/24 dev here")


class Far:
    """The other end of the cable: a process that holds its namespace."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo up; read x"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-n"]
        sh("ip link set lo up")
        sh(f"ip link add here type veth peer name there netns {self.holder.pid}")
        for line in ("ip link set lo up", f"ip addr add {SERVER}/24 dev there", "ip link set there up"):
            subprocess.run([*self.enter, *line.split()], check=True)
        sh("ip link set here up")

    def end(self):
        self.holder.communicate()


def wait_for(what, claim):
    deadline = time.monotonic() + 2 * WAIT_S
    while not claim():
        if time.monotonic() > deadline:
            fail(what)
        time.sleep(0.02)


def subjects(profile):
    return [m["subject"] for m in profile.json("--offline", "list", "-f", "INBOX", code=None)]


def run(place, far):
    wrapper = os.path.join(place.path, "tmaild-there")
    import tm
    with open(wrapper, "w") as f:
        f.write("#!/bin/sh\nexec " + " ".join(far.enter) + f" '{tm.TMAILD}' \"$@\"\n")
    os.chmod(wrapper, 0o700)
    tm.TMAILD = wrapper
    server = place.tmaild("--listen", SERVER, "--user", "jane:pw", "--domain", "example.org", "--trace", tls=True)
    deliver = lambda subject: subprocess.run(
        [*far.enter, sys.executable, "-c", SEND, SERVER, str(server.ports["smtp"]), subject], check=True)
    profile = place.profile(f'[tmail]\n[account work]\naddress = "jane@example.org"\ntls-ca = "{server.root}/mail.root/tls/ca.pem"\n'
                            f'receive = "imaps://jane@{SERVER}:{server.ports["imaps"]}"\n'
                            f'send = "smtps://jane@{SERVER}:{server.ports["submissions"]}"\npassword = "pw"\n')
    trace = lambda: open(os.path.join(server.root, "tmaild.log"), errors="replace").read()
    ip_addr("add", FIRST)
    watch = subprocess.Popen([tm.TMAIL, "--profile", profile.path, "sync", "--watch"], env=profile.env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for("nobody IDLEs", lambda: "IDLE\n" in trace() or " IDLE" in trace())
        deliver("before")
        wait_for("no push at all", lambda: "before" in subjects(profile))
        # the address goes while all connections rest; what comes then is here soon after another has come
        ip_addr("del", FIRST)
        deliver("meanwhile")
        wait_for("the move was not noticed", lambda: "went with the network" in profile.log() or "watching:" in profile.log())
        ip_addr("add", SECOND)
        wait_for("mail did not follow to the new address", lambda: "meanwhile" in subjects(profile))
        # long enough without a network for pauses to have grown: the way back ends them
        ip_addr("del", SECOND)
        wait_for("failures were not noticed", lambda: profile.log().count("cannot connect") >= 2)
        deliver("at last")
        ip_addr("add", FIRST)
        began = time.monotonic()
        wait_for("mail did not come after the pause", lambda: "at last" in subjects(profile))
        log = profile.log()
        check("the network changed" in log, "the engine heard nothing of the network")
        print(f"# mail {time.monotonic() - began:.2f} s after the network came back")
    except SystemExit:
        print(profile.log(), trace()[-3000:])
        raise
    finally:
        watch.terminate()
        watch.wait(WAIT_S)


def main():
    if len(sys.argv) == 1:  # once more, in a namespace of our own
        for unshare in (["unshare", "-n"], ["unshare", "-rn"]):
            if subprocess.run([*unshare, "sh", "-c",
                               "ip link set lo up && ip link add here type veth peer name there && unshare -n true"],
                              capture_output=True).returncode == 0:
                os.execvp(unshare[0], [*unshare, sys.executable, os.path.abspath(__file__), "within"])
        print("no network namespaces here")
        sys.exit(77)
    with Place() as place:
        far = Far()
        try:
            run(place, far)
        finally:
            far.end()


main()
