# A server that knows no CAPA.
client: pop3
expect: 1
body: hi
S: +OK ready
C: CAPA
S: -ERR what?
C: USER jane
S: +OK
C: PASS secret
S: +OK in
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
S: +OK bye
E:
