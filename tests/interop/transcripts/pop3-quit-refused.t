# QUIT is refused: what was deleted may still be there.
client: pop3
expect: broken
body: hi
S: +OK ready
C: CAPA
S: +OK
S: USER
S: UIDL
S: .
C: USER jane
S: +OK
C: PASS secret
S: +OK in
C: CAPA
S: +OK
S: USER
S: UIDL
S: .
C: LIST
S: +OK
S: 1 9
S: .
C: UIDL
S: +OK
S: 1 x
S: .
C: RETR 1
S: +OK
S: hi
S: .
C: QUIT
S: -ERR some were not removed
E:
