#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild from the outside: the dialogues as people type them, real clients, hostile ones, and kill -9."""
import imaplib
import mailbox
import os
import re
import resource
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM = os.path.join(os.environ.get('top_builddir', '.'), 'tmaild')


running = []


class Server:
    def __init__(self, root, *options):
        self.root = root
        self.ports_file = os.path.join(root, 'ports')
        if os.path.exists(self.ports_file):
            os.unlink(self.ports_file)
        self.process = subprocess.Popen(
            [PROGRAM, '--root', root, '--smtp', '0', '--submission', '0', '--imap', '0', '--pop3', '0',
             '--port-file', self.ports_file, '--log', os.path.join(root, 'log'), *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        running.append(self.process)
        deadline = time.monotonic() + 10
        while not os.path.exists(self.ports_file):
            assert self.process.poll() is None and time.monotonic() < deadline, 'does not start'
            time.sleep(0.005)
        with open(self.ports_file) as f:
            self.ports = {k: int(v) for k, v in (line.split() for line in f)}

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(10)

    def talk(self, data, port='smtp'):
        """Sends all at once, as nc does, and returns all that comes back."""
        with socket.create_connection(('127.0.0.1', self.ports[port]), 10) as s:
            s.sendall(data)
            answer = b''
            while chunk := s.recv(65536):
                answer += chunk
            return answer.decode()

    def imap(self, name='xxx', password='pw'):
        m = imaplib.IMAP4('127.0.0.1', self.ports['imap'], timeout=10)
        m.login(name, password)
        return m

    def messages(self, name='xxx', password='pw', folder='INBOX'):
        m = self.imap(name, password)
        n = int(m.select(folder)[1][0])
        got = [m.fetch(str(i + 1), '(BODY.PEEK[])')[1][0][1] for i in range(n)]
        m.logout()
        return got


def with_server(*options):
    def wrap(test):
        def run():
            with tempfile.TemporaryDirectory() as root:
                s = Server(root, *options)
                try:
                    test(s)
                finally:
                    assert s.stop() == 0, 'tmaild did not end well'
        run.__name__ = test.__name__
        return run
    return wrap


def body_of(message):
    return message.split(b'\r\n\r\n', 1)[1]


FIRST = ['helo wxs.nl', 'mail from:test@test.nl', 'rcpt to:xxx@wxs.nl', 'data',
         'Dit is een voorbeeld.', '.', 'quit', '']
SECOND = ['helo test', 'mail from: test@sample.com', 'rcpt to: jsmith@mindspring.com', 'data',
          'from: test@sample.com', 'to:jsmith@mindspring.com', 'subject: testing',
          'John, I am testing...', '.', 'quit', '']


def check_dialogues(s, end):
    got = s.talk(end.join(FIRST).encode())
    want = [r'220 .*', r'250 .*', r'250 2\.1\.0 test@test\.nl\.\.\. Sender ok',
            r'250 2\.1\.5 xxx@wxs\.nl\.\.\. Recipient ok', r'354 .*',
            r'250 2\.0\.0 \S+ Message accepted for delivery', r'221 2\.0\.0 .* closing connection']
    lines = got.split('\r\n')[:-1]
    assert len(lines) == len(want), got
    for line, pattern in zip(lines, want):
        assert re.fullmatch(pattern, line), (line, pattern)
    assert '250 2.0.0 ' in s.talk(end.join(SECOND).encode())
    first = s.messages('xxx', 'any')
    assert len(first) == 1 and body_of(first[0]) == b'Dit is een voorbeeld.\r\n', first
    assert b'\r\nFrom: test@test.nl\r\n' in first[0] and b'\r\nDate: ' in first[0]
    second = s.messages('jsmith', 'any')
    assert len(second) == 1 and body_of(second[0]) == b'John, I am testing...\r\n', second
    assert b'\r\nsubject: testing\r\n' in second[0]


@with_server('--accept-any')
def test_dialogues_lf(s):
    check_dialogues(s, '\n')


@with_server('--accept-any')
def test_dialogues_crlf(s):
    check_dialogues(s, '\r\n')


@with_server('--domain', 'wxs.nl', '--user', 'xxx:pw')
def test_all_commands(s):
    got = s.talk(b'HELP\r\nNOOP\r\nvrfy xxx\r\nexpn list\r\nverb\r\nEHLO me\r\nrset\r\nDATA\r\nnonsense\r\nquit\r\n')
    codes = [line[:3] for line in got.split('\r\n') if line[3:4] == ' ']
    assert codes == ['220', '214', '250', '252', '550', '250', '250', '250', '503', '500', '221'], got
    for word in ('PIPELINING', 'SIZE', '8BITMIME', 'ENHANCEDSTATUSCODES'):
        assert word in got, word


@with_server('--domain', 'wxs.nl', '--user', 'xxx:pw')
def test_no_relay(s):
    for rcpt in ('a@elsewhere.org', 'a%elsewhere.org@wxs.nl', 'elsewhere.org!a@wxs.nl',
                 '@wxs.nl:a@elsewhere.org', '"a@elsewhere.org"@wxs.nl', '"a@elsewhere.org"', 'nobody@wxs.nl'):
        got = s.talk(('helo x\r\nmail from:<>\r\nrcpt to:<%s>\r\ndata\r\nquit\r\n' % rcpt).encode())
        codes = [line[:3] for line in got.split('\r\n')]
        assert codes[3][0] == '5' and codes[4] == '503', (rcpt, got)
    assert '553' in s.talk(b'helo x\r\nmail from:<;id;>\r\nquit\r\n')


@with_server('--domain', 'wxs.nl', '--user', 'xxx:pw')
def test_smuggling(s):
    head = b'EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<xxx@wxs.nl>\r\nDATA\r\nSubject: x\r\n\r\ntext'
    inner = b'MAIL FROM:<evil@b.c>\r\nRCPT TO:<xxx@wxs.nl>\r\nDATA\r\nSubject: evil\r\n\r\nevil\r\n.\r\n'
    for end in (b'\n.\n', b'\n.\r\n', b'\r.\r', b'\r\n.\n', b'\r\n.\r', b'\r.\r\n', b'\n.\r'):
        s.talk(head + end + inner + b'\r\n.\r\nQUIT\r\n')
        assert s.messages() == [], end  # nothing delivered
    # A bare LF among the commands of a CRLF session.
    got = s.talk(b'EHLO me\r\nNOOP\nNOOP\r\nQUIT\r\n')
    assert '\r\n500 ' in got and '\r\n221 ' not in got, got


@with_server('--domain', 'wxs.nl', '--user', 'xxx:pw')
def test_long_lines(s):
    got = s.talk(b'x' * 10_000_000 + b'\r\nNOOP\r\nQUIT\r\n')
    assert [line[:3] for line in got.split('\r\n')] == ['220', '500', '250', '221', ''], got


@with_server('--domain', 'wxs.nl', '--user', 'xxx:pw', '--user', 'yyy:pw')
def test_smtplib_and_bytes(s):
    hard = (b'Subject: hard\r\nFrom: a@b.c\r\nTo: d@e.f\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n'
            b'Message-ID: <1@b.c>\r\n\r\nFrom the start\r\n>From here\r\n>>From there\r\n.\r\n..\r\n'
            b'\xff\xfe8-bit\r\n' + b'long' * 5000 + b'\r\nFrom a@b Thu Jan  1 00:00:00 2026\r\n\r\nend\r\n')
    with smtplib.SMTP('127.0.0.1', s.ports['submission']) as c:
        c.ehlo()
        c.login('xxx', 'pw')
        c.sendmail('a@b.c', ['xxx@wxs.nl', 'yyy@wxs.nl'], hard)
    with smtplib.SMTP('127.0.0.1', s.ports['smtp']) as c:  # nobody logged in
        try:
            c.sendmail('a@b.c', ['zzz@elsewhere.org'], hard)
            raise AssertionError('relayed')
        except smtplib.SMTPRecipientsRefused as e:
            assert e.recipients['zzz@elsewhere.org'][0] == 550
    for name in ('xxx', 'yyy'):
        got = s.messages(name)
        assert len(got) == 1 and got[0].endswith(b'\r\n' + hard), got[0][:500]
    with smtplib.SMTP('127.0.0.1', s.ports['submission']) as c:
        try:
            c.login('xxx', 'wrong')
            raise AssertionError('logged in')
        except smtplib.SMTPAuthenticationError as e:
            assert e.smtp_code == 535


@with_server('--domain', 'wxs.nl', '--user', 'xxx:pw')
def test_imap(s):
    m = s.imap()
    assert m.create('Sent')[0] == 'OK' and m.create('A/B')[0] == 'OK'
    assert m.create('A/../B')[0] == 'NO' and m.create('.x')[0] == 'NO' and m.create('Sent')[0] == 'NO'
    names = b'\n'.join(m.list()[1])
    assert b'\\Sent) "/" Sent' in names and b'"/" A/B' in names and b'\\Noselect) "/" A' in names
    messages = [b'a: b\r\n\r\nFrom x\r\n', b'no end', b'', b'Subject: s\r\nFrom: Joe <joe@x.y>\r\n\r\nz' * 3]
    for n, text in enumerate(messages):
        typ, data = m.append('Sent', '\\Seen $Forwarded', '"01-Feb-2020 10:00:00 +0100"', text.replace(b'\r\n', b'\n'))
        assert typ == 'OK' and b'APPENDUID' in data[0] and data[0].split()[2] == b'%d]' % (n + 1)
    assert m.select('Sent')[1] == [b'4']
    for n, text in enumerate(messages):
        item = m.fetch(str(n + 1), '(RFC822.SIZE INTERNALDATE FLAGS BODY.PEEK[])')[1][0]
        assert item[1] == text and b'RFC822.SIZE %d ' % len(text) in item[0], item
        assert b'01-Feb-2020 09:00:00 +0000' in item[0] and b'$Forwarded' in item[0]
    assert m.fetch('4', 'BODY.PEEK[HEADER.FIELDS (SUBJECT)]<0.10>')[1][0][1] == b'Subject: s'
    assert m.uid('SEARCH', 'HEADER', 'From', 'joe')[1] == [b'4']
    assert m.search(None, 'NOT', 'SUBJECT', 's', 'SINCE', '1-Feb-2020')[1] == [b'1 2 3']
    assert m.search(None, 'BEFORE', '1-Feb-2020')[1] == [b'']
    assert m.store('2:3', '-FLAGS.SILENT', '(\\Seen)')[1] == [None]
    assert b'UNSEEN 2' in m.status('Sent', '(MESSAGES UNSEEN)')[1][0]
    assert m.uid('COPY', '1,3:4', 'INBOX')[0] == 'OK' and m.uid('MOVE', '2', 'A/B')[0] == 'OK'
    assert m.copy('1', 'nowhere')[0] == 'NO'
    assert m.rename('A', 'C')[0] == 'NO' and m.rename('A/B', 'Entw&APw-rfe')[0] == 'OK'
    assert os.path.exists(os.path.join(s.root, 'mail/xxx/Entwürfe.mbox'))
    m.select('"Entw&APw-rfe"')
    assert m.fetch('1', '(BODY.PEEK[])')[1][0][1] == b'no end'
    m.close()
    assert m.delete('"Entw&APw-rfe"')[0] == 'OK' and m.delete('INBOX')[0] == 'NO'
    assert m.select('"Entw&APw-rfe"')[0] == 'NO'
    m.logout()


@with_server('--domain', 'wxs.nl', '--user', 'xxx:pw')
def test_wrong_password(s):
    m = imaplib.IMAP4('127.0.0.1', s.ports['imap'])
    started = time.monotonic()
    try:
        m.login('xxx', 'no')
        raise AssertionError('logged in')
    except imaplib.IMAP4.error as e:
        assert 'AUTHENTICATIONFAILED' in str(e)
    assert time.monotonic() - started > 0.9
    m.login('xxx@wxs.nl', 'pw')
    m.logout()


def read_until(sock, word, got=b''):
    while word not in got:
        chunk = sock.recv(65536)
        assert chunk, got
        got += chunk
    return got


@with_server('--domain', 'wxs.nl', '--user', 'xxx:pw')
def test_two_sessions(s):
    a = s.imap()
    a.select()
    with socket.create_connection(('127.0.0.1', s.ports['imap']), 10) as b:
        b.sendall(b'1 LOGIN xxx {2+}\r\npw\r\n2 SELECT INBOX\r\n3 IDLE\r\n')
        read_until(b, b'+ idling')
        with smtplib.SMTP('127.0.0.1', s.ports['smtp']) as c:
            started = time.monotonic()
            c.sendmail('a@b.c', ['xxx@wxs.nl'], b'Subject: x\r\n\r\nx\r\n')
            read_until(b, b'* 1 EXISTS')
            assert time.monotonic() - started < 1
            c.sendmail('a@b.c', ['xxx@wxs.nl'], b'Subject: y\r\n\r\ny\r\n')
            read_until(b, b'* 2 EXISTS')
        assert a.noop()[0] == 'OK' and a.response('EXISTS')[1][-1] == b'2'
        a.store('1', '+FLAGS', '\\Flagged')
        read_until(b, b'* 1 FETCH (UID 1 FLAGS (\\Flagged))')
        a.store('1', '+FLAGS', '\\Deleted')
        a.expunge()
        read_until(b, b'* 1 EXPUNGE')
        # During FETCH no message loses its number.
        b.sendall(b'DONE\r\n')
        read_until(b, b'3 OK')
        a.store('1', '+FLAGS', '\\Deleted')
        a.expunge()
        b.sendall(b'4 FETCH 1 (FLAGS BODY.PEEK[])\r\n')
        got = read_until(b, b'\r\n4 ')
        assert b'EXPUNGE\r\n' not in got, got
        b.sendall(b'5 NOOP\r\n')
        assert b'* 1 EXPUNGE' in read_until(b, b'5 OK')
    a.logout()


@with_server('--domain', 'wxs.nl', '--user', 'xxx:pw')
def test_hostile_imap(s):
    with socket.create_connection(('127.0.0.1', s.ports['imap']), 10) as b:
        b.sendall(b'1 LOGIN {9000}\r\n')
        assert b'1 NO' in read_until(b, b'\r\n1 ')
        b.sendall(b'2 LOGIN xxx "p\0w"\r\n')
        read_until(b, b'BAD')
        b.sendall(b'3 SELECT INBOX\r\n')
        read_until(b, b'3 BAD')
        b.sendall(b'4 LOGIN {9000+}\r\n' + b'x' * 9000 + b' pw\r\n')
        read_until(b, b'4 ')
        b.sendall(b'5 LOGIN xxx pw\r\n6 SELECT INBOX\r\n7 SEARCH ' + b'(' * 1000 + b'\r\n')
        read_until(b, b'BAD')
        b.sendall(b'8 NOOP\r\n')
        read_until(b, b'8 OK')


@with_server('--domain', 'wxs.nl', '--user', 'xxx:pw')
def test_files_are_plain_mbox(s):
    with smtplib.SMTP('127.0.0.1', s.ports['smtp']) as c:
        for n in range(3):
            c.sendmail('a@b.c', ['xxx@wxs.nl'], b'Subject: s%d\r\n\r\nFrom me\r\n' % n)
    m = s.imap()
    m.select()
    m.store('2', '+FLAGS', '(\\Seen \\Flagged)')
    m.store('3', '+FLAGS', '\\Deleted')
    m.close()
    m.logout()
    path = os.path.join(s.root, 'mail/xxx/INBOX')
    box = mailbox.mbox(path)
    assert [b['Subject'] for b in box] == ['s0', 's1'] and box[1].get_flags().strip() == 'ROF'
    assert box[0].get_payload() == '>From me\n'
    box.add('Subject: added\n\nby another program\n')
    box.flush()
    got = s.messages()
    assert len(got) == 3 and got[2] == b'Subject: added\r\n\r\nby another program\r\n'
    assert body_of(got[0]) == b'From me\r\n'


@with_server('--domain', 'wxs.nl', '--user', 'xxx:pw')
def test_silent_connections(s):
    resource.setrlimit(resource.RLIMIT_NOFILE, (2048, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    logged_in = s.imap()
    silent = [socket.create_connection(('127.0.0.1', s.ports['imap']), 10) for _ in range(1100)]
    assert silent[-1].recv(1000)  # all are in; what a further one costs
    started = time.monotonic()
    assert s.messages() == []
    assert time.monotonic() - started < 1
    # The oldest of those that said nothing made room; whoever is logged in stays.
    while silent[0].recv(1000):
        pass
    assert logged_in.noop()[0] == 'OK'
    for c in silent:
        c.close()


@with_server('--domain', 'wxs.nl', '--user', 'xxx:pw')
def test_header_without_end(s):
    """More header than anybody needs is refused before it is all here; a long body is not."""
    big, line = 20_000_000, b'X-Y: ' + b'z' * 70 + b'\r\n'
    header, body = line * (big // len(line)) + b'\r\nx\r\n', b'a: b\r\n\r\n' + line * 50000
    data = b'EHLO me\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<xxx@wxs.nl>\r\nDATA\r\n%s.\r\nQUIT\r\n'
    append = b'1 LOGIN xxx pw\r\n2 APPEND INBOX {%d+}\r\n%s\r\n3 LOGOUT\r\n'
    assert '\r\n552 ' in s.talk(data % header)
    assert '\r\n2 NO ' in s.talk(append % (len(header), header), 'imap')
    with open('/proc/%d/status' % s.process.pid) as f:
        assert int(re.search(r'VmHWM:\s+(\d+) kB', f.read())[1]) < 64 << 10
    assert '\r\n250 2.0.0 ' in s.talk(data % body)
    assert '\r\n2 OK ' in s.talk(append % (len(body), body), 'imap')
    assert [len(m) > len(body) - 1 for m in s.messages()] == [True, True]


@with_server('--accept-any')
def test_planted(s):
    """What somebody put in the place of our files is neither read nor written, and holds nobody up."""
    secret = os.path.join(s.root, 'secret')
    text = b'From a@b Thu Jan  1 00:00:00 1970\nSubject: secret\n\n1795487030 7\n\n'
    with open(secret, 'wb') as f:
        f.write(text)
    plant = {'symlink': lambda to: os.symlink(secret, to), 'link': lambda to: os.link(secret, to), 'pipe': os.mkfifo}
    work = (b'1 LOGIN %s pw\r\n2 SUBSCRIBE Sent\r\n3 LSUB "" *\r\n4 CREATE Sent\r\n5 SELECT Sent\r\n6 SELECT INBOX\r\n'
            b'7 FETCH 1:* BODY[]\r\n8 APPEND INBOX {7+}\r\na: b\r\n\r\n9 UID EXPUNGE 1:*\r\nz LOGOUT\r\n')
    for kind, make in plant.items():
        for n, name in enumerate(('INBOX', '.INBOX.uid', '.INBOX.uid.new', '.INBOX.new', '.subscriptions',
                                  '.subscriptions.new', 'Sent.mbox', '.Sent.mbox.uid')):
            account = '%s%d' % (kind, n)
            os.makedirs(os.path.join(s.root, 'mail', account))
            make(os.path.join(s.root, 'mail', account, name))
            got = s.talk(work % account.encode(), 'imap')
            assert '\r\nz OK' in got and 'secret' not in got, (account, got)
            with open(secret, 'rb') as f:
                assert f.read() == text, (account, name)
    os.symlink(s.root, os.path.join(s.root, 'mail/away'))
    assert '\r\n6 NO' in s.talk(work % b'away', 'imap') and not os.path.exists(os.path.join(s.root, 'INBOX'))


@with_server('--accept-any')
def test_all_or_nobody(s):
    """Where one recipient cannot have the mail, none has it: the sender will come again."""
    mail = b'EHLO me\r\nMAIL FROM:<a@b.c>\r\n%sDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n'
    rcpts = b''.join(b'RCPT TO:<%s@wxs.nl>\r\n' % n for n in (b'one', b'two', b'broken', b'three'))
    os.makedirs(os.path.join(s.root, 'mail/broken/INBOX'))
    assert '\r\n451 ' in s.talk(mail % rcpts)
    assert s.messages('one') == s.messages('two') == []
    os.rmdir(os.path.join(s.root, 'mail/broken/INBOX'))
    assert '\r\n250 2.0.0 ' in s.talk(mail % rcpts)
    for name in ('one', 'two', 'broken', 'three'):
        assert len(s.messages(name)) == 1, name


def test_kill():
    """Whatever was answered with 250 is there exactly once after kill -9."""
    with tempfile.TemporaryDirectory() as root:
        options = ('--accept-any',)
        accepted = []

        def load(s, n):
            try:
                with smtplib.SMTP('127.0.0.1', s.ports['smtp'], timeout=10) as c:
                    for k in range(10000):
                        name = '%d-%d-%d' % (len(accepted), n, k)
                        c.sendmail('a@b.c', ['xxx@wxs.nl'],
                                   b'Subject: %s\r\n\r\n%s\r\n' % (name.encode(), b'From x\r\n' * 500))
                        accepted.append(name.encode())
            except (OSError, smtplib.SMTPException):
                pass

        for pause in (0.15, 0.22, 0.31):
            s = Server(root, *options)
            threads = [threading.Thread(target=load, args=(s, n)) for n in range(3)]
            for t in threads:
                t.start()
            time.sleep(pause)
            s.stop(signal.SIGKILL)
            for t in threads:
                t.join()
        s = Server(root, *options)
        subjects = [re.search(rb'\r\nSubject: (\S+)\r\n', m)[1] for m in s.messages()]
        assert s.stop() == 0
        assert len(subjects) == len(set(subjects)), 'doubled'
        missing = set(accepted) - set(subjects)
        assert not missing and len(accepted) > 10, (len(accepted), missing)


def test_start_and_stop():
    with tempfile.TemporaryDirectory() as root:
        started = time.monotonic()
        s = Server(root, '--accept-any')
        took = time.monotonic() - started
        m = s.imap()
        m.select()
        started = time.monotonic()
        assert s.stop() == 0
        print('start %.0f ms, stop %.0f ms' % (took * 1000, (time.monotonic() - started) * 1000))
        assert time.monotonic() - started < 1


def main():
    wanted = sys.argv[1:]
    for name, test in list(globals().items()):
        if name.startswith('test_') and (not wanted or name in wanted):
            started = time.monotonic()
            test()
            print('ok %s %.2f s' % (name, time.monotonic() - started), flush=True)


try:
    main()
finally:
    for process in running:
        if process.poll() is None:
            process.kill()
