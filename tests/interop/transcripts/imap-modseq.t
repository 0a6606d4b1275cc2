# CONDSTORE is offered, the mailbox has none of it, or numbers above 63 bits; text may be missing (Gmail).
client: imap
do: SELECT a
do: SELECT b
do: SELECT c
do: UID FETCH 1 (FLAGS)
expect: ok
heard: nomodseq 0;nomodseq 0;highest 7;nomodseq 0;fetch 1 uid 1;fetch 1 uid 1 modseq 9223372036854775807;
S: * PREAUTH [CAPABILITY IMAP4rev1 CONDSTORE] hi
C: t1 SELECT a
S: * OK [HIGHESTMODSEQ 0]
S: t1 OK
C: t2 SELECT b
S: * OK [NOMODSEQ] Sorry
S: t2 OK
C: t3 SELECT c
S: * OK [HIGHESTMODSEQ 7]
S: * OK [HIGHESTMODSEQ 18446744073709551616] Highest
S: t3 OK
C: t4 UID FETCH 1 (FLAGS)
S: * 1 FETCH (UID 1 MODSEQ (9223372036854775808))
S: * 1 FETCH (UID 1 MODSEQ (9223372036854775807))
S: t4 OK
C: t5 LOGOUT
S: * BYE bye
S: t5 OK bye
E:
