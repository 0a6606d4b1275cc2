# COMPRESS is answered with OK and then not done: the link is given up, and not tried so again.
client: imap
do: COMPRESS
do: NOOP
expect: broken
lies: 20000
S: * PREAUTH [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] hi
C: t1 COMPRESS DEFLATE
S: t1 OK go
S: * OK this is no deflate
H:
