# The mailbox is in use: refused for now (RFC 2449 §8.1.1).
client: pop3
expect: refused
S: +OK ready
C: CAPA
S: +OK
S: USER
S: RESP-CODES
S: .
C: USER jane
S: +OK
C: PASS secret
S: -ERR [IN-USE] somebody else is reading it
E:
