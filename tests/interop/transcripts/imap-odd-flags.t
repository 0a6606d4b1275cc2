# Keywords of any bytes: control characters, brackets, quotes (Dovecot over old mbox files, Yahoo); UID 0 (Exchange).
client: imap
do: SELECT INBOX
do: UID FETCH 1:* (UID FLAGS)
expect: ok
heard: exists 2;fetch 1 uid 7 flags 1;fetch 2 flags 0;
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 SELECT INBOX
S: * FLAGS (\\Seen a\x04b [Gmail] c]d "e f")
S: * OK [PERMANENTFLAGS (\\Seen a\x04b [x] c]d \\*)] kept
S: * 2 EXISTS
S: t1 OK
C: t2 UID FETCH 1:* (UID FLAGS)
S: * 1 FETCH (UID 7 FLAGS (\\Seen a\x04b [Gmail] c]d))
S: * 2 FETCH (UID 0 FLAGS ())
S: t2 OK
C: t3 LOGOUT
S: * BYE bye
S: t3 OK bye
E:
