# SPDX-License-Identifier: MIT
"""Two persons with a store and an engine each, another program, and a network that comes and goes do random things to one account.
After each round the stores, the server and a naive model of them are equal: which messages lie where, how often, with which flags
and bytes. The model knows no uid and no state of an operation: it has the server's messages and what each person did offline.
Usage: model.py [-k KIND] [-r ROUNDS] [SEED]   what failed is printed with its seed, made shorter, and written to a file
       model.py -k KIND -a FILE                plays that again
KIND: tmaild, cut (connections break), dovecot; a Dovecot that hides what it can: condstore (QRESYNC is hidden), flags (CONDSTORE too),
plain (all beyond IMAP4rev1); one that is reached in another way: deflate, tls, starttls. A check has tmaild, cut, dovecot and plain."""
import argparse, json, os, random, sys, tempfile, time, traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import world
from world import Wrong, need
from tm import EFFORT, SEED

FLAG, MOVE, COPY, EXPUNGE, APPEND = range(5)
SEEN, ANSWERED, FLAGGED, DELETED, DRAFT = 1, 2, 4, 8, 16
PER_ROUND, ROUNDS_IN_WORLD, MAILS = 50, 20, 25


class Mail:
    """One message in one folder of the server."""

    def __init__(self, folder, key, flags):
        self.folder, self.key, self.flags, self.uid, self.gone, self.maybe = folder, key, flags, None, False, False

    def __repr__(self):
        return f"{self.folder}/{self.uid}:{self.key}:{self.flags}{'(gone)' if self.gone else ''}"


class Row:
    """One message in one folder as a person sees it; mail: what it is on the server, None until that has it."""

    def __init__(self, folder, number, key, flags, mail=None):
        self.folder, self.id, self.key, self.flags, self.mail, self.base = folder, number, key, flags, mail, flags


class Op:
    def __init__(self, kind, row, to=None, add=0, remove=0):
        self.kind, self.row, self.to, self.add, self.remove, self.base = kind, row, to, add, remove, row.flags
        self.target = None


class ModelServer:
    def __init__(self, uidplus):
        self.folders, self.uidplus, self.marked, self.blurred = {"INBOX": []}, uidplus, False, {}

    def put(self, folder, key, flags):
        mail = Mail(folder, key, flags)
        self.folders.setdefault(folder, []).append(mail)
        return mail

    def take(self, mail):
        """Without UIDPLUS, EXPUNGE takes all that are marked: where others have marked some it may have to be left out."""
        mail.flags |= DELETED
        if self.marked:
            mail.maybe = True
        else:
            self.drop(mail)

    def drop(self, mail):
        self.folders[mail.folder].remove(mail)
        mail.gone = True

    def blur_on(self, mail, op):
        """It may be the other one that goes on, and none that stays."""
        if mail.uid is None and (mail.folder, mail.key) in self.blurred:
            self.blurred.setdefault((op.target, mail.key), 1)
            if op.kind == MOVE:
                self.blurred[mail.folder, mail.key] = 0

    def begin(self):
        self.marked = not self.uidplus and any(m.flags & DELETED for m in self.all())

    def all(self):
        return [m for name in sorted(self.folders) for m in self.folders[name]]


class ModelPerson:
    """rows: what is seen, by (folder, id). ops: what the server does not know yet. steps: what can be undone."""

    def __init__(self):
        self.rows, self.ops, self.steps, self.known, self.broken = {}, [], [], {}, False

    # ---- what a person does: doc/journal.md, "What an operation does at once"; each returns its effect or None

    def shown(self, row):
        return self.rows.get((row.folder, row.id)) is row

    def see(self, row):
        self.rows[row.folder, row.id] = row

    def flag(self, row, add, remove):
        add, remove = add, remove & ~add
        effect = (FLAG, row.id, row.folder, None, add & ~row.flags, remove & row.flags)
        if not effect[4] and not effect[5]:
            return None
        last = [o for o in self.ops if o.row.id == row.id][-1:]
        if last and last[0].kind == FLAG and last[0].row is row:
            op = last[0]
            op.add, op.remove = (op.add & ~remove | add) & ~op.base, (op.remove & ~add | remove) & op.base
            if not op.add and not op.remove:
                self.ops.remove(op)
        else:
            self.ops.append(Op(FLAG, row, None, add & ~row.flags, remove & row.flags))
        row.flags = row.flags & ~remove | add
        return effect

    def taken_back(self, row, target):
        """The move that a move from row to target takes back."""
        last = [o for o in self.ops if o.row.id == row.id and o.kind != FLAG][-1:]
        if last and last[0].kind == MOVE and last[0].row.folder == target and last[0].target == row.folder:
            return last[0]
        return None

    def move(self, row, target):
        if row.folder == target:
            return None
        effect = (MOVE, row.id, row.folder, target, 0, 0)
        back = self.taken_back(row, target)
        if back is not None:
            self.ops.remove(back)
            if back.to is not None:
                for o in self.ops:
                    if o.row is back.to:
                        o.row = back.row
                        back.row.flags = back.row.flags & ~o.remove | o.add
                del self.rows[row.folder, row.id]
            self.see(back.row)
            return effect
        op = Op(MOVE, row, self.arrive(row, target))
        op.target = target
        self.ops.append(op)
        del self.rows[row.folder, row.id]
        return effect

    def arrive(self, row, target):
        if (target, row.id) in self.rows:
            return None
        self.see(Row(target, row.id, row.key, row.flags))
        return self.rows[target, row.id]

    def copy(self, row, target):
        if (target, row.id) in self.rows:
            return None
        op = Op(COPY, row, self.arrive(row, target))
        op.target = target
        self.ops.append(op)
        return (COPY, row.id, row.folder, target, 0, 0)

    def expunge(self, row):
        self.ops.append(Op(EXPUNGE, row))
        del self.rows[row.folder, row.id]
        return (EXPUNGE, row.id, row.folder, None, 0, 0)

    def append(self, folder, number, key, flags):
        row = Row(folder, number, key, flags)
        self.see(row)
        op = Op(APPEND, row, row)
        op.target = folder
        self.ops.append(op)

    def step(self, effects):
        effects = [e for e in effects if e is not None]
        if effects:
            self.steps = (self.steps + [effects])[-100:]

    def undo(self):
        """Where the cursor goes: folder and number of what was undone last."""
        while self.steps:
            undone = [(e[2], e[1]) for e in reversed(self.steps.pop()) if self.inverse(*e)]
            if undone:
                return undone[-1]
        return None

    def open_op(self, kind, number, folder, target):
        return ([o for o in self.ops if o.kind == kind and o.row.id == number and o.row.folder == folder and
                 (target is None or o.target == target)] or [None])[-1]

    def inverse(self, kind, number, folder, target, add, remove):
        row = self.rows.get((folder if kind == FLAG else target, number))
        op = self.open_op(kind, number, folder, target)
        if kind == EXPUNGE and op is not None:
            self.ops.remove(op)
            self.see(op.row)
            return True
        if kind == COPY and op is not None:
            self.ops = [o for o in self.ops if o is not op and o.row is not op.to]
            self.rows.pop((target, number), None)
            return True
        if row is None or kind == EXPUNGE:
            return False
        return {FLAG: lambda: self.flag(row, remove, add), MOVE: lambda: self.move(row, folder),
                COPY: lambda: self.expunge(row)}[kind]() is not None

    # ---- when the server hears of it

    def bring(self, server, op):
        """What is no longer where it was taken from is brought to its target from here, unless it came there meanwhile. Where
        others equal to it are on their way there too, one that comes first may be taken for it."""
        there = [m for m in server.folders.get(op.target, []) if m.key == op.row.key and
                 self.known.get(m, op.row.id) == op.row.id]
        if any(o is not op and o.target == op.target and o.row.key == op.row.key for o in self.ops):
            server.blurred.setdefault((op.target, op.row.key), 1)
            there = [m for m in there if m.uid is not None]
        return there[-1] if there else server.put(op.target, op.row.key, op.base)

    def push(self, server):
        server.begin()
        self.pushed = [f"{o.kind} {o.row.id}={o.row.key} {o.row.folder}>{o.target} +{o.add}-{o.remove} {o.row.mail}" for o in self.ops]
        for op in self.ops:
            mail = op.row.mail
            there = mail is not None and not mail.gone
            new = None
            if op.kind == FLAG and there:
                mail.flags = mail.flags & ~op.remove | op.add
            elif op.kind == EXPUNGE and there:
                server.take(mail)
            elif op.kind in (MOVE, COPY) and there:
                # Repeated after a break of the link: one that lies there already may be taken for this one.
                maybe = self.broken and any(m.key == mail.key for m in server.folders.get(op.target, []))
                new = server.put(op.target, mail.key, mail.flags)
                new.maybe = maybe
                server.blur_on(mail, op)
                if op.kind == MOVE:
                    server.take(mail)
            elif op.kind in (MOVE, COPY, APPEND):
                new = self.bring(server, op)
            if new is not None:
                if op.to is not None:
                    self.known.setdefault(new, op.row.id)
                    op.to.mail = new
        self.ops = []

    def pull(self, numbers):
        """numbers: mail -> its id in the store."""
        self.known = dict(numbers)
        self.rows = {(m.folder, number): Row(m.folder, number, m.key, m.flags, m) for m, number in numbers.items()}


class Round:
    """One world, and the model beside it."""

    def __init__(self, w, log):
        self.w, self.log = w, log
        self.server = ModelServer(w.kind != "plain")
        self.equals = w.kind not in ("cut", "plain")  # persons touch equal messages too
        self.persons = [ModelPerson(), ModelPerson()]
        self.online, self.stale, self.dirty = [True, True], [True, True], [False, False]
        self.made, self.cuts = 0, random.Random(len(w.persons))
        for name in ("Work", "Lists"):
            self.w.server.imap.run(f"CREATE {name}")
            self.server.folders[name] = []
        self.server.folders.update({name: [] for name in self.w.server.folders()})
        for _ in range(6):
            self.deliver()
        for i in (0, 1):
            self.sync(i)

    # ---- comparing

    def settle_server(self):
        """The model's server and the real one are equal; learns the uids."""
        real = self.w.server.folders()
        self.settle_blurred(real)
        for folder in sorted(set(real) | set(self.server.folders)):
            rows, mails = dict(real.get(folder, {})), self.server.folders.get(folder, [])
            for m in sorted(mails, key=lambda m: (m.uid is None, m.maybe)):
                maybe, m.maybe = m.maybe, False
                if m.uid is None:
                    m.uid = min((u for u, what in rows.items() if what == (m.key, m.flags)), default=None)
                if rows.pop(m.uid, None) == (m.key, m.flags):
                    continue
                need(maybe, f"the server's {folder} should have {m}: {real.get(folder)}")
                self.server.drop(m)
            need(not rows, f"the server's {folder} has too much: {rows}; {mails}")

    def settle_blurred(self, real):
        """How many of them came, from least to all, and with whose flags, is as the server has it."""
        for (folder, key), least in sorted(self.server.blurred.items()):
            rows = {u: flags for u, (k, flags) in real.get(folder, {}).items() if k == key}
            mails = [m for m in self.server.folders[folder] if m.key == key]
            for m in [m for m in mails if m.uid in rows]:
                m.flags = rows.pop(m.uid)
            new = [m for m in mails if m.uid is None]
            need(min(len(new), least) <= len(rows) <= len(new), f"the server's {folder} should have {least} to all of {new}: {rows}")
            for m in new:
                if rows:
                    m.uid, m.flags = rows.popitem()
                else:
                    self.server.drop(m)
        self.server.blurred.clear()

    def settle_person(self, i):
        """The person's store and the server are equal; learns the store's numbers."""
        mails = {(m.folder, m.uid): m for m in self.server.all()}
        numbers = {}
        for (folder, number), (uid, flags, key) in self.w.persons[i].rows().items():
            m = mails.pop((folder, uid), None)
            need(m is not None and (m.key, m.flags) == (key, flags), f"{'AB'[i]} has {folder}/{uid} {key} {flags}, the server {m}")
            numbers[m] = number
        need(not mails, f"{'AB'[i]} lacks {list(mails.values())}")
        self.persons[i].pull(numbers)

    def settle_rows(self, i):
        """What a person sees is what the model shows."""
        real = {k: (flags, key) for k, (uid, flags, key) in self.w.persons[i].rows().items()}
        model = {k: (r.flags, r.key) for k, r in self.persons[i].rows.items()}
        odd = {k: (real.get(k), model.get(k)) for k in set(real) | set(model) if real.get(k) != model.get(k)}
        need(not odd, f"{'AB'[i]} sees (first) what the model does not (second): {odd}")

    def sync(self, i):
        person = self.w.persons[i]
        self.persons[i].broken = self.w.kind == "cut"
        if self.w.kind == "cut" and self.made and self.cuts.random() < 0.4:
            self.w.network.cut(i, self.cuts.randrange(1, self.cuts.choice((200, 1000, 5000))))
            person.sync(may_fail=True)
            self.w.network.cut(i, None)
        for _ in range(8):
            person.sync()
            if person.tell("journal") == ["0"]:
                break
        else:
            raise Wrong(f"{person.name}: the journal does not become empty")
        if _ > 0:
            person.sync()
        self.persons[i].push(self.server)
        self.log(f"      {person.name} has synchronised: {self.persons[i].pushed}")
        refused = person.tell("failures")
        need(not refused, f"{person.name}: {refused}")
        self.settle_server()
        self.settle_person(i)
        self.stale = [s or self.dirty[i] for s in self.stale]
        self.stale[i] = self.dirty[i] = False

    def others_first(self, i):
        """Before i changes the server, what others have on the way is there."""
        for k in (0, 1):
            if k != i and self.online[k] and self.dirty[k]:
                self.sync(k)

    # ---- what happens

    def text(self, key):
        return (f"From: s@example.org\r\nTo: jane@example.org\r\nSubject: about {key[1:-7]}\r\nMessage-ID: {key}\r\n"
                f"Date: Mon, 05 Jan 2026 00:{self.made // 60 % 60:02}:{self.made % 60:02} +0000\r\n\r\n"
                + "line\r\n" * (self.made % 7)).encode()

    def new_key(self):
        self.made += 1
        return f"<{self.made}@model>"

    def deliver(self):
        key = self.new_key()
        self.w.deliver(self.text(key))
        self.server.put("INBOX", key, 0)

    def folder(self, r, names=None):
        names = sorted(names or self.server.folders)
        return names[r % len(names)]

    def expunged(self, mail):
        mail.flags |= DELETED
        for each in [m for m in self.server.folders[mail.folder] if m.flags & DELETED]:
            self.server.drop(each)

    def program(self, what, r):
        mails = self.server.all()
        if (len(mails) > MAILS and what in ("new", "append", "copy")) or (what == "copy" and not self.equals):
            what = "expunge"
        if not mails and what not in ("append", "create"):
            what = "new"
        m = mails[r[0] % len(mails)] if mails else None
        imap = self.w.server.imap
        self.settle_server()
        self.log(f"   program: {what} {m} {self.folder(r[1]) if what in ('move', 'copy', 'append') else ''}")
        if what == "new":
            self.deliver()
        elif what == "append":
            key, target = self.new_key(), self.folder(r[1])
            imap.append(target, r[2] & FLAGGED, self.text(key))
            self.server.put(target, key, r[2] & FLAGGED)
        elif what == "create":
            name = f"New{r[0] % 4}"
            if name not in self.server.folders and not any(name == o.target for p in self.persons for o in p.ops if o.to):
                imap.run(f"CREATE {name}")
                self.server.folders[name] = []
        elif what == "store":
            flag = (SEEN, ANSWERED, FLAGGED, DELETED)[r[1] % 4]
            imap.at(m.folder, f"UID STORE {m.uid} {'+-'[r[2] % 2]}FLAGS {world.flag_list(flag)}")
            m.flags = m.flags & ~flag if r[2] % 2 else m.flags | flag
        elif what == "expunge":
            imap.at(m.folder, f"UID STORE {m.uid} +FLAGS (\\Deleted)", "EXPUNGE")
            self.expunged(m)
        elif what in ("move", "copy"):
            target = self.folder(r[1])
            if what == "move" and target == m.folder:
                return
            self.server.put(target, m.key, m.flags)
            imap.at(m.folder, f'UID COPY {m.uid} "{target}"')
            if what == "move":
                imap.at(m.folder, f"UID STORE {m.uid} +FLAGS (\\Deleted)")
                imap.at(m.folder, "EXPUNGE")
                self.expunged(m)
        self.stale = [True, True]

    @staticmethod
    def is_plain(model, row):
        """Without UIDPLUS it depends on the order of the commands what becomes of marked messages; and where a move broke off,
        whether it is recognised in one of two equal ones in its target: persons leave those alone."""
        return not row.flags & DELETED and sum(r.key == row.key for r in model.rows.values()) == 1

    def person(self, i, what, r):
        real, model = self.w.persons[i], self.persons[i]
        rows = [r for k, r in sorted(model.rows.items()) if self.equals or self.is_plain(model, r)]
        if what == "append" or not rows:
            key, folder = self.new_key(), ("Sent", "Drafts", "Work")[r[0] % 3]
            if folder not in real.names:
                folder = "Work"
            flags = {"Sent": SEEN, "Drafts": SEEN | DRAFT}.get(folder, 0)
            data = self.text(key)
            self.log(f"   {'AB'[i]}: append {key} to {folder}")
            number = int(real.tell(f"append {folder} {flags} {len(data)} {key}", data)[0])
            model.append(folder, number, key, flags)
            return
        if what == "undo":
            self.log(f"   {'AB'[i]}: undo")
            undone, cursor = real.tell("undo"), model.undo()
            self.log(f"      -> {undone}")
            need(undone == ([f"{cursor[0]} {cursor[1]}"] if cursor else []), f"undone: {undone}, should have been {cursor}")
            return
        what = "move" if what == "copy" and not self.equals else what
        n = 1 if r[3] % 4 else 3
        chosen = [rows[(r[0] + k) % len(rows)] for k in range(min(n, len(rows)))]
        trash = [r for r in chosen if r.folder == "Trash"]
        words, effects = [], []
        target = "Trash" if what == "delete" else self.folder(r[1], real.names)
        for row in chosen:
            if not model.shown(row):
                continue
            if what == "flag":
                flag, on = (SEEN, ANSWERED, FLAGGED)[r[1] % 3], r[2] % 2
                words.append((FLAG, row.id, row.folder, "-", flag * on, flag * (1 - on)))
                effects.append(model.flag(row, flag * on, flag * (1 - on)))
            elif what == "delete" and row.folder == "Trash":
                words.append((EXPUNGE, row.id, row.folder, "-", 0, 0))
                effects.append(model.expunge(row))
            else:
                kind = COPY if what == "copy" else MOVE
                words.append((kind, row.id, row.folder, target, 0, 0))
                effects.append((model.copy if what == "copy" else model.move)(row, target))
        self.log(f"   {'AB'[i]}: {what} " + "; ".join(f"{w[0]} {w[1]}={row.key} {w[2:]}" for w, row in zip(words, chosen)))
        real.tell("ops " + " ".join(str(x) for w in words for x in w))
        model.step(effects)

    def act(self, actor, what, *r):
        if actor == 2:
            self.others_first(2)
            self.program(what, r)
            return
        i = actor
        if what in ("online", "offline", "sync"):
            self.log(f"   {'AB'[i]}: {what}")
            self.others_first(i)
            if what == "offline" and self.online[i] and (self.dirty[i] or self.stale[i]):
                self.sync(i)
            if what != "offline":
                self.w.network.set(i, True)
                self.sync(i)
            if what != "sync":
                self.online[i] = what == "online"
            self.w.network.set(i, self.online[i])
            return
        if self.online[i]:
            self.others_first(i)
            if self.stale[i] or (self.dirty[i] and what != "flag"):
                self.sync(i)
        self.person(i, what, r)
        if self.online[i]:
            self.w.persons[i].tell("wake")
        else:
            self.settle_rows(i)
        self.dirty[i] = True

    def converge(self):
        self.log("   both sync")
        self.others_first(2)
        for i in (0, 1, 0, 1):
            self.w.network.set(i, True)
            if i == 0 or self.stale[i] or self.dirty[i]:
                self.sync(i)
        for i in (0, 1):
            self.settle_person(i)
            left = self.w.persons[i].leftovers()
            need(not any(left.values()), f"{'AB'[i]}: the store keeps {left}")
            for (folder, number), row in self.persons[i].rows.items():
                need(self.w.persons[i].sum(number) == self.w.server.sums[row.key], f"{'AB'[i]}: other bytes in {row.key}")
            self.w.network.set(i, self.online[i])


PERSON = ["flag"] * 8 + ["move"] * 7 + ["copy"] * 2 + ["delete"] * 4 + ["append"] * 1 + ["undo"] * 4 + ["offline"] * 2 + \
    ["online"] + ["sync"]
PROGRAM = ["store"] * 6 + ["move"] * 5 + ["expunge"] * 3 + ["append"] * 2 + ["copy"] * 2 + ["create"] + ["new"] * 4


def actions_of(seed, n):
    """All that happens, drawn ahead: which message is meant is a number that is taken modulo what there is."""
    draw, out, actor = random.Random(seed), [], 0
    for _ in range(n):
        if draw.random() < 0.3:
            actor = draw.choice((0, 0, 1, 1, 2))
        out.append((actor, draw.choice(PROGRAM if actor == 2 else PERSON), *(draw.randrange(1 << 16) for _ in range(4))))
    return out


def play(kind, actions, log):
    """None, or what was wrong after how many actions."""
    w, n = world.World(kind), 0
    try:
        r = Round(w, log)
        for n, action in enumerate(actions):
            r.act(*action)
            if n % PER_ROUND == PER_ROUND - 1:
                r.converge()
        r.converge()
        return None
    except (Wrong, OSError) as e:
        if not isinstance(e, Wrong):
            traceback.print_exc()
        where = [f.lineno for f in traceback.extract_tb(e.__traceback__) if f.filename == __file__][-1]
        return n + 1, where, f"{type(e).__name__}: {e}", "\n".join(f"{p.name}'s engine: {p.log()}" for p in w.persons)
    finally:
        w.end()


def shorter(kind, actions, where, seconds):
    """The failing actions without those that are not needed to fail there."""
    until, size = time.monotonic() + seconds, len(actions) // 2
    while size > 0 and time.monotonic() < until:
        at = 0
        while at < len(actions) and time.monotonic() < until:
            fewer = actions[:at] + actions[at + size:]
            failed = play(kind, fewer, lambda line: None)
            if failed is not None and failed[1] == where:
                actions = fewer[:failed[0]]
            else:
                at += size
        size //= 2
    return actions


def tell_failure(kind, number, rounds, failed, actions, seconds):
    print(f"seed {number} failed after {failed[0]} actions: {failed[2]}", flush=True)
    actions = shorter(kind, actions[:failed[0]], failed[1], seconds)
    path = os.path.join(tempfile.gettempdir(), f"tmail-model-{number}.json")
    with open(path, "w") as f:
        json.dump(actions, f)
    print(f"the same with {len(actions)} actions, {path}:")
    again = play(kind, actions, print) or (0, 0, "not this time")
    print("\n".join(again[2:]))
    sys.exit(f"FAIL: model.py -k {kind} -r {rounds} {number}")


def run(kind, seed, rounds, seconds):
    began, done = time.monotonic(), 0
    print(f"{kind}: seed {seed}, {rounds} rounds", flush=True)
    for number in range(seed, seed + 1 + (rounds - 1) // ROUNDS_IN_WORLD):
        n = min(ROUNDS_IN_WORLD, rounds - done)
        done += n
        actions = actions_of(number, n * PER_ROUND)
        failed = play(kind, actions, lambda line: None)
        if failed is not None:
            tell_failure(kind, number, n, failed, actions, seconds)
    print(f"{kind}: {time.monotonic() - began:.1f} s", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("-k", default="tmaild,cut," + (",".join(world.DOVECOTS) if EFFORT > 1 else "dovecot,plain"))
    p.add_argument("-r", type=int, default=0)
    p.add_argument("-s", type=float, default=60, help="seconds to make a failure shorter")
    p.add_argument("-a", help="actions to play")
    p.add_argument("seed", nargs="?", type=int, default=SEED)
    o = p.parse_args()
    try:
        play_all(o)
    finally:
        world.World.close()


def play_all(o):
    if o.a:
        with open(o.a) as f:
            failed = play(o.k, [tuple(a) for a in json.load(f)], print)
        sys.exit("\n".join(failed[2:]) if failed else 0)
    most = {"tmaild": 300, "cut": 30}
    for kind in o.k.split(","):
        if kind in ("tmaild", "cut") or world.dovecot.installed():
            run(kind, o.seed, o.r or max(2, round(most.get(kind, 10) * min(EFFORT, 3 if kind in world.DOVECOTS else EFFORT))), o.s)
        else:
            print(f"no Dovecot here: {kind} was not tried")


if __name__ == "__main__":
    main()
