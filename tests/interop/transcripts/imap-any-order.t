# Untagged data of every kind, before, between and behind what was asked for.
client: imap
do: UID FETCH 7 (FLAGS BODY.PEEK[])
expect: ok
heard: status INBOX 3 next 9;list x /;alert 0;alert 0;exists 3;found;fetch 2 uid 7 flags 1;found;vanished 4:5;
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 UID FETCH 7 (FLAGS BODY.PEEK[])
S: * STATUS INBOX (MESSAGES 3 UIDNEXT 9)
S: * LIST () "/" x
S: * OK [ALERT] the disk is full
S: * 3 EXISTS
S: * 0 RECENT
S: * FLAGS (\\Seen work)
S: * SEARCH 1 2
S: * CAPABILITY IMAP4rev1
S: * NAMESPACE (("" "/")) NIL NIL
S: * QUOTA "" (STORAGE 1 2)
S: * 2 FETCH (FLAGS (\\Seen) BODY[] "hello" UID 7)
S: * ESEARCH (TAG "x") UID COUNT 3
S: * VANISHED (EARLIER) 4:5
S: * ENABLED
S: * NO not now
S: * XNEW (1 (2 "3" {1}\r\n4))
S: t1 OK
C: t2 LOGOUT
S: * BYE bye
S: t2 OK bye
E:
