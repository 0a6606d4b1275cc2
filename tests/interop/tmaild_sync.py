#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CONDSTORE and QRESYNC (RFC 7162) of tmaild, with and without its index, over restarts and kills."""
import glob
import os
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tm
from rawimap import Raw, fetches, number, vanished

TEXT = b'Subject: x\r\n\r\nx\r\n'


def with_server(test):
    def run():
        with tempfile.TemporaryDirectory() as root:
            s = tm.Tmaild(root, '--domain', 'x.org', '--user', 'xxx:pw')
            try:
                test(s)
            finally:
                s.stop()
    run.__name__ = test.__name__
    return run


def connect(s, *commands):
    c = Raw(s.ports['imap'])
    for command in commands:
        c.ok(command)
    return c


def filled(s, n=5):
    c = connect(s)
    for _ in range(n):
        c.append(TEXT)
    return c


@with_server
def test_condstore(s):
    c = filled(s)
    lines, _ = c.ok(b'SELECT INBOX')
    highest = number(lines, rb'HIGHESTMODSEQ')
    assert not any(b'CLOSED' in x for x in lines)
    # The first command that needs it tells the number again, and MODSEQ is everywhere from then on.
    lines, _ = c.ok(b'FETCH 1:* (FLAGS MODSEQ)')
    assert number(lines, rb'HIGHESTMODSEQ') == highest
    lines, _ = c.ok(b'STORE 2 +FLAGS (\\Seen $one)')
    assert len(lines) == 1 and b'MODSEQ' in lines[0] and b'$one' in lines[0], lines
    assert fetches(lines)[2][2] > highest
    lines, _ = c.ok(b'FETCH 1:* (FLAGS) (CHANGEDSINCE %d)' % highest)
    assert len(lines) == 1 and lines[0].startswith(b'2 FETCH'), lines
    lines, tagged = c.ok(b'STORE 1:3 (UNCHANGEDSINCE %d) +FLAGS.SILENT (\\Flagged)' % highest)
    assert b'[MODIFIED 2]' in tagged, tagged
    lines = [x for x in lines if b'FETCH' in x]
    assert len(lines) == 3 and sum(b'FLAGS' in x for x in lines) == 1, lines
    lines, tagged = c.ok(b'UID STORE 4:5 (UNCHANGEDSINCE 0) +FLAGS.SILENT (\\Flagged)')
    assert b'[MODIFIED 4:5]' in tagged, tagged
    # Silent without a condition: the number alone.
    lines, _ = c.ok(b'STORE 5 +FLAGS.SILENT (\\Seen)')
    assert len(lines) == 1 and b'FLAGS' not in lines[0] and b'MODSEQ' in lines[0], lines
    lines, _ = c.ok(b'STATUS INBOX (HIGHESTMODSEQ MESSAGES)')
    top = number(lines, rb'HIGHESTMODSEQ')
    assert top == max(m for _, _, m in fetches(c.ok(b'UID FETCH 1:* MODSEQ')[0]).values())
    other = connect(s, b'SELECT INBOX (CONDSTORE)')
    c.ok(b'STORE 1 -FLAGS (\\Flagged)')
    lines, _ = other.ok(b'NOOP')
    assert len(lines) == 1 and b'MODSEQ' in lines[0], lines
    fresh = connect(s, b'SELECT INBOX')
    lines, _ = fresh.ok(b'SEARCH MODSEQ %d' % highest)
    assert b'OK [HIGHESTMODSEQ' in lines[0] and b'(MODSEQ %d)' % number(c.ok(b'STATUS INBOX (HIGHESTMODSEQ)')[0],
                                                                       rb'HIGHESTMODSEQ') in lines[-1], lines
    for bad in (b'FETCH 1 FLAGS (CHANGEDSINCE)', b'FETCH 1 FLAGS (VANISHED)', b'SELECT INBOX (QRESYNC (1 1))',
                b'SELECT INBOX (NEVER)', b'STORE 1 (CHANGEDSINCE 1) FLAGS ()', b'STORE 1 (UNCHANGEDSINCE x) FLAGS ()',
                b'UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)', b'SELECT INBOX (CONDSTORE) x'):
        assert c.cmd(bad)[1].startswith(b'BAD'), bad
    lines, _ = c.ok(b'EXAMINE INBOX (CONDSTORE)')
    assert lines[0].startswith(b'OK [CLOSED]'), lines


@with_server
def test_qresync(s):
    c = filled(s, 20)
    lines, _ = c.ok(b'ENABLE QRESYNC X-NEVER')
    assert lines == [b'ENABLED QRESYNC'], lines
    lines, _ = c.ok(b'SELECT INBOX')
    validity, start = number(lines, rb'UIDVALIDITY'), number(lines, rb'HIGHESTMODSEQ')
    other = connect(s, b'ENABLE QRESYNC', b'SELECT INBOX')
    plain = connect(s, b'SELECT INBOX')
    c.ok(b'UID STORE 3:5,9,20 +FLAGS.SILENT (\\Deleted)')
    lines, tagged = c.ok(b'EXPUNGE')
    assert vanished(lines, False) == [3, 4, 5, 9, 20] and number(tagged, rb'HIGHESTMODSEQ') > start, (lines, tagged)
    assert c.ok(b'EXPUNGE')[1].startswith(b'OK Done')
    assert vanished(other.ok(b'NOOP')[0], False) == [3, 4, 5, 9, 20]
    assert [x for x in plain.ok(b'NOOP')[0] if b'EXPUNGE' in x] == [b'20 EXPUNGE', b'9 EXPUNGE', b'5 EXPUNGE',
                                                                    b'4 EXPUNGE', b'3 EXPUNGE']
    c.ok(b'UID STORE 7 +FLAGS (\\Seen)')
    lines, _ = c.ok(b'UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)' % start)
    assert vanished(lines, True) == [3, 4, 5, 9, 20] and list(fetches(lines)) == [7], lines
    assert b'VANISHED' in lines[0]

    def resync(parameters, client=other):
        return client.ok(b'SELECT INBOX (QRESYNC (%s))' % parameters)[0]
    now = number(other.ok(b'STATUS INBOX (HIGHESTMODSEQ)')[0], rb'HIGHESTMODSEQ')
    rows = [
        # parameters, vanished, changed
        (b'%d %d' % (validity, start), [3, 4, 5, 9, 20], [7]),
        (b'%d %d 1:8' % (validity, start), [3, 4, 5], [7]),
        (b'%d %d 1:6,10:30' % (validity, start), [3, 4, 5, 20], []),
        (b'%d %d' % (validity, now), [], []),
        (b'%d %d' % (validity + 1, start), [], []),
        (b'%d 1 1:10' % validity, [3, 4, 5, 9], [1, 2, 6, 7, 8, 10]),
        (b'%d 1 8:10,2:4,3:5' % validity, [3, 4, 5, 9], [2, 8, 10]),
        (b'%d 1 1:20 (1:2,4 1:2,7)' % validity, [9, 20], None),
        (b'%d 1 1:20 (1:2,9 1:2,12)' % validity, [3, 4, 5, 9, 20], None),
        (b'%d %d 1:20 (1,5 1,8)' % (validity, start), [9, 20], [7]),
    ]
    for parameters, went, changed in rows:
        lines = resync(parameters)
        assert vanished(lines, True) == went, (parameters, lines)
        assert changed is None or sorted(fetches(lines)) == changed, (parameters, lines)
    for bad in (b'%d 1 *' % validity, b'%d' % validity, b'%d 1 1:5 (1)' % validity, b'0 x', b'%d 1 (1 1) 2' % validity):
        assert other.cmd(b'SELECT INBOX (QRESYNC (%s))' % bad)[1].startswith(b'BAD'), bad
    # MOVE takes out with VANISHED too, and CLOSE never tells its number.
    c.ok(b'CREATE a')
    lines, tagged = c.ok(b'UID MOVE 1 a')
    assert vanished(lines, False) == [1] and b'HIGHESTMODSEQ' in tagged, (lines, tagged)
    c.ok(b'STORE 1 +FLAGS (\\Deleted)')
    assert c.ok(b'CLOSE')[1] == b'OK Done'


def selected(s, *more):
    c = connect(s, b'ENABLE QRESYNC')
    return c, c.ok(b'SELECT INBOX' + b''.join(more))[0]


def index_files(s):
    """Those that are more than a mark."""
    return [x for x in glob.glob(os.path.join(s.root, 'mail.root', 'mail', 'xxx', '.*.index')) if os.path.getsize(x) > 16]


@with_server
def test_over_restarts(s):
    """The numbers of before hold over a good end; after a kill, or without the index, all is told anew."""
    c = filled(s, 6)
    lines, _ = c.ok(b'SELECT INBOX (CONDSTORE)')
    validity, start = number(lines, rb'UIDVALIDITY'), number(lines, rb'HIGHESTMODSEQ')
    c.ok(b'STORE 2 +FLAGS (\\Seen)')
    c.ok(b'STORE 3 +FLAGS (\\Deleted k1 k2)')
    c.ok(b'EXPUNGE')
    c.close()
    top = None
    for how in ('stop', 'append', 'kill', 'no index', 'bad index', 'stop'):
        if how == 'kill':
            c, lines = selected(s)
            c.ok(b'STORE 1 +FLAGS (\\Flagged)')
            c.ok(b'STORE 1 -FLAGS (\\Flagged)')
            c.close()
        s.stop(signal.SIGKILL if how == 'kill' else signal.SIGTERM)
        assert len(index_files(s)) == (0 if how == 'kill' else 1), (how, index_files(s))
        box = os.path.join(s.root, 'mail.root', 'mail', 'xxx', 'INBOX.mbox')
        box = box if os.path.exists(box) else glob.glob(os.path.join(s.root, 'mail.root', 'mail', 'xxx', 'INBOX*'))[0]
        if how == 'append':
            with open(box, 'ab') as f:
                f.write(b'From me@x Thu Jan  1 00:00:00 1970\nSubject: other\n\nprogram\n\n')
        if how == 'no index':
            os.unlink(index_files(s)[0])
        if how == 'bad index':
            with open(index_files(s)[0], 'r+b') as f:
                f.seek(300)
                f.write(b'\xff')
        s.start()
        c, lines = selected(s, b' (QRESYNC (%d %d))' % (validity, start))
        kept = how in ('stop', 'append')
        assert number(lines, rb'UIDVALIDITY') == validity
        new = [7] if how != 'stop' or top is not None else []
        got = fetches(lines)
        assert vanished(lines, True) == [3], (how, lines)
        if top is None or kept and how == 'append':
            assert sorted(got) == sorted([2] + new), (how, lines)
        assert b'\\Seen' in got[2][1]
        highest = number(lines, rb'HIGHESTMODSEQ')
        assert top is None or highest >= top, (how, highest, top)
        if how in ('kill', 'no index', 'bad index'):
            # Whoever knows the highest number of before hears of everything.
            assert highest > top
            lines = c.ok(b'UID FETCH 1:* FLAGS (CHANGEDSINCE %d VANISHED)' % top)[0]
            assert sorted(fetches(lines)) == [1, 2, 4, 5, 6, 7] and vanished(lines, True) == [3], (how, lines)
        top = highest
        c.close()


@with_server
def test_many_gone(s):
    """More than are remembered: the answer is what is not there."""
    c = connect(s)
    for _ in range(30):
        c.append(TEXT)
    c.ok(b'CREATE many')
    c.ok(b'SELECT INBOX')
    for _ in range(10):
        c.ok(b'COPY 1:* many')
    c.ok(b'ENABLE QRESYNC')
    lines, _ = c.ok(b'SELECT many')
    validity, start = number(lines, rb'UIDVALIDITY'), number(lines, rb'HIGHESTMODSEQ')
    c.ok(b'STORE 11:* +FLAGS.SILENT (\\Deleted)')
    lines, _ = c.ok(b'EXPUNGE')
    assert vanished(lines, False) == list(range(11, 301))
    for since in (1, start):
        lines, _ = c.ok(b'SELECT many (QRESYNC (%d %d))' % (validity, since))
        assert vanished(lines, True) == list(range(11, 301)), lines[-1]
        assert b'VANISHED (EARLIER) 11:300' in lines


def main():
    for name, test in list(globals().items()):
        if name.startswith('test_') and (len(sys.argv) < 2 or name in sys.argv[1:]):
            test()
            print('ok', name, flush=True)


main()
