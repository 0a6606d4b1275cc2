# A message that looks like answers: what is in a literal is never read as one.
client: imap
do: UID FETCH 7 BODY.PEEK[]
expect: ok
body: t1 NO no)* BYE x
heard: fetch 1 uid 7 body;
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 UID FETCH 7 BODY.PEEK[]
S: * 1 FETCH (UID 7 BODY[] {16}\r\nt1 NO no)* BYE x)
S: t1 OK
C: t2 LOGOUT
S: * BYE bye
S: t2 OK bye
E:
