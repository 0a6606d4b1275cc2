# COMPRESS is offered and refused: the link goes on as it is.
client: imap
do: COMPRESS
do: COMPRESS
do: NOOP
expect: ok
lies: 20000
S: * PREAUTH [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] hi
C: t1 COMPRESS DEFLATE
S: t1 NO [COMPRESSIONACTIVE] TLS compresses
C: t2 NOOP
S: t2 OK
C: t3 LOGOUT
S: * BYE bye
S: t3 OK bye
E:
