# ENABLE is answered twice, once without a tag (Coremail): the link is given up, the next one does without.
client: imap
enable: QRESYNC
do: NOOP
expect: broken
lies: 8000
S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE CONDSTORE] hi
C: t1 ENABLE CONDSTORE
C: t2 NOOP
S: OK ENABLE completed
S: t1 OK ENABLE completed
H:
