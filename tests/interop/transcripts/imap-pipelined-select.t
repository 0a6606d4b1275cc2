# Changes wait until the mailbox that they are meant for is open: here it is not.
client: imap
do: SELECT z
do: +SELECT a
do: +UID FETCH 1:* FLAGS
do: UID STORE 1 +FLAGS.SILENT (\Deleted)
expect: broken
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 SELECT z
S: t1 OK
C: t2 SELECT a
C: t3 UID FETCH 1:* FLAGS
S: t2 NO it is gone
S: t3 BAD nothing is open
C: t4 UID STORE 1 +FLAGS.SILENT (\\Deleted)
S: * BYE
H:
