# Words behind the size of a listing; small letters in answers.
client: pop3
expect: 1
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
S: +ok 1 message
S: 1 9 octets or so
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
