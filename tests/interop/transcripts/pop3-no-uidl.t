# UIDL is not known there.
client: pop3
expect: 1
body: hi
S: +OK ready
C: CAPA
S: +OK
S: USER
S: .
C: USER jane
S: +OK
C: PASS secret
S: +OK in
C: CAPA
S: +OK
S: USER
S: .
C: LIST
S: +OK
S: 1 9
S: .
C: UIDL
S: -ERR unknown command
C: RETR 1
S: +OK
S: hi
S: .
C: QUIT
S: +OK bye
E:
