# A refusal without a word (CVE-2018-14349): it is one, and the connection goes on.
client: imap
do: SELECT nowhere
expect: no
S: * PREAUTH [CAPABILITY IMAP4rev1] go on
C: t1 SELECT nowhere
S: t1 NO
C: t2 LOGOUT
S: * BYE
S: t2 OK
E:
