# LITERAL+ is offered and not known: the link is given up, since the literal was taken for commands, and the next one asks first.
client: imap
do: APPEND Sent
expect: broken
lies: 60
S: * PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] hi
C: t1 APPEND Sent {19+}
C: Subject: x
C:
C: .hi
C:
S: t1 BAD Invalid literal
S: * BAD Unknown command Subject:
H:
