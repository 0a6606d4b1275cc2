#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild beside Dovecot: the same mail in both, the same questions, the same answers; what may differ is said here and why."""
import os
import re
import signal
import socket
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dovecot
from mixed_mail import MixedMail
from tm import SRC, Tmaild

TOKEN = re.compile(rb' *(?:(\()|(\))|"((?:[^"\\]|\\.)*)"|~?\{(\d+)\}|((?:[^ ()\[]|\[[^\]]*\](?:<\d+>)?)+))')


class Imap:
    """Commands to trees: lists, bytes, None for NIL."""

    def __init__(self, port):
        self.s = socket.create_connection(('127.0.0.1', port), 20)
        self.f = self.s.makefile('rb')
        self.f.readline()
        self.n = 0
        self.do('LOGIN jane pw')

    def line(self):
        """One response, as the pieces between its literals."""
        pieces = []
        while True:
            line = self.f.readline()
            assert line.endswith(b'\r\n'), line
            pieces.append(line[:-2])
            m = re.search(rb'\{(\d+)\}$', line[:-2])
            if not m:
                return pieces
            pieces.append(self.f.read(int(m.group(1))))

    def do(self, command, literal=None):
        """The untagged responses as trees, and the tagged one's text."""
        self.n += 1
        tag = b'a%d' % self.n
        command = command if isinstance(command, bytes) else command.encode()
        if literal is None:
            self.s.sendall(tag + b' ' + command + b'\r\n')
        else:
            self.s.sendall(tag + b' ' + command + b' {%d+}\r\n' % len(literal) + literal + b'\r\n')
        answers = []
        while True:
            pieces = self.line()
            if pieces[0].startswith(tag + b' '):
                return answers, pieces[0][len(tag) + 1:].decode(errors='replace')
            answers.append(tree(pieces))


def tree(pieces):
    stack, pieces = [[]], list(pieces)
    while pieces:
        text, at = pieces.pop(0), 0
        while at < len(text):
            m = TOKEN.match(text, at)
            if not m:
                stack[-1].append(text[at:].strip())
                break
            at = m.end()
            if m.group(1):
                stack.append([])
            elif m.group(2) and len(stack) > 1:
                done = stack.pop()
                stack[-1].append(done)
            elif m.group(3) is not None:
                stack[-1].append(re.sub(rb'\\(.)', rb'\1', m.group(3)))
            elif m.group(4) is not None:
                stack[-1].append(pieces.pop(0))
                break
            elif m.group(5) is not None:
                stack[-1].append(None if m.group(5) == b'NIL' else m.group(5))
    return stack[0]


def lower(t):
    return [lower(x) for x in t if x != b'\\Recent'] if isinstance(t, list) else t.lower() if isinstance(t, bytes) else t


def files(*folders):
    """(name, bytes) with CRLF; none with NUL or a bare CR, which servers change each in their own way."""
    found = []
    for folder in folders:
        paths = [os.path.join(place, name) for place, _, names in os.walk(os.path.join(SRC, folder)) for name in names]
        for path in sorted(paths):
            with open(path, 'rb') as f:
                raw = f.read().replace(b'\r\n', b'\n')
            if raw and b'\0' not in raw and b'\r' not in raw and (path.endswith('.eml') or 'corpus' in path):
                found.append((os.path.relpath(path, SRC), raw.replace(b'\n', b'\r\n')))
    return found


MADE = {
    'latin1': b'From: =?iso-8859-1?Q?J=F6rg?= <joerg@example.org>\nTo: b@example.org\nCc: "Z, A" <z@example.org>, group: a@b.c;\n'
              b'Date: Tue, 5 Mar 2024 01:00:00 +0900\nSubject: =?iso-8859-1?B?RuFsbGU=?= =?utf-8?Q?_eins?=\n'
              b'Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe aus K=F6ln\n',
    'koi8': b'From: ivan@example.ru\nDate: 5 Mar 2024 00:30:00 GMT\nSubject: =?koi8-r?B?8NLJ18XU?=\nMIME-Version: 1.0\n'
            b'Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: base64\n\n8NLJ18XULCDNydI=\n',
    'shift-jis': b'From: jp@example.jp\nSubject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=\nDate: Wed, 6 Mar 2024 12:00:00 +0000\n'
                 b'Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$BF|K\\\x1b(B text\n',
    'digest': b'From: list@example.org\nDate: Thu, 7 Mar 2024 12:00:00 +0000\nSubject: Digest\n'
              b'Content-Type: multipart/digest; boundary=d\n\n--d\n\nFrom: a@b\nSubject: one\n\nfirst\n--d\n\nFrom: c@d\nSubject: two\n'
              b'Content-Type: text/html; charset=utf-8\n\n<p>second</p>\n--d--\n',
    'fields': b'From: f@example.org\nDate: Fri, 8 Mar 2024 12:00:00 +0000\nSubject: [list] Re: Fwd: [x] Fields (fwd)\n'
              b'Content-Type: multipart/mixed; boundary="a b"\nContent-Language: de, en\n\n--a b\nContent-Type: image/png; name="x \\"y\\".png"\n'
              b'Content-ID: <i@d>\nContent-Description: a thing\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\n'
              b'Content-Disposition: inline; filename=x.png; size=3\nContent-Language: nl\nContent-Location: http://x/y\n'
              b'Content-Transfer-Encoding: base64\n\nAAAA\n--a b\n\nthe end\n\n--a b--\n',
    'thread 1': b'From: t1@example.org\nDate: Sat, 9 Mar 2024 12:00:00 +0000\nSubject: Threads\nMessage-ID: <t1@x>\n\nx\n',
    'thread 3': b'From: t3@example.org\nDate: Sat, 9 Mar 2024 14:00:00 +0000\nSubject: Re: Threads\nMessage-ID: <t3@x>\n'
                b'References: <t1@x> <t2@x>\n\nx\n',
    'thread 4': b'From: t4@example.org\nDate: Sat, 9 Mar 2024 13:00:00 +0000\nSubject: Re: Threads\nMessage-ID: <t4@x>\n'
                b'In-Reply-To: message of today <t2@x>\n\nx\n',
    'thread 5': b'From: t5@example.org\nDate: Sat, 9 Mar 2024 15:00:00 +0000\nSubject: other\nMessage-ID: <t5@x>\nReferences: <lost@x>\n\nx\n',
    'thread 6': b'From: t6@example.org\nDate: Sat, 9 Mar 2024 16:00:00 +0000\nSubject: other things\nMessage-ID: <t6@x>\nReferences: <lost@x>\n\nx\n',
    'thread 7': b'From: t7@example.org\nDate: Sat, 9 Mar 2024 17:00:00 +0000\nSubject: re: threads (fwd)\nMessage-ID: <t7@x>\n\nx\n',
    'thread 8': b'From: t8@example.org\nDate: Sat, 9 Mar 2024 18:00:00 +0000\nSubject: loop\nMessage-ID: <t8@x>\nReferences: <t9@x> <t8@x>\n\nx\n',
    'thread 9': b'From: t9@example.org\nDate: Sat, 9 Mar 2024 19:00:00 +0000\nSubject: loop\nMessage-ID: <t9@x>\nReferences: <t8@x>\n\nx\n',
    'no date': b'Subject: no date\n\nx\n',
}


def fill(imap, messages, folder='Test'):
    imap.do(f'CREATE {folder}')
    for k, (name, raw) in enumerate(messages):
        day = f'"{k % 28 + 1:2}-Mar-2024 {k % 24:02}:00:00 +0000"'
        flags = ('(\\Seen)', '(\\Flagged \\Answered)', '()', '(\\Draft $Forwarded)')[k % 4]
        done = imap.do(f'APPEND {folder} {flags} {day}', raw)[1]
        assert done.startswith('OK'), (name, done)
    imap.do(f'SELECT {folder}')


def fetched(imap, items):
    """{number: {item: value}}"""
    out = {}
    for answer in imap.do(f'FETCH 1:* {items}')[0]:
        if answer[2:3] == [b'FETCH']:
            values = answer[3]
            out[int(answer[1])] = {values[k].upper(): values[k + 1] for k in range(0, len(values), 2)}
    return out


def joined(t):
    """Parameters in pieces (RFC 2231) as Dovecot tells them: put together. We leave that to the client, who knows the names."""
    if not isinstance(t, list):
        return t
    out, pieces = [], {}
    for k, x in enumerate(t):
        m = isinstance(x, bytes) and re.fullmatch(rb'([\w-]+)\*\d+\*?', x)
        if m and k + 1 < len(t) and m.group(1) in pieces:
            out[pieces[m.group(1)]] += t[k + 1]
            t[k + 1] = ...
        elif m and k + 1 < len(t):
            out += [m.group(1) + b'*', t[k + 1]]
            pieces[m.group(1)] = len(out) - 1
            t[k + 1] = ...
        elif x is not ...:
            out.append(joined(x))
    return out


def sizes_of_messages_out(t):
    """Of a message within a message that ends in a multipart Dovecot counts the line end that belongs to the boundary (RFC 2046 §5.1.1)."""
    if not isinstance(t, list):
        return t
    t = [sizes_of_messages_out(x) for x in t]
    if t[:2] == [b'message', b'rfc822'] and len(t) > 9 and isinstance(t[8][0], list):
        t[6] = t[9] = b'?'
    return t


def structures_are_the_same(ours, theirs, messages):
    for items in ('(ENVELOPE)', '(BODY)', '(BODYSTRUCTURE)', '(FLAGS INTERNALDATE RFC822.SIZE)'):
        a, b = fetched(ours, items), fetched(theirs, items)
        for n, (name, _) in enumerate(messages, 1):
            x, y = ({k: sizes_of_messages_out(joined(lower(v))) for k, v in d[n].items()} for d in (a, b))
            assert x == y, f'{name}: {items}\n  ours   {x}\n  theirs {y}'


def sections_are_the_same(ours, theirs, messages):
    for section in ('', 'HEADER', 'TEXT', '1', '2', '1.1', '2.1', '2.2', '2.1.1', '2.MIME', '2.HEADER', '2.TEXT', '9', 'HEADER.FIELDS (SUBJECT from)',
                    'HEADER.FIELDS.NOT (Received)', '2.HEADER.FIELDS (subject)'):
        for partial in ('', '<3.10>', '<100000.5>'):
            a, b = (fetched(imap, f'(BODY.PEEK[{section}]{partial})') for imap in (ours, theirs))
            for n, (name, raw) in enumerate(messages, 1):
                (x,), (y,) = a[n].values(), b[n].values()
                # What there is not is NIL; Dovecot says "", or gives what a number too many is cut from. Line ends: see above.
                if x is not None and not (y.startswith(x) and y[len(x):] == b'\r\n'):
                    assert x == y, f'{name}: BODY[{section}]{partial}\n  ours   {x}\n  theirs {y}'
    for imap in (ours, theirs):
        imap.do('STORE 1:* -FLAGS.SILENT (\\Seen)')
        imap.do('FETCH 1 (BODY.PEEK[1] RFC822.HEADER BODY)')
        assert b'\\Seen' not in fetched(imap, '(FLAGS)')[1][b'FLAGS']
        imap.do('FETCH 1 (BODY[1]<0.1>)')
        assert b'\\Seen' in fetched(imap, '(FLAGS)')[1][b'FLAGS']


# Differences: messages without a date are not sent before any day for us; Dovecot takes day 32 for one.
SEARCHES = """ALL|UNSEEN|FLAGGED ANSWERED|KEYWORD $Forwarded|UNKEYWORD $Forwarded NOT SEEN|BEFORE 10-Mar-2024|ON 10-Mar-2024|SINCE 20-Mar-2024
SENTBEFORE 1-Sep-2026 HEADER Date ""|SENTON 5-Mar-2024|SENTSINCE 6-Mar-2024|LARGER 1000|SMALLER 300|5:10,12|UID 5:10,12|*|2,*:4
SUBJECT re|SUBJECT ""|FROM tom|TO demo|CC "z, a"|BCC a|HEADER Message-ID ""|HEADER X-None ""|HEADER Content-Type multipart|HEADER References example
BODY the|BODY plums|BODY potatoes|TEXT invoice|TEXT multipart|OR FROM tom SUBJECT re|NOT FROM tom|(OR (SEEN FROM tom) (NOT SEEN)) LARGER 100
CHARSET UTF-8 SUBJECT "Fálle eins"|CHARSET UTF-8 SUBJECT "привет"|CHARSET UTF-8 SUBJECT "日本"|CHARSET UTF-8 BODY "grüße aus KÖLN"
CHARSET UTF-8 BODY "МИР"|CHARSET UTF-8 BODY "日本 text"|CHARSET UTF-8 FROM "jörg"|CHARSET UTF-8 TEXT "é"|BODY second|YOUNGER 86400|OLDER 86400
RETURN (MIN MAX COUNT) SEEN|RETURN () SEEN|RETURN (ALL) BODY nothinglikethis|RETURN (COUNT) BODY nothinglikethis|RETURN (SAVE) FLAGGED|$|NOT $
RETURN (SAVE MIN) FLAGGED|RETURN (COUNT ALL) $|CHARSET FOO SUBJECT x|FOO|SUBJECT|NOT|OR SEEN|()|0|BEFORE x"""
ORDERS = """ARRIVAL|REVERSE ARRIVAL|DATE|SIZE|SUBJECT|REVERSE SUBJECT DATE|FROM|TO CC|CC REVERSE DATE|FOO|REVERSE"""


def answers(imap, command):
    """What a command says, without what is not about it."""
    said, done = imap.do(command)
    said = [[x for x in lower(t) if x != b''] for t in said if t[1] in (b'SEARCH', b'ESEARCH', b'SORT', b'THREAD')]
    for t in said:
        if t[1] == b'esearch':  # in any order
            rest = 4 if b'uid' in t[3:4] else 3
            t[rest:] = sorted(zip(t[rest::2], t[rest + 1::2]))
    return said, done.split()[0]


def commands_are_answered_alike(ours, theirs, commands):
    for command in commands:
        a, b = answers(ours, command), answers(theirs, command)
        assert a == b, f'{command}\n  ours   {a}\n  theirs {b}'


def mixed_mail_is_the_same(ours, theirs):
    messages = MixedMail(3)
    messages = [(f'mixed {k}', messages.message().encode().replace(b'\n', b'\r\n')) for k in range(100)]
    for imap in (ours, theirs):
        fill(imap, messages, 'Mixed')
    structures_are_the_same(ours, theirs, messages)
    commands_are_answered_alike(ours, theirs, [f'SEARCH CHARSET UTF-8 {keys}' for keys in (
        'TEXT needle', 'BODY needle', 'SUBJECT "grü"', 'SUBJECT "éé"', 'FROM "x, y"', 'FROM real', 'SENTON 3-Jan-2024', 'SENTSINCE 1-Feb-2024')])
    commands_are_answered_alike(ours, theirs, [f'SORT ({order}) UTF-8 ALL' for order in ORDERS.split('|')])
    commands_are_answered_alike(ours, theirs, [f'THREAD {way} UTF-8 ALL' for way in ('REFERENCES', 'ORDEREDSUBJECT')])


def anything_is_told(ours):
    """Whatever a message is, what is said of it can be read."""
    messages = files('tests/fuzz/corpus/message', 'tests/fuzz/corpus/guard', 'tests/fuzz/corpus/structure')
    for name, raw in messages:
        assert ours.do('APPEND INBOX', raw)[1].startswith('OK'), name
    ours.do('SELECT INBOX')
    got = fetched(ours, '(FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE BODY.PEEK[1] BINARY.PEEK[1] BINARY.SIZE[1] BODY.PEEK[1.MIME])')
    assert len(got) == len(messages)
    for n, (name, raw) in enumerate(messages, 1):
        assert len(got[n]) == 10 and isinstance(got[n][b'BODYSTRUCTURE'], list) and len(got[n][b'ENVELOPE']) == 10, (name, got[n])
    for command in ('SEARCH TEXT x', 'SEARCH NOT SUBJECT y', 'SORT (SUBJECT DATE FROM) UTF-8 ALL', 'THREAD REFERENCES UTF-8 ALL'):
        assert ours.do(command)[1].startswith('OK'), command


def large_messages_are_whole(ours):
    """Those that do not go through memory, between others that do."""
    large = b'Subject: large\r\n\r\n' + b''.join(b'From line %d of a large message\r\n' % k for k in range(100000))
    ours.do('CREATE Large')
    for raw in (b'Subject: small\r\n\r\nx\r\n', large, b'Subject: small too\r\n\r\ny\r\n', large):
        assert ours.do('APPEND Large', raw)[1].startswith('OK')
    ours.do('SELECT Large')
    got = fetched(ours, '(UID BODY.PEEK[] RFC822.SIZE)')
    assert [len(got[n][b'BODY[]']) for n in range(1, 5)] == [int(got[n][b'RFC822.SIZE']) for n in range(1, 5)]
    assert got[2][b'BODY[]'] == got[4][b'BODY[]'] == large
    said, done = ours.do('FETCH 2 (BODY.PEEK[] RFC822)')
    assert said[0][3][1] == said[0][3][3] == large and done.startswith('OK')
    pieces = b''.join(ours.do(f'FETCH 4 (BODY.PEEK[]<{at}.1000000>)')[0][0][3][1] for at in range(0, len(large), 1000000))
    assert pieces == large


def rev2_is_answered_so(server):
    """RFC 9051 §6.4.4: SEARCH without RETURN as if with RETURN (ALL)."""
    imap = Imap(server.ports['imap'])
    imap.do('ENABLE IMAP4rev2')
    imap.do('SELECT Test')
    said, done = answers(imap, 'UID SEARCH 2:4')
    assert said[0][4:] == [(b'all', b'2:4')] and done == 'OK', said
    assert fetched(imap, '(BINARY.SIZE[1])')[1]


def decoder_of(server):
    pid = server.process.pid
    children = [c for t in os.listdir(f'/proc/{pid}/task') for c in open(f'/proc/{pid}/task/{t}/children').read().split()]
    return [int(c) for c in children if open(f'/proc/{c}/comm').read().startswith('tmail-decode')]


def the_decoder_may_die(ours, server):
    command = 'SEARCH CHARSET UTF-8 BODY "日本 text"'
    ours.do('SELECT Test')
    before = answers(ours, command)
    assert len(before[0][0]) == 3 and len(decoder_of(server)) == 1, before
    os.kill(decoder_of(server)[0], signal.SIGKILL)
    assert answers(ours, command) == before


def main():
    if not dovecot.installed():
        print('SKIP: no dovecot')
        sys.exit(77)
    messages = files('data/demo') + [(name, raw.replace(b'\n', b'\r\n')) for name, raw in MADE.items()]
    with tempfile.TemporaryDirectory() as place, dovecot.Dovecot() as other:
        server = Tmaild(place, '--user', 'jane:pw')
        try:
            ours, theirs = Imap(server.ports['imap']), Imap(other.port)
            for imap in (ours, theirs):
                fill(imap, messages)
            structures_are_the_same(ours, theirs, messages)
            commands_are_answered_alike(ours, theirs, [f'{uid}SEARCH {keys}' for uid in ('', 'UID ') for keys in re.split(r'[|\n]', SEARCHES)])
            commands_are_answered_alike(ours, theirs, [f'{uid}SORT ({order}) UTF-8 ALL' for uid in ('', 'UID ') for order in ORDERS.split('|')])
            commands_are_answered_alike(ours, theirs, [f'{uid}THREAD {way} UTF-8 {keys}' for uid in ('', 'UID ') for keys in ('ALL', 'NOT SEEN', 'SUBJECT x')
                                                       for way in ('REFERENCES', 'ORDEREDSUBJECT')])
            sections_are_the_same(ours, theirs, messages)
            mixed_mail_is_the_same(ours, theirs)
            anything_is_told(ours)
            rev2_is_answered_so(server)
            the_decoder_may_die(ours, server)
            large_messages_are_whole(ours)
        finally:
            server.stop()
    print('ok')


if __name__ == '__main__':
    main()
