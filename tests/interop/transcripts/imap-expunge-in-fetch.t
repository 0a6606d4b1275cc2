# EXPUNGE in the middle of a FETCH, though RFC 3501 section 7.4.1 forbids it; numbers shift, UIDs do not.
client: imap
do: UID FETCH 1:* (UID FLAGS)
expect: ok
heard: fetch 1 uid 11 flags 0;expunge 1;fetch 1 uid 12 flags 1;exists 1;
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 UID FETCH 1:* (UID FLAGS)
S: * 1 FETCH (UID 11 FLAGS ())
S: * 1 EXPUNGE
S: * 1 FETCH (UID 12 FLAGS (\\Seen))
S: * 1 EXISTS
S: t1 OK
C: t2 LOGOUT
S: * BYE bye
S: t2 OK bye
E:
