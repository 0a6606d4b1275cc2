# A search whose result the server keeps, and the headers of what it found, in the same turn (RFC 5182).
client: imap
do: +EXAMINE Lists
do: +UID SEARCH RETURN (SAVE ALL) TEXT "zebra"
do: UID FETCH $ (FLAGS BODY.PEEK[HEADER])
expect: ok
body: A: b
heard: exists 9;found;fetch 2 uid 7 flags 1;fetch 4 uid 9 flags 0;
S: * PREAUTH [CAPABILITY IMAP4rev1 ESEARCH SEARCHRES] hi
C: t1 EXAMINE Lists
C: t2 UID SEARCH RETURN (SAVE ALL) TEXT "zebra"
C: t3 UID FETCH $ (FLAGS BODY.PEEK[HEADER])
S: * 9 EXISTS
S: t1 OK [READ-ONLY] open
S: * ESEARCH (TAG "t2") UID ALL 7,9
S: t2 OK searched
S: * 2 FETCH (FLAGS (\\Seen) BODY[HEADER] {4}\r\nA: b UID 7)
S: * 4 FETCH (UID 9 FLAGS () BODY[HEADER] "")
S: t3 OK
C: t4 LOGOUT
S: * BYE bye
S: t4 OK bye
E:
