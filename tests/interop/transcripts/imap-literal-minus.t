# LITERAL- holds for short literals; longer ones wait. Here the short one is all there is.
client: imap
do: APPEND Sent
expect: ok
heard: toobig 0;appenduid 5;
do: APPEND Sent
S: * PREAUTH [CAPABILITY IMAP4rev1 LITERAL-] hi
C: t1 APPEND Sent {19+}
C: Subject: x
C:
C: .hi
C:
S: t1 NO [TOOBIG] too large
C: t2 APPEND Sent {19+}
C: Subject: x
C:
C: .hi
C:
S: t2 OK [APPENDUID 5 6] stored
C: t3 LOGOUT
S: * BYE bye
S: t3 OK bye
E:
