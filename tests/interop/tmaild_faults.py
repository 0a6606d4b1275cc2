#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What tmaild does wrong on demand: each fault and each personality, as a client sees it."""
import imaplib
import os
import poplib
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.join(os.environ.get('top_builddir', '.'), 'tmaild')
ENVIRONMENT = dict(os.environ, LC_ALL='C')
MESSAGE = 'MAIL FROM:<a@b.c>\r\nRCPT TO:<xxx>\r\nDATA\r\n'
TEXT = 'Subject: x\r\n\r\nbody\r\n.\r\n'


class Server:
    def __init__(self, root, *options):
        self.root = root
        ports = os.path.join(root, 'ports')
        self.process = subprocess.Popen(
            [PROGRAM, '--root', root, '--user', 'xxx:pw', '--port-file', ports, '--log', os.path.join(root, 'log'),
             *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
        deadline = time.monotonic() + 20
        while not os.path.exists(ports):
            assert self.process.poll() is None and time.monotonic() < deadline, 'does not start'
            time.sleep(0.005)
        with open(ports) as f:
            self.ports = {k: int(v) for k, v in (line.split() for line in f)}

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.process.terminate()
        assert self.process.wait(20) == 0 or why[0], 'tmaild did not end well'

    def connect(self, port):
        s = socket.create_connection(('127.0.0.1', self.ports[port]), 20)
        return s, s.makefile('rb')

    def talk(self, port, text):
        """Sends all at once and returns what comes back until the end."""
        s, f = self.connect(port)
        with s, f:
            try:
                s.sendall(text.encode())
                s.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            answer = b''
            try:
                while chunk := f.read1(65536):
                    answer += chunk
            except ConnectionError:
                pass
            return answer.decode()

    def command(self, *words):
        r = subprocess.run([PROGRAM, *words, '--root', self.root], capture_output=True, text=True, env=ENVIRONMENT)
        return r.returncode, r.stdout + r.stderr

    def mails(self):
        p = poplib.POP3('127.0.0.1', self.ports['pop3'], timeout=20)
        p.user('xxx')
        p.pass_('pw')
        n = p.stat()[0]
        p.quit()
        return n

    def send(self):
        with smtplib.SMTP('127.0.0.1', self.ports['smtp'], timeout=20) as s:
            s.sendmail('a@b.c', ['xxx'], TEXT[:-3])


def codes(answer):
    return ' '.join(re.findall(r'^([0-9]{3}|\+OK|-ERR)(?:[ ].*)?\r?$', answer, re.M))


def statuses(answer):
    return ' '.join(a + ' ' + b for a, b in re.findall(r'^(\w) (OK|NO|BAD)', answer, re.M))


IN = 'a LOGIN xxx pw\r\n'
E = 'EHLO h\r\n'
POP = 'USER xxx\r\nPASS pw\r\n'
# rules; mails in the mailbox; port; what is said; a pattern that the answer must have; one that it must not have
ROWS = [
    ('smtp.rcpt=450', 0, 'smtp', E + MESSAGE, r'^450 4\.3\.0 .*\r\n503 ', '354'),
    ('smtp.rcpt=552 5.2.2 over: quota', 0, 'smtp', E + MESSAGE, r'^552 5\.2\.2 over: quota\r\n', '354'),
    ('smtp.rcpt=450:every=2', 0, 'smtp', E + 'MAIL FROM:<>\r\n' + 'RCPT TO:<xxx>\r\n' * 4, r'250 2.1.5.*\r\n450 .*\r\n250 2.1.5.*\r\n450', None),
    ('smtp.rcpt=450:first=2', 0, 'smtp', E + 'MAIL FROM:<>\r\n' + 'RCPT TO:<xxx>\r\n' * 3, r'450 .*\r\n450 .*\r\n250', None),
    ('smtp.rcpt=450:after=2', 0, 'smtp', E + 'MAIL FROM:<>\r\n' + 'RCPT TO:<xxx>\r\n' * 3, r'250 2.1.5.*\r\n250 2.1.5.*\r\n450', None),
    ('smtp.rcpt=450:with=postmaster', 0, 'smtp', E + 'MAIL FROM:<>\r\nRCPT TO:<xxx>\r\nRCPT TO:<postmaster>\r\n', r'250 2.1.5.*\r\n450', None),
    ('smtp.rcpt=450:without=xxx', 0, 'smtp', E + 'MAIL FROM:<>\r\nRCPT TO:<xxx>\r\nRCPT TO:<postmaster>\r\n', r'250 2.1.5.*\r\n450', None),
    ('smtp.mail=451:user=xxx', 0, 'submission', E + 'MAIL FROM:<>\r\nRSET\r\nAUTH PLAIN AHh4eABwdw==\r\nMAIL FROM:<>\r\n', r'250 2.1.0[\s\S]*235 .*\r\n451', None),
    ('smtp.connect=421', 0, 'smtp', E, r'^421 4\.3\.0 .*\r\n\Z', '220'),
    ('smtp.connect=close', 0, 'smtp', E, r'^\Z', None),
    ('*.connect=close', 0, 'imap', IN, r'^\Z', None),
    ('smtp.mail=close', 0, 'smtp', E + 'MAIL FROM:<>\r\n', r'ENHANCEDSTATUSCODES\r\n\Z', None),
    ('smtp.mail=421 4.3.2 going', 0, 'smtp', E + 'MAIL FROM:<>\r\nNOOP\r\n', r'421 4.3.2 going\r\n\Z', None),
    ('smtp.connect=cut=10', 0, 'smtp', E, r'^220 .{6}\Z', None),
    ('smtp.ehlo=cut=7', 0, 'smtp', E, r'\r\n250-.{3}\Z', None),
    ('smtp.any=502', 0, 'smtp', E + 'HELO h\r\n', r'^220.*\r\n502.*\r\n502', None),
    ('smtp.dot=450', 0, 'smtp', E + MESSAGE + TEXT + 'NOOP\r\n', r'354.*\r\n450.*\r\n250 ', None),
    ('smtp.dot=drop', 1, 'smtp', E + MESSAGE + TEXT, r'354.*\r\n\Z', None),
    ('smtp.dot=450:every=2', 3, 'smtp', E + (MESSAGE + TEXT) * 5, r'354.*\r\n250 .*\r\n(250.*\r\n){2}354.*\r\n450 ', None),
    ('smtp.dot=drop:after=1', 2, 'smtp', E + (MESSAGE + TEXT) * 3, r'354.*\r\n250 [\s\S]*354.*\r\n\Z', None),
    ('smtp.dot=dropbefore', 0, 'smtp', E + MESSAGE + TEXT, r'354.*\r\n\Z', None),
    ('smtp.bdat=452', 0, 'smtp', E + 'MAIL FROM:<>\r\nRCPT TO:<xxx>\r\nNOOP\r\nBDAT 0 LAST\r\n', r'452', None),
    ('smtp.rcpt=greylist', 0, 'smtp', E + 'MAIL FROM:<>\r\n' + 'RCPT TO:<xxx>\r\n' * 2 + 'RCPT TO:<postmaster>\r\n', r'450 4.7.1.*\r\n250 2.1.5.*\r\n450', None),
    ('smtp.offer=hide=PIPELINING,DSN', 0, 'smtp', E, r'8BITMIME', r'PIPELINING|DSN'),
    ('smtp.offer=hide=ENHANCEDSTATUSCODES', 0, 'smtp', E, r'\r\n250 [^-]*\r\n\Z', 'ENHANCED'),
    ('smtp.offer=hide=PLAIN,LOGIN', 0, 'submission', E, r'250.AUTH CRAM-MD5 SCRAM-SHA-256\r\n', None),
    ('tls=none', 0, 'smtp', E + 'STARTTLS\r\n', r'250', 'STARTTLS\r|220 2'),
    ('smtp.starttls=454', 0, 'smtp', E + 'STARTTLS\r\n', r'454', None),
    ('smtp.starttls=inject', 0, 'smtp', E + 'STARTTLS\r\n', r'220.*\r\n250 injected\r\n', None),
    ('imap.starttls=inject', 0, 'imap', 'a STARTTLS\r\n', r'a OK.*\r\n\* OK injected\r\n', None),
    ('pop3.stls=inject', 0, 'pop3', 'STLS\r\n', r'\+OK.*\r\n\+OK injected\r\n', None),
    ('disk=full', 0, 'smtp', E + MESSAGE, r'452 4\.3\.1', '354'),
    ('disk=full', 1, 'imap', IN + 'b SELECT INBOX\r\nc COPY 1 INBOX\r\n', r'c NO \[OVERQUOTA\]', None),
    ('imap.select=NO gone', 0, 'imap', IN + 'b SELECT INBOX\r\nc NOOP\r\n', r'b NO gone\r\nc OK', None),
    ('imap.noop=BAD', 0, 'imap', IN + 'b NOOP\r\nc CHECK\r\n', r'b BAD as asked for\r\nc', None),
    ('imap.noop=BYE', 0, 'imap', IN + 'b NOOP\r\nc NOOP\r\n', r'\* BYE as asked for\r\n\Z', None),
    ('imap.noop=BYE tired', 0, 'imap', IN + 'b NOOP\r\nc NOOP\r\n', r'\* BYE tired\r\n\Z', None),
    ('imap.fetch=literal=+5', 1, 'imap', IN + 'b SELECT INBOX\r\nc FETCH 1 BODY[TEXT]\r\n', r'BODY\[TEXT\] \{11\}\r\nbody', None),
    ('imap.fetch=literal=-2', 1, 'imap', IN + 'b SELECT INBOX\r\nc FETCH 1 BODY[TEXT]\r\n', r'BODY\[TEXT\] \{4\}\r\nbody', None),
    ('imap.fetch=expunge', 1, 'imap', IN + 'b SELECT INBOX\r\nc FETCH 1 FLAGS\r\n', r'\* 1 EXPUNGE\r\n\* 1 FETCH', None),
    ('imap.noop=untagged', 0, 'imap', IN + 'b NOOP\r\n', r'\* BOGUS', None),
    ('imap.select=uidnext=1000', 2, 'imap', IN + 'b SELECT INBOX\r\n', r'UIDNEXT 1\]', None),
    ('imap.fetch=size=+9', 1, 'imap', IN + 'b SELECT INBOX\r\nc FETCH 1 RFC822.SIZE\r\n', r'RFC822.SIZE \d+', None),
    ('imap.offer=hide=IDLE,AUTH=PLAIN,UIDPLUS', 0, 'imap', IN + 'b CAPABILITY\r\n', r'CAPABILITY IMAP4rev1', r'IDLE|AUTH=PLAIN|UIDPLUS'),
    ('imap.append=NO no', 0, 'imap', IN + 'b APPEND INBOX {9+}\r\nb NOOP\r\n\r\n\r\nc NOOP\r\n', r'^b NO no\r\nc OK', 'BAD|b OK'),
    ('imap.append=NO no', 0, 'imap', IN + 'b APPEND INBOX {9}\r\nc NOOP\r\n', r'^b NO no\r\nc OK', r'\n\+ '),
    ('disk=full', 0, 'imap', IN + 'b APPEND INBOX {3+}\r\nabc\r\n', r'b NO \[OVERQUOTA\]', 'b OK'),
    ('imap.any=BYE gone', 0, 'imap', IN + 'b NOOP\r\n', r'\* BYE gone\r\n\Z', None),
    ('pop3.retr=-ERR [SYS/TEMP] later', 1, 'pop3', POP + 'RETR 1\r\nNOOP\r\n', r'-ERR \[SYS/TEMP\] later\r\n\+OK', None),
    ('pop3.retr=cut=20', 1, 'pop3', POP + 'RETR 1\r\n', r'octets\)\r\n[\s\S]{20}\Z', None),
    ('pop3.offer=hide=TOP,UIDL', 0, 'pop3', 'CAPA\r\n', r'PIPELINING', r'TOP|UIDL'),
    ('pop3.list=size=+1000', 1, 'pop3', POP + 'LIST\r\nLIST 1\r\n', r'\r\n1 1\d{3}\r\n\.\r\n\+OK 1 1\d{3}\r\n', None),
]
PERSONALITIES = [
    ('netease', 'imap', IN + 'b SELECT INBOX\r\nc ID NIL\r\nd SELECT INBOX\r\n', r'b NO SELECT Unsafe Login[\s\S]*d OK', 'SASL-IR'),
    ('outlook', 'imap', 'a CAPABILITY\r\n' + IN, r'a NO LOGIN failed', 'AUTH=PLAIN|AUTH=SCRAM'),
    ('outlook', 'submission', E + 'AUTH PLAIN AHh4eABwdw==\r\n', r'535 5\.7\.139', 'PLAIN'),
    ('outlook', 'imap', 'a AUTHENTICATE XOAUTH2 dXNlcj14eHgBYXV0aD1CZWFyZXIgdG9rZW4BAQ==\r\n', r'a OK', None),
    ('gmail', 'submission', E + 'AUTH PLAIN AHh4eABwdw==\r\n', r'534 5\.7\.9', None),
    ('gmail', 'imap', IN, r'a NO \[ALERT\] Application', None),
    ('yahoo', 'smtp', E + 'MAIL FROM:<>\r\nRSET\r\n' * 21, r'451 4\.7\.1', None),
    ('icloud', 'imap', 'a LOGIN xxx@localhost pw\r\nb LOGIN xxx pw\r\n', r'a NO[\s\S]*b OK', None),
    ('exchange', 'pop3', 'CAPA\r\n' + POP + 'LIST\r\nTOP 1 0\r\n', r'-ERR Command', r'\r\nTOP\r\n'),
    ('basic-imap', 'imap', IN + 'b CAPABILITY\r\nc IDLE\r\n', r'CAPABILITY IMAP4rev1[^\r]*\r\nb OK[\s\S]*c BAD', r'IDLE|UIDPLUS|QRESYNC|IMAP4rev2|BINARY'),
    ('no-uidplus', 'imap', IN + 'b CAPABILITY\r\n', r'b OK', r'UIDPLUS|MOVE'),
    ('no-list-extended', 'imap', IN + 'b LIST "" "*" RETURN (SPECIAL-USE)\r\nc LIST "" "*"\r\n', r'b BAD[\s\S]*c OK', 'LIST-STATUS'),
    ('ascii-search', 'imap', IN + 'b SELECT INBOX\r\nc SEARCH CHARSET UTF-8 ALL\r\nd SEARCH ALL\r\n', r'c NO \[BADCHARSET[\s\S]*d OK', None),
    ('postgrey', 'smtp', E + 'MAIL FROM:<>\r\nRCPT TO:<xxx>\r\n', r'450 4\.7\.1', None),
    ('tarpit', 'smtp', 'QUIT\r\n', r'^220.*\r\n221', None),
    ('old-smtp', 'smtp', E + 'STARTTLS\r\n', r'502', r'PIPELINING|STARTTLS\r'),
    ('helo-only', 'smtp', E + 'HELO h\r\n', r'^220.*\r\n502.*\r\n250', None),
    ('short-lived', 'imap', IN + 'b NOOP\r\n' * 60, r'\* BYE Session expired', None),
    ('throttled', 'imap', 'a NOOP\r\n', r'^\* OK', None),
]


def check(name, answer, want, unwanted):
    assert re.search(want, answer, re.M), (name, want, answer)
    assert not unwanted or not re.search(unwanted, answer), (name, unwanted, answer)


def rows():
    with tempfile.TemporaryDirectory() as root, Server(root) as s:
        for rule, mails, port, said, want, unwanted in ROWS:
            with_mails(s, mails if port != 'smtp' else 0)
            code, text = s.command('fault', 'add', rule)
            assert code == 0, (rule, text)
            check(rule, s.talk(port, said), want, unwanted)
            code, text = s.command('fault', 'list')
            assert code == 0 and text.startswith(rule + '\t'), text
            assert s.command('fault', 'clear')[0] == 0
            if port == 'smtp':
                assert s.mails() == mails, (rule, s.mails())


def with_mails(s, n):
    p = poplib.POP3('127.0.0.1', s.ports['pop3'], timeout=20)
    p.user('xxx')
    p.pass_('pw')
    for i in range(p.stat()[0]):
        p.dele(i + 1)
    p.quit()
    for _ in range(n):
        s.send()


def personalities():
    for name, port, said, want, unwanted in PERSONALITIES:
        with tempfile.TemporaryDirectory() as root, \
                Server(root, '--personality', name, '--oauth-token', 'xxx:token') as s:
            check(name, s.talk(port, said), want, unwanted)


def certificates():
    for fault, reason in (None, None), ('tls=expired', 'expired'), ('tls=othername', 'mismatch'):
        with tempfile.TemporaryDirectory() as root, Server(root, *(('--fault', fault) if fault else ())) as s:
            context = ssl.create_default_context(cafile=os.path.join(root, 'tls', 'ca.pem'))
            try:
                with socket.create_connection(('127.0.0.1', s.ports['imaps']), 20) as plain, \
                        context.wrap_socket(plain, server_hostname='localhost'):
                    assert fault is None, fault
            except ssl.SSLCertVerificationError as e:
                assert fault and reason in str(e), (fault, e)


def uidvalidity():
    with tempfile.TemporaryDirectory() as root, Server(root, '--fault', 'imap.select=uidvalidity') as s:
        answer = s.talk('imap', IN + 'b SELECT INBOX\r\nc SELECT INBOX\r\n')
        first, second = re.findall(r'UIDVALIDITY (\d+)', answer)
        assert int(second) == int(first) + 1, answer


def delays():
    """Only that it is later than without; how much is not asked."""
    with tempfile.TemporaryDirectory() as root, \
            Server(root, '--fault', 'smtp.noop=delay=300', '--fault', 'smtp.help=slow=500') as s:
        began = time.monotonic()
        answer = s.talk('smtp', 'NOOP\r\nQUIT\r\n')
        assert time.monotonic() - began >= 0.3 and codes(answer) == '220 250 221', answer
        began = time.monotonic()
        answer = s.talk('smtp', 'HELP\r\nQUIT\r\n')
        assert time.monotonic() - began >= 0.2 and '221' in codes(answer), answer


def literals():
    """A literal of APPEND is no command, whatever it looks like."""
    with tempfile.TemporaryDirectory() as root, Server(root, '--fault', 'imap.noop=BAD no') as s:
        text = 'Subject: x\r\n\r\nc NOOP\r\n'
        answer = s.talk('imap', IN + f'b APPEND INBOX {{{len(text)}+}}\r\n{text}\r\nd NOOP\r\n')
        assert re.search(r'b OK.*\r\nd BAD no', answer), answer
        assert s.mails() == 1
        answer = s.talk('smtp', E + MESSAGE + 'Subject: x\r\n\r\nNOOP\r\n.\r\nQUIT\r\n')
        assert codes(answer) == '220 250 250 250 354 250 221', answer


def lmtp():
    """One answer for each recipient, what is refused included."""
    with tempfile.TemporaryDirectory() as root, Server(root, '--lmtp', '0', '--fault', 'smtp.dot=450:first=1') as s:
        mail = 'MAIL FROM:<a@b.c>\r\nRCPT TO:<xxx>\r\nRCPT TO:<postmaster>\r\nDATA\r\n' + TEXT
        answer = s.talk('lmtp', 'LHLO h\r\n' + mail + mail + 'QUIT\r\n')
        assert codes(answer).endswith('250 250 250 354 450 450 250 250 250 354 250 250 221'), answer


def helps():
    for option in '--fault', '--personality':
        r = subprocess.run([PROGRAM, option, 'help'], capture_output=True, text=True, env=ENVIRONMENT)
        assert r.returncode == 0 and ('smtp' in r.stdout), r
        for wrong in 'x', 'smtp.rcpt', 'smtp.rcpt=', 'smtp.rcp=450', 'smtp.rcpt=45', 'smtp.rcpt=450:every=0', \
                'imap.fetch=450', 'tls=450', 'smtp.rcpt=drop', 'smtp.dot=cut=-1', 'pop3.list=literal=1':
            r = subprocess.run([PROGRAM, option, wrong], capture_output=True, text=True, env=ENVIRONMENT)
            assert r.returncode == 64, (option, wrong, r)


for test in helps, rows, personalities, certificates, uidvalidity, delays, literals, lmtp:
    test()
    print('ok', test.__name__, flush=True)
