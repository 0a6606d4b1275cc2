# IDLE is offered and refused: mail is looked for from time to time, on the same link.
client: imap
do: IDLE
do: NOOP
expect: ok
lies: 0
heard: exists 2;
S: * PREAUTH [CAPABILITY IMAP4rev1 IDLE] hi
C: t1 IDLE
S: t1 NO not for you
C: t2 NOOP
S: * 2 EXISTS
S: t2 OK
C: t3 LOGOUT
S: * BYE bye
S: t3 OK bye
E:
