# UIDPLUS codes that make no sense are as good as not said: the command was carried out.
client: imap
do: APPEND Sent
do: UID COPY 1:3 Work
do: UID COPY 1:3 Work
do: UID COPY 1:3 Work
expect: ok
heard: other 0;other 0;other 0;copyuid 7;
S: * PREAUTH [CAPABILITY IMAP4rev1 UIDPLUS LITERAL+] hi
C: t1 APPEND Sent {19+}
C: Subject: x
C:
C: .hi
C:
S: t1 OK [APPENDUID 0 0] stored
C: t2 UID COPY 1:3 Work
S: t2 OK [COPYUID 7 1:3 11:12] copied
C: t3 UID COPY 1:3 Work
S: t3 OK [COPYUID 7 1:3 ] copied
C: t4 UID COPY 1:3 Work
S: t4 OK [COPYUID 7 3,1:2 11:13] copied
C: t5 LOGOUT
S: * BYE bye
S: t5 OK bye
E:
