# X-GM-EXT-1: labels and ids as Gmail tells them.
client: imap
do: UID FETCH 7 (X-GM-LABELS X-GM-MSGID)
expect: ok
heard: fetch 1 uid 7 label \Inbox;
S: * PREAUTH [CAPABILITY IMAP4rev1 X-GM-EXT-1] hi
C: t1 UID FETCH 7 (X-GM-LABELS X-GM-MSGID)
S: * 1 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS ("\\\\Inbox" work) UID 7)
S: t1 OK
C: t2 LOGOUT
S: * BYE bye
S: t2 OK bye
E:
