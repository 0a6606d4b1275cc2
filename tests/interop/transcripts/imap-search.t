# SEARCH that is told in any way, numbers twice and in any order.
client: imap
do: SEARCH UNSEEN
do: SEARCH ALL
expect: ok
heard: set 1:3,9;set ;
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 UID SEARCH UNSEEN
S: * SEARCH 9 3
S: * ESEARCH (TAG "t1") UID ALL 2:3,1
S: t1 OK
C: t2 UID SEARCH ALL
S: * SEARCH
S: t2 OK
C: t3 LOGOUT
S: * BYE bye
S: t3 OK bye
E:
