# SASL-IR is offered and its initial response not understood (NetEase): the login is said again without.
client: imap
expect: ok
lies: 10
S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready
C: t1 AUTHENTICATE PLAIN AGphbmUAc2VjcmV0
S: t1 BAD Parse command error
C: t2 AUTHENTICATE PLAIN
S: +
C: AGphbmUAc2VjcmV0
S: t2 OK [CAPABILITY IMAP4rev1] in
C: t3 LOGOUT
S: * BYE bye
S: t3 OK bye
E:
