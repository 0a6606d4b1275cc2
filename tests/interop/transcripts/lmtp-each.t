# An answer for each recipient after the final dot (RFC 2033 §4.2); two messages.
client: lmtp
expect: sent sent
S: 220 box
C: LHLO me.example
S: 250-box
S: 250 PIPELINING
C: MAIL FROM:<me@example.org>
C: RCPT TO:<a@example.org>
C: RCPT TO:<b@example.org>
C: DATA
S: 250 ok
S: 250 ok
S: 250 ok
S: 354 go
C: Subject: x
C:
C: ..hi
C: .
C: MAIL FROM:<me@example.org>
C: RCPT TO:<a@example.org>
C: RCPT TO:<b@example.org>
C: DATA
S: 250 2.1.5 kept
S: 552 5.2.2 full
S: 250 ok
S: 250 ok
S: 250 ok
S: 354 go
C: Subject: x
C:
C: ..hi
C: .
S: 452 4.2.2 full
S: 250 kept
C: QUIT
S: 221 bye
E:
