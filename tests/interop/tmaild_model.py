#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several clients and another program on two mailboxes of tmaild, in random order: whatever they do, the numbers in what a client is
told are those of its own messages, nothing is expunged where it must not be told, and all end up with the same.
tmaild_model.py [SEED [STEPS]]"""
import fcntl
import os
import random
import re
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tm
from rawimap import Raw, fetches, number, numbers

FOLDERS = [b'INBOX', b'other']
FLAGS = [b'\\Seen', b'\\Flagged', b'\\Answered', b'\\Deleted', b'\\Draft', b'$one', b'two']
KINDS = ('plain', 'condstore', 'qresync')


class Client:
    """What a client knows: messages as [uid, flags], None for what it was not told yet."""

    def __init__(self, port, kind, folder, cache):
        self.kind, self.cache, self.raw = kind, cache, Raw(port)
        if kind == 'qresync':
            self.raw.ok(b'ENABLE QRESYNC')
        self.select(folder)

    # ---- what the server tells ----

    def take(self, lines, numbers_stay=False, asked=False):
        """asked: some of the FETCH lines answer a FETCH, and have what that wanted."""
        for line in lines:
            if hit := re.match(rb'(\d+) EXISTS$', line):
                n = int(hit.group(1))
                assert n >= len(self.seen), (line, self.seen)
                self.seen += [[None, None] for _ in range(n - len(self.seen))]
            elif hit := re.match(rb'(\d+) EXPUNGE$', line):
                assert not numbers_stay and self.kind != 'qresync', line
                assert 1 <= int(hit.group(1)) <= len(self.seen), (line, self.seen)
                del self.seen[int(hit.group(1)) - 1]
            elif hit := re.match(rb'VANISHED ([\d:,]+)$', line):
                assert not numbers_stay and self.kind == 'qresync', line
                for uid in numbers(hit.group(1)):
                    # One that was announced within this same command has no UID here yet.
                    at = [k for k, m in enumerate(self.seen) if m[0] in (uid, None)]
                    assert at and (self.seen[at[0]][0] == uid or uid > max([m[0] or 0 for m in self.seen])), (line, self.seen)
                    del self.seen[at[0]]
            elif re.match(rb'\d+ FETCH ', line):
                for uid, (n, flags, modseq) in fetches([line]).items():
                    self.fetched(n, uid, flags)
                    assert modseq is not None or self.kind == 'plain' or asked, line

    def fetched(self, n, uid, flags):
        assert 1 <= n <= len(self.seen), (n, self.seen)
        assert self.seen[n - 1][0] in (None, uid), (n, uid, self.seen)
        above, below = self.seen[n - 2][0] if n > 1 else None, self.seen[n][0] if n < len(self.seen) else None
        assert (above is None or above < uid) and (below is None or uid < below), (n, uid, self.seen)
        self.seen[n - 1][0] = uid
        if flags is not None:
            self.seen[n - 1][1] = flags

    def cmd(self, command, numbers_stay=False, may_fail=False):
        lines, tagged = self.raw.cmd(command)
        self.take(lines, numbers_stay, b'FETCH' in command)
        assert tagged.startswith(b'OK') or may_fail and tagged.startswith(b'NO'), (command, lines, tagged)
        self.learn()
        return lines, tagged

    def learn(self):
        """A client with numbers in hand asks at once for what it does not know of them."""
        unknown = [k + 1 for k, m in enumerate(self.seen) if m[0] is None]
        if unknown:
            lines, tagged = self.raw.cmd(b'FETCH %d:%d (UID FLAGS)' % (unknown[0], len(self.seen)))
            assert tagged[:2] in (b'OK', b'NO'), tagged
            self.take(lines, True, True)

    # ---- what it does ----

    def select(self, folder):
        self.folder, self.seen = folder, []
        known = self.cache.get(folder)
        parameters = b' (CONDSTORE)' if self.kind == 'condstore' else b''
        if self.kind == 'qresync' and known:
            parameters = b' (QRESYNC (%d %d))' % known[:2]
        lines, _ = self.raw.ok(b'SELECT %s%s' % (folder, parameters))
        validity, top = number(lines, rb'UIDVALIDITY'), number(lines, rb'HIGHESTMODSEQ')
        assert known is None or top >= known[1] or validity != known[0], (known, lines)
        self.take([x for x in lines if not x.startswith(b'VANISHED (EARLIER)')])
        if known and self.kind == 'qresync' and validity == known[0]:
            self.resynced(dict(known[2]), lines)
        lines, _ = self.raw.ok(b'FETCH 1:* (UID FLAGS)') if self.seen else ([], None)
        self.take(lines, True, True)
        self.validity = validity

    def resynced(self, messages, lines):
        """What it remembered, with the changes it was told: the same as all of it read anew."""
        for line in lines:
            if line.startswith(b'VANISHED (EARLIER) '):
                for uid in numbers(line.split()[2]):
                    messages.pop(uid, None)
        for uid, (_, flags, _) in fetches(lines).items():
            messages[uid] = flags
        got, _ = self.raw.ok(b'FETCH 1:* (UID FLAGS)') if self.seen else ([], None)
        self.take(got, True, True)
        assert messages == {uid: flags for uid, flags in self.seen}, (messages, self.seen, lines)

    def sync(self):
        """All that may be told is told."""
        self.cmd(b'NOOP')
        self.cmd(b'NOOP')
        if self.kind == 'qresync':
            top = number(self.raw.ok(b'STATUS %s (HIGHESTMODSEQ)' % self.folder)[0], rb'HIGHESTMODSEQ')
            self.cmd(b'NOOP')
            self.cache[self.folder] = (self.validity, top, {uid: set(flags) for uid, flags in self.seen})

    def has_some(self):
        return any(uid is not None for uid, _ in self.seen)

    def some(self, dice):
        """A set of message numbers, and the same as UIDs. What went before it was looked at has none."""
        known = [k for k, m in enumerate(self.seen) if m[0] is not None]
        chosen = sorted(dice.sample(known, min(len(known), dice.choice((1, 1, 2, 5)))))
        return chosen, b','.join(b'%d' % (k + 1) for k in chosen), b','.join(b'%d' % self.seen[k][0] for k in chosen)


class World:
    def __init__(self, root, dice):
        self.dice = dice
        self.server = tm.Tmaild(root, '--domain', 'x.org', '--user', 'xxx:pw')
        self.clients = []
        witness = Raw(self.server.ports['imap'])
        witness.ok(b'CREATE other')
        witness.close()
        self.connect()

    def connect(self):
        caches = [c.cache for c in self.clients] or [{} for _ in KINDS]
        self.clients = [Client(self.server.ports['imap'], kind, self.dice.choice(FOLDERS), cache)
                        for kind, cache in zip(KINDS, caches)]

    def truth(self, folder):
        w = Raw(self.server.ports['imap'])
        n = next(int(x.split()[0]) for x in w.ok(b'EXAMINE ' + folder)[0] if x.endswith(b' EXISTS'))
        got = fetches(w.ok(b'FETCH 1:* (UID FLAGS)')[0]) if n else {}
        w.close()
        assert len(got) == n
        return sorted((uid, flags) for uid, (_, flags, _) in got.items())

    def check(self, clients):
        for c in clients:
            c.sync()
            assert self.truth(c.folder) == [(uid, flags) for uid, flags in c.seen], (c.kind, self.truth(c.folder), c.seen)

    # ---- one step each ----

    def append(self, c):
        text = b'Subject: %d\r\n\r\n%s' % (self.dice.randrange(1 << 30), b'x\r\n' * self.dice.choice((1, 20, 3000)))
        flags = b' '.join(self.dice.sample(FLAGS, self.dice.randrange(3)))
        c.cmd(b'APPEND %s (%s) {%d+}\r\n%s' % (self.dice.choice(FOLDERS), flags, len(text), text))

    def store(self, c):
        if not c.has_some():
            return
        rows, by_number, by_uid = c.some(self.dice)
        mode, flags = self.dice.choice((b'+', b'-', b'')), self.dice.sample(FLAGS, self.dice.randrange(1, 3))
        silent, uid = self.dice.random() < .3, self.dice.random() < .5
        kept = [c.seen[k] for k in rows]
        c.raw.send(b'%sSTORE %s %sFLAGS%s (%s)' % (b'UID ' if uid else b'', by_uid if uid else by_number, mode,
                                                    b'.SILENT' if silent else b'', b' '.join(flags)))
        lines, tagged = c.raw.answer()
        assert tagged[:2] in (b'OK', b'NO'), (lines, tagged)
        # What others did is told in front of our own change, of which a silent client knows itself.
        c.take(lines, not uid)
        for m in kept if silent else ():
            m[1] = {b'+': m[1] | set(flags), b'-': m[1] - set(flags), b'': set(flags)}[mode]
        c.learn()

    def expunge(self, c):
        if self.dice.random() < .5 or not c.has_some():
            c.cmd(b'EXPUNGE')
        else:
            c.cmd(b'UID EXPUNGE ' + c.some(self.dice)[2])

    def copy(self, c):
        if c.has_some() and len(c.seen) < 60:
            _, by_number, by_uid = c.some(self.dice)
            what = self.dice.choice((b'COPY', b'MOVE'))
            uid = self.dice.random() < .5
            c.cmd(b'%s%s %s %s' % (b'UID ' if uid else b'', what, by_uid if uid else by_number, self.dice.choice(FOLDERS)),
                  numbers_stay=False, may_fail=True)

    def fetch(self, c):
        if c.has_some():
            _, by_number, by_uid = c.some(self.dice)
            uid = self.dice.random() < .5
            items = self.dice.choice((b'(UID FLAGS)', b'(UID BODY[])', b'(UID RFC822.SIZE)'))
            c.cmd(b'%sFETCH %s %s' % (b'UID ' if uid else b'', by_uid if uid else by_number, items), not uid, True)

    def search(self, c):
        c.cmd(b'SEARCH DELETED', True)

    def noop(self, c):
        c.cmd(self.dice.choice((b'NOOP', b'CHECK')))

    def idle(self, c):
        c.raw.send(b'IDLE')
        while not (line := c.raw.line()).startswith(b'+'):
            c.take([line[2:]])
        other = self.dice.choice([x for x in self.clients if x is not c])
        self.dice.choice((self.append, self.store, self.expunge))(other)
        c.raw.s.sendall(b'DONE\r\n')
        c.take(c.raw.answer()[0])
        c.learn()

    def select(self, c):
        c.sync()
        if self.dice.random() < .3:
            c.raw.ok(self.dice.choice((b'UNSELECT', b'CLOSE')))
        c.select(self.dice.choice(FOLDERS))

    def together(self, c):
        """Both at once: in which order the server takes them is its own affair."""
        other = self.dice.choice([x for x in self.clients if x is not c])
        for x in (c, other):
            n = len(x.seen)
            x.raw.send(self.dice.choice([b'EXPUNGE', b'NOOP', b'APPEND %s () {3+}\r\nabc' % x.folder] +
                                        ([b'UID STORE %d +FLAGS (\\Deleted)' % (x.seen[-1][0] or 1), b'COPY 1:%d other' % n] if 0 < n < 60 else [])))
        for x in (c, other):
            lines, tagged = x.raw.answer()
            assert tagged[:2] in (b'OK', b'NO'), tagged
            x.take(lines)
            x.learn()

    def other_program(self, c):
        """Appends as mail programs do: under the lock of the file that has the name."""
        folder = os.path.join(self.server.root, 'mail.root', 'mail', 'xxx')
        names = [n for n in os.listdir(folder) if not n.startswith('.') and not n.endswith('.lock') and
                 os.path.isfile(os.path.join(folder, n))]
        path = os.path.join(folder, self.dice.choice(names))
        while True:
            with open(path, 'r+b') as f:
                fcntl.lockf(f, fcntl.LOCK_EX)
                if os.fstat(f.fileno()).st_ino != os.stat(path).st_ino:
                    continue
                f.seek(0, 2)
                f.write(b'From a@b Thu Jan  1 00:00:00 1970\nSubject: other\nStatus: %s\n\nprogram\n\n' % self.dice.choice((b'RO', b'O')))
                return

    def restart(self, c):
        how = self.dice.choice((signal.SIGTERM, signal.SIGKILL))
        for x in self.clients:
            x.raw.close()
        self.server.stop(how)
        self.server.start()
        self.connect()

    def run(self, steps):
        often = [self.append] * 3 + [self.store] * 6 + [self.expunge] * 3 + [self.copy] * 2 + [self.fetch] * 3 + \
                [self.search, self.noop, self.noop, self.idle, self.idle, self.together, self.together, self.select, self.select,
                 self.other_program]
        for self.step in range(steps):
            c = self.dice.choice(self.clients)
            self.what = self.restart if self.dice.random() < .01 else self.dice.choice(often)
            self.what(c)
            if self.dice.random() < .1:
                self.check([self.dice.choice(self.clients)])
        self.check(self.clients)


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else tm.SEED
    steps = int(sys.argv[2]) if len(sys.argv) > 2 else max(50, round(400 * tm.EFFORT))
    for k in range(3):
        with tempfile.TemporaryDirectory() as root:
            world = World(root, random.Random(seed + k))
            try:
                world.run(steps)
            except BaseException:
                print('seed', seed + k, 'step', getattr(world, 'step', None), getattr(getattr(world, 'what', None), '__name__', None))
                raise
            finally:
                world.server.stop()
    print('ok', seed)


main()
