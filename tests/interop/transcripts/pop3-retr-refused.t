# A message that is listed and cannot be had: the others come.
client: pop3
expect: 2
body: (refused)hi
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
S: 2 4
S: .
C: UIDL
S: +OK
S: 1 x
S: 2 y
S: .
C: RETR 1
S: -ERR [SYS/TEMP] disk
C: RETR 2
S: +OK
S: hi
S: .
C: QUIT
S: +OK bye
E:
