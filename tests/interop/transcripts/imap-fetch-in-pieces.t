# What belongs to one message comes in several responses, with flags that nobody asked for, without UID too.
client: imap
do: UID FETCH 7:8 (UID RFC822.SIZE)
expect: ok
heard: fetch 2 flags 1;fetch 1 uid 7;fetch 1 size 9;fetch 1 flags 0;fetch 2 uid 8 size 10;fetch 9 flags 8;
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 UID FETCH 7:8 (UID RFC822.SIZE)
S: * 2 FETCH (FLAGS (\\Seen))
S: * 1 FETCH (UID 7)
S: * 1 FETCH (RFC822.SIZE 9)
S: * 1 FETCH (FLAGS ())
S: * 2 FETCH (RFC822.SIZE 10 UID 8)
S: * 9 FETCH (FLAGS (\\Deleted))
S: t1 OK
C: t2 LOGOUT
S: * BYE bye
S: t2 OK bye
E:
