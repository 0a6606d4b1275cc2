# What the server can is told only to who has logged in.
client: imap
do: NOOP
expect: ok
lies: 0
S: * OK ready
C: t1 CAPABILITY
S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
S: t1 OK
C: t2 AUTHENTICATE PLAIN
S: +
C: AGphbmUAc2VjcmV0
S: t2 OK in
C: t3 CAPABILITY
S: * CAPABILITY IMAP4rev1 ID IDLE
S: t3 OK
C: t4 ID *
C: t5 NOOP
S: * ID NIL
S: t4 OK
S: t5 OK
C: t6 LOGOUT
S: * BYE bye
S: t6 OK bye
E:
