# ENABLE is offered and not known; QRESYNC is not asked for again.
client: imap
enable: QRESYNC
do: SELECT a
expect: ok
lies: 8000
heard: vanished 4;exists 1;
S: * PREAUTH [CAPABILITY IMAP4rev1 ENABLE CONDSTORE QRESYNC] hi
C: t1 ENABLE QRESYNC CONDSTORE
C: t2 SELECT a
S: t1 BAD what
S: * VANISHED 4
S: * 1 EXISTS
S: t2 OK
C: t3 LOGOUT
S: * BYE bye
S: t3 OK bye
E:
