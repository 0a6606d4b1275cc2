#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tmaild mail list and show: what a program sent, as JSON, as lines and as it is."""
import email.policy
import imaplib
import json
import os
import smtplib
import subprocess
import tempfile
import time
from email.message import EmailMessage

PROGRAM = os.path.join(os.environ.get('top_builddir', '.'), 'tmaild')
ENVIRONMENT = dict(os.environ, LC_ALL='C')


def tmaild(root, *words, code=0):
    r = subprocess.run([PROGRAM, *words, '--root', root], capture_output=True, env=ENVIRONMENT, timeout=60)
    assert r.returncode == code, r
    return r.stdout.decode()



def objects(text):
    """One object a line."""
    return [json.loads(line) for line in text.splitlines()]

def message():
    m = EmailMessage(policy=email.policy.SMTP)
    m['From'] = 'Zoë <zoe@example.org>'
    m['To'] = 'jane@example.org'
    m['Cc'] = 'bob@example.org'
    m['Subject'] = 'Größe, ¥ and a \U0001f40d'
    m['Message-ID'] = '<1@example.org>'
    m.set_content('Grüße\n.\nbye\n')
    m.add_alternative('<p>Grüße</p>\n', subtype='html')
    m.add_attachment(b'0123456789', maintype='application', subtype='octet-stream', filename='ten.bin')
    return m


def check(root, ports):
    assert objects(tmaild(root, 'mail', 'list', '--json')) == []
    assert objects(tmaild(root, 'mail', 'list', '--json', 'nobody')) == []
    m = message()
    with smtplib.SMTP('127.0.0.1', ports['smtp'], timeout=20) as s:
        s.send_message(m, 'sender@example.org', ['jane@example.org'])
        s.sendmail('', ['jane@example.org', 'bob@example.org'], 'Subject: =?utf-8?q?a=1b[31mb?=\r\n\r\n\x1b[31mred\r\n')
    mails = objects(tmaild(root, 'mail', 'list', '--json'))
    assert [(a['account'], a['folder'], a['uid']) for a in mails] == \
        [('bob', 'INBOX', 1), ('jane', 'INBOX', 1), ('jane', 'INBOX', 2)], mails
    first = mails[1]
    assert first['from'] == 'Zoë <zoe@example.org>' and first['subject'] == 'Größe, ¥ and a \U0001f40d', first
    assert first['to'] == 'jane@example.org' and first['cc'] == 'bob@example.org' and first['flags'] == [], first
    assert first['message_id'] == '<1@example.org>' and first['envelope_from'] == 'sender@example.org', first
    assert first['envelope_to'] == ['jane@example.org'] and first['date'].endswith('Z'), first
    assert mails[2]['envelope_from'] == '' and mails[2]['cc'] is None, mails[2]
    assert objects(tmaild(root, 'mail', 'list', 'jane', '--json')) == mails[1:]
    assert objects(tmaild(root, 'mail', 'list', 'Jane/INBOX', '--json')) == mails[1:]
    whole = json.loads(tmaild(root, 'mail', 'show', 'jane', '1', '--json'))
    assert {k: whole[k] for k in first} == first
    assert whole['text'].replace('\r', '') == 'Grüße\n.\nbye\n' and '<p>Grüße</p>' in whole['html'], whole
    assert whole['attachments'] == [{'name': 'ten.bin', 'type': 'application/octet-stream', 'size': 10}], whole
    names = [h['name'] for h in whole['headers']]
    assert names[0] == 'Return-Path' and 'Received' in names and names.count('Subject') == 1, names
    subject = whole['headers'][names.index('Subject')]
    assert subject['value'] == first['subject'] and subject['raw'].startswith('=?utf-8?'), subject
    lines = tmaild(root, 'mail', 'list').splitlines()
    assert len(lines) == 3 and lines[1].split('\t')[0] == 'jane/INBOX' and lines[1].split('\t')[6] == first['subject'], lines
    assert '\x1b' not in tmaild(root, 'mail', 'list') and '\x1b' not in tmaild(root, 'mail', 'show', 'jane', '2')
    text = tmaild(root, 'mail', 'show', 'jane', '1')
    assert f"Subject: {first['subject']}\n" in text and text.endswith('\nGrüße\n.\nbye\n'), text
    raw = tmaild(root, 'mail', 'show', 'jane/INBOX', '1', '--raw')
    assert raw.startswith('Return-Path: <sender@') and '\r' not in raw and '\nGrüße\n.\nbye\n' in raw, raw
    assert raw.count('\n\nMDEyMzQ1Njc4OQ==\n') == 1 and raw.endswith('--\n'), raw
    i = imaplib.IMAP4('127.0.0.1', ports['imap'], timeout=20)
    i.login('jane', 'pw')
    i.select()
    assert i.fetch('1', '(FLAGS)')[1][0] == b'1 (FLAGS ())'
    i.store('1', '+FLAGS', '(\\Flagged own)')
    i.create('a/b')
    i.copy('1', 'a/b')
    i.logout()
    assert json.loads(tmaild(root, 'mail', 'show', 'jane/a/b', '1', '--json'))['flags'] == ['\\Flagged', 'own']
    assert len(objects(tmaild(root, 'mail', 'list', '--json'))) == 4
    for words in ('show', 'jane', '9'), ('show', 'jane/none', '1'), ('show', 'nobody', '1'), ('show', 'jane'), \
            ('list', 'a', 'b'), ('list', 'jane/none'), ('show', 'jane', '0'), ('list', '../x/y'):
        r = subprocess.run([PROGRAM, 'mail', *words, '--root', root], capture_output=True, env=ENVIRONMENT)
        assert r.returncode != 0 or words == ('list', '../x/y'), (words, r)
    assert sorted(os.listdir(os.path.join(root, 'mail'))) == ['bob', 'jane']


with tempfile.TemporaryDirectory() as root:
    ports_file = os.path.join(root, 'ports')
    process = subprocess.Popen(
        [PROGRAM, '--root', root, '--domain', 'example.org', '--user', 'jane:pw', '--user', 'bob:pw', '--port-file', ports_file,
         '--log', os.path.join(root, 'log')], stdin=subprocess.DEVNULL, env=ENVIRONMENT)
    try:
        deadline = time.monotonic() + 20
        while not os.path.exists(ports_file):
            assert process.poll() is None and time.monotonic() < deadline, 'does not start'
            time.sleep(0.005)
        with open(ports_file) as f:
            check(root, {k: int(v) for k, v in (line.split() for line in f)})
    finally:
        process.terminate()
        assert process.wait(20) == 0, 'tmaild did not end well'
