#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Accounts of tmaild: made, changed and removed while it runs; every mechanism by clients that people have; aliases."""
import base64
import hashlib
import hmac
import imaplib
import os
import poplib
import shutil
import smtplib
import stat
import subprocess
import tempfile
import time

PROGRAM = os.path.join(os.environ.get('top_builddir', '.'), 'tmaild')
ENVIRONMENT = dict(os.environ, LC_ALL='C')
HOST = '127.0.0.1'


def tmaild(root, *words, say='', code=0):
    r = subprocess.run([PROGRAM, *words, '--root', root], input=say, text=True, capture_output=True, env=ENVIRONMENT, timeout=60)
    assert r.returncode == code, (words, r)
    return r.stdout


def fails(error, call, *arguments):
    try:
        call(*arguments)
    except error:
        return
    raise AssertionError('this should have failed')


def imap(ports, name, password):
    m = imaplib.IMAP4(HOST, ports['imap'], timeout=30)
    m.login(name, password)
    m.logout()


def pop(ports, name, password, apop=False):
    p = poplib.POP3(HOST, ports['pop3'], timeout=30)
    try:
        if apop:
            p.apop(name, password)
        else:
            p.user(name)
            p.pass_(password)
    finally:
        p.quit()


def smtp(ports, mechanism, name, password, offered=True):
    with smtplib.SMTP(HOST, ports['submission'], timeout=30) as s:
        s.ehlo()
        s.user, s.password = name, password
        method = {'PLAIN': s.auth_plain, 'LOGIN': s.auth_login, 'CRAM-MD5': s.auth_cram_md5}[mechanism]
        assert (mechanism in s.esmtp_features['auth'].split()) == offered, s.esmtp_features
        s.auth(mechanism, method)


def curl(ports, port, mechanism, *options):
    """The scheme's own test of a login: a list of what there is, or nothing sent."""
    where = {'imap': 'imap://%s:%d/', 'pop3': 'pop3://%s:%d/', 'submission': 'smtp://%s:%d/'}[port] % (HOST, ports[port])
    command = ['curl', '-sS', '-m', '30', '--login-options', 'AUTH=' + mechanism, where, *options]
    if port == 'submission':
        command += ['-X', 'NOOP']
    return subprocess.run(command, capture_output=True, env=ENVIRONMENT).returncode


def accounts(root, ports):
    assert tmaild(root, 'users', 'list') == ''
    tmaild(root, 'users', 'add', 'jane', say='pass word\n')
    tmaild(root, 'users', 'add', '--plain', 'bob', say='s:cret\n')
    assert tmaild(root, 'users', 'list') == 'jane\nbob plain\n'
    for wrong in ('jane', 'Bob', 'a:b', 'a/b', '..', '-x', 'a@b', 'a+b', ''):
        r = subprocess.run([PROGRAM, 'users', 'add', '--root', root, wrong], input='x\n', text=True, capture_output=True, env=ENVIRONMENT)
        assert r.returncode != 0, wrong
    tmaild(root, 'users', 'add', 'eve', say='\n', code=64)
    file = os.path.join(root, 'users')
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    with open(file) as f:
        first, second = f.read().splitlines()
    assert first.startswith('jane:$y$') and ':SCRAM-SHA-256$' in first and first.endswith('=:') and 'pass' not in first, first
    assert second.endswith(':s:cret'), second
    imap(ports, 'jane', 'pass word')
    imap(ports, 'Jane@example.org', 'pass word')
    scram(ports, 'jane', 'pass word')
    pop(ports, 'jane', 'pass word')
    pop(ports, 'bob', 's:cret')
    for mechanism in 'PLAIN', 'LOGIN':
        smtp(ports, mechanism, 'bob', 's:cret')
    smtp(ports, 'PLAIN', 'jane', 'pass word')
    # Jane could not answer to these, so they are offered to nobody; bob may use one all the same.
    fails(poplib.error_proto, pop, ports, 'bob', 's:cret', True)
    fails(AssertionError, smtp, ports, 'CRAM-MD5', 'bob', 's:cret')
    smtp(ports, 'CRAM-MD5', 'bob', 's:cret', offered=False)
    fails(smtplib.SMTPAuthenticationError, smtp, ports, 'CRAM-MD5', 'jane', 'pass word', False)


def scram(ports, name, password):
    """RFC 5802 by hand: both sides prove that they know the password."""
    said = [f'n,,n={name},r=fyko+d2lbbFgONRv9qkxdawL'.encode()]

    def keys(first):
        fields = dict(f.split(b'=', 1) for f in first.split(b','))
        salted = hashlib.pbkdf2_hmac('sha256', password.encode(), base64.b64decode(fields[b's']), int(fields[b'i']))
        without = b'c=biws,r=' + fields[b'r']
        message = b','.join((said[0][3:], first, without))
        client = hmac.digest(salted, b'Client Key', 'sha256')
        signature = hmac.digest(hashlib.sha256(client).digest(), message, 'sha256')
        proof = bytes(a ^ b for a, b in zip(client, signature))
        said.append(b'v=' + base64.b64encode(hmac.digest(hmac.digest(salted, b'Server Key', 'sha256'), message, 'sha256')))
        return without + b',p=' + base64.b64encode(proof)

    def answer(challenge):
        if not challenge:
            return said[0]
        if challenge.startswith(b'v='):
            assert challenge == said[1], challenge
            return b''
        return keys(challenge)

    m = imaplib.IMAP4(HOST, ports['imap'], timeout=30)
    assert 'AUTH=SCRAM-SHA-256' in m.capabilities, m.capabilities
    m.authenticate('SCRAM-SHA-256', answer)
    m.logout()


def refusals(root, ports):
    fails(imaplib.IMAP4.error, scram, ports, 'jane', 'password')
    fails(imaplib.IMAP4.error, scram, ports, 'nobody', 'pass word')
    fails(imaplib.IMAP4.error, imap, ports, 'jane', 'password')
    fails(poplib.error_proto, pop, ports, 'nobody', 'x')
    fails(poplib.error_proto, pop, ports, 'jane', 'pass word', True)
    imap(ports, 'jane', 'pass word')
    fails(smtplib.SMTPAuthenticationError, smtp, ports, 'CRAM-MD5', 'jane', 'pass word', False)
    imap(ports, 'jane', 'pass word')


def changes(root, ports):
    tmaild(root, 'users', 'password', 'jane', say='another\n')
    fails(imaplib.IMAP4.error, imap, ports, 'jane', 'pass word')
    imap(ports, 'jane', 'another')
    tmaild(root, 'users', 'remove', 'bob')
    fails(imaplib.IMAP4.error, imap, ports, 'bob', 's:cret')
    imap(ports, 'jane', 'another')
    tmaild(root, 'users', 'remove', 'bob', code=64)
    tmaild(root, 'users', 'add', '--plain', 'bob', say='s:cret\n')


def by_curl(root, ports):
    if shutil.which('curl') is None:
        print('curl is not installed, skipped')
        return
    features = subprocess.run(['curl', '--version'], capture_output=True, text=True).stdout
    mechanisms = ['PLAIN', 'LOGIN'] + (['SCRAM-SHA-256'] if 'gsasl' in features else [])
    for port in 'imap', 'pop3', 'submission':
        for mechanism in mechanisms:
            assert curl(ports, port, mechanism, '-u', 'bob:s:cret') == 0, (port, mechanism)
            assert curl(ports, port, mechanism, '-u', 'bob:secret') == 67, (port, mechanism)
            imap(ports, 'jane', 'another')
        if 'gsasl' in features:
            assert curl(ports, port, 'SCRAM-SHA-256', '-u', 'jane:another') == 0, port
        for mechanism in 'XOAUTH2', 'OAUTHBEARER':
            assert curl(ports, port, mechanism, '-u', 'bob:', '--oauth2-bearer', 'token-of-bob') == 0, (port, mechanism)
            assert curl(ports, port, mechanism, '-u', 'jane:', '--oauth2-bearer', 'token-of-bob') != 0, (port, mechanism)
            imap(ports, 'jane', 'another')


def aliases(root, ports):
    def send(*to):
        with smtplib.SMTP(HOST, ports['smtp'], timeout=30) as s:
            s.sendmail('a@b.c', list(to), 'Subject: x\r\n\r\nx\r\n')

    def mails(name):
        out = tmaild(root, 'mail', 'list', name)
        return len(out.splitlines())

    file = os.path.join(root, 'aliases')
    send('jane+detail@example.org', 'postmaster')
    assert (mails('jane'), mails('bob')) == (1, 0)
    fails(smtplib.SMTPRecipientsRefused, send, 'team@example.org')
    with open(file, 'w') as f:
        f.write('# all of us\nteam: jane, bob\n')
    tmaild(root, 'reload')
    send('team@example.org', 'jane@example.org')
    assert (mails('jane'), mails('bob')) == (2, 1)
    with open(file, 'w') as f:
        f.write('team: jane, bob\nloop: pool\npool: loop\n')
    r = subprocess.run([PROGRAM, 'reload', '--root', root], capture_output=True, text=True, env=ENVIRONMENT)
    assert r.returncode != 0 and 'line 2' in r.stderr + r.stdout, r
    send('team@example.org')
    assert (mails('jane'), mails('bob')) == (3, 2)
    with open(file, 'w') as f:
        f.write('*: bob\n')
    tmaild(root, 'reload')
    send('anybody@example.org')
    assert (mails('jane'), mails('bob')) == (3, 3)


def lenient(root, ports):
    """A file that others can read is not used."""
    os.chmod(os.path.join(root, 'users'), 0o644)
    r = subprocess.run([PROGRAM, 'reload', '--root', root], capture_output=True, text=True, env=ENVIRONMENT)
    assert r.returncode != 0, r
    imap(ports, 'jane', 'another')
    os.chmod(os.path.join(root, 'users'), 0o600)


def kept(root, ports):
    """Where every password is kept: all the mechanisms."""
    pop(ports, 'bob', 's:cret', apop=True)
    fails(poplib.error_proto, pop, ports, 'bob', 'secret', True)
    smtp(ports, 'CRAM-MD5', 'bob', 's:cret')
    if shutil.which('curl'):
        for port in 'imap', 'pop3', 'submission':
            assert curl(ports, port, 'CRAM-MD5', '-u', 'bob:s:cret') == 0, port


def serve(tests, *options):
    with tempfile.TemporaryDirectory() as root:
        ports_file = os.path.join(root, 'ports')
        process = subprocess.Popen(
            [PROGRAM, '--root', root, '--domain', 'example.org', '--port-file', ports_file, '--log', os.path.join(root, 'log'), *options],
            stdin=subprocess.DEVNULL, env=ENVIRONMENT)
        try:
            deadline = time.monotonic() + 20
            while not os.path.exists(ports_file):
                assert process.poll() is None and time.monotonic() < deadline, 'does not start'
                time.sleep(0.005)
            with open(ports_file) as f:
                ports = {k: int(v) for k, v in (line.split() for line in f)}
            for test in tests:
                test(root, ports)
                print('ok', test.__name__, flush=True)
        finally:
            process.terminate()
            assert process.wait(20) == 0, 'tmaild did not end well'


serve((accounts, refusals, changes, by_curl, aliases, lenient), '--oauth-token', 'bob:token-of-bob')
serve((kept,), '--user', 'bob:s:cret')
