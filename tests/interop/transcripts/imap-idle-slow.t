# News comes in pieces and with pauses.
client: imap
do: IDLE
expect: ok
heard: exists 2;
S: * PREAUTH [CAPABILITY IMAP4rev1 IDLE] hi
C: t1 IDLE
W: 20
s: + idl
W: 20
S: ing
S: * OK still here
W: 20
s: * 2 EX
W: 20
S: ISTS
C: DONE
S: t1 OK
C: t2 LOGOUT
S: * BYE bye
S: t2 OK bye
E:
