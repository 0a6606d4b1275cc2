# Empty lines between responses and behind literals, and lines that end in a bare LF.
client: imap
do: UID FETCH 7 BODY.PEEK[]
expect: ok
body: hello
heard: fetch 1 uid 7 body;exists 1;
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 UID FETCH 7 BODY.PEEK[]
S: * 1 FETCH (UID 7 BODY[] {5}\r\nhello)
S:
s: * 1 EXISTS\n
S:
s: t1 OK\n
C: t2 LOGOUT
S: * BYE bye
S: t2 OK bye
E:
