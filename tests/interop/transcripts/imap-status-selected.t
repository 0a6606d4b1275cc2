# STATUS of the mailbox that is selected, and of one that is not there.
client: imap
do: SELECT INBOX
do: STATUS INBOX (MESSAGES UIDNEXT)
do: STATUS nowhere (MESSAGES)
expect: no
heard: exists 1;status INBOX 1 next 2;
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 SELECT INBOX
S: * 1 EXISTS
S: t1 OK
C: t2 STATUS INBOX (MESSAGES UIDNEXT)
S: * STATUS INBOX (MESSAGES 1 UIDNEXT 2)
S: t2 OK
C: t3 STATUS nowhere (MESSAGES)
S: t3 NO no such mailbox
C: t4 LOGOUT
S: * BYE bye
S: t4 OK bye
E:
