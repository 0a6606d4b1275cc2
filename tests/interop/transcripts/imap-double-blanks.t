# Two blanks where one is due (DavMail, while it is busy), and status responses without OK (Exchange 2013).
client: imap
do: SELECT INBOX
do: UID MOVE 10 x
expect: ok
heard: exists 1688;
S: * PREAUTH [CAPABILITY IMAP4rev1 MOVE] hi
C: t1 SELECT INBOX
S: *  1688 EXISTS
S: *   FLAGS (\\Seen)
S: t1  OK [READ-WRITE]  done
C: t2 UID MOVE 10 x
S: * [COPYUID 124 10 233]
S: t2 OK done
C: t3 LOGOUT
S: * BYE bye
S: t3 OK bye
E:
