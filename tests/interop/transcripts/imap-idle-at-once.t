# IDLE that ends before it begins: a client that believes it asks again, for ever.
client: imap
do: IDLE
do: IDLE
expect: no
lies: 200
S: * PREAUTH [CAPABILITY IMAP4rev1 IDLE] hi
C: t1 IDLE
S: t1 OK IDLE completed
C: t2 LOGOUT
S: * BYE bye
S: t2 OK bye
E:
