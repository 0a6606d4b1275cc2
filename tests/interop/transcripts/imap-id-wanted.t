# Who does not tell its name opens no mailbox (163.com, 126.com: "Unsafe Login"): ID stands in front of the first command.
client: imap
do: SELECT INBOX
expect: ok
heard: exists 1;
S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready
C: t1 AUTHENTICATE PLAIN AGphbmUAc2VjcmV0
S: t1 OK [CAPABILITY IMAP4rev1 ID] in
C: t2 ID ("name" "tmail" *
C: t3 SELECT INBOX
S: * ID ("name" "Coremail Imap" "TransID" "1" )
S: t2 OK ID completed
S: * 1 EXISTS
S: t3 OK SELECT completed
C: t4 LOGOUT
S: * BYE bye
S: t4 OK bye
E:
