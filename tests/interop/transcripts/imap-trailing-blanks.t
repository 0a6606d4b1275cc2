# Blanks at the end of lines and lists (163.com, qq.com, Dovecot in front of Exchange), an empty list of STATUS.
client: imap
do: NOOP
expect: ok
heard: status INBOX 0;status a;fetch 1 uid 7 flags 1;found;highest 7;list x /;
S: * PREAUTH hi
C: t1 CAPABILITY
S: * CAPABILITY IMAP4rev1 IDLE 
S: t1 OK 
C: t2 NOOP
S: * STATUS INBOX (MESSAGES 0) 
S: * STATUS a ()
S: * 1 FETCH (UID 7 FLAGS (\\Seen ) )
S: * SEARCH 1 2 
S: * OK [HIGHESTMODSEQ 7] 
S: * LIST ( ) "/" x 
S: t2 OK 
C: t3 LOGOUT
S: * BYE bye
S: t3 OK bye
E:
