# A line of 300 kB that means nothing to us is read over.
client: imap
do: NOOP
expect: ok
heard: exists 1;
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 NOOP
s: * XLONG 
R: 300000 x
S:
S: * 1 EXISTS
S: t1 OK
C: t2 LOGOUT
S: * BYE bye
S: t2 OK bye
E:
