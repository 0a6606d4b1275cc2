# UTF8 is asked for before the login, and may be refused (RFC 6856).
client: pop3
expect: 1
body: hi
S: +OK ready
C: CAPA
S: +OK
S: USER
S: UIDL
S: UTF8
S: .
C: UTF8
S: -ERR not today
C: USER jane
S: +OK
C: PASS secret
S: +OK in
C: CAPA
S: +OK
S: USER
S: UIDL
S: UTF8
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
S: +OK bye
E:
