# NOTIFY: every mailbox is told at once, then what changes; too much ends it.
client: imap
do: NOTIFY
do: LISTEN
do: LISTEN
expect: ok
heard: status INBOX 1 next 2 modseq 3;status Sent 0 next 1;status INBOX 2 next 3 modseq 4;overflow 0;
S: * PREAUTH [CAPABILITY IMAP4rev1 NOTIFY CONDSTORE] hi
C: t1 NOTIFY SET STATUS (personal (MessageNew *
S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2 HIGHESTMODSEQ 3)
S: * STATUS Sent (MESSAGES 0 UIDNEXT 1)
S: t1 OK
W: 20
S: * STATUS INBOX (MESSAGES 2 UIDNEXT 3 HIGHESTMODSEQ 4)
W: 60
S: * OK [NOTIFICATIONOVERFLOW] ...
C: t2 LOGOUT
S: * BYE bye
S: t2 OK bye
E:
