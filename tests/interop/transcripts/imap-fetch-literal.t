# A message as a literal, among things that nobody asked for.
client: imap
do: SELECT INBOX
do: UID FETCH 7 BODY.PEEK[]
expect: ok
body: hello
S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready
C: t1 AUTHENTICATE PLAIN AGphbmUAc2VjcmV0
S: * CAPABILITY IMAP4rev1 IDLE
S: t1 OK logged in
C: t2 SELECT INBOX
S: * FLAGS (\\Answered \\Seen)
S: * 1 EXISTS
S: * OK [UIDVALIDITY 3] ok
S: * OK [XSOMETHING new and] un
S: t2 OK [READ-WRITE] selected
C: t3 UID FETCH 7 BODY.PEEK[]
S: * XRESPONSE of the future (1 2 (3))
s: * 1 FETCH (UID 7 FLAGS (\\Seen) BODY[] {5}\r\nhel
S: lo)
S: * 2 EXISTS
S: t3 OK fetched
C: t4 LOGOUT
S: * BYE
S: t4 OK
E:
