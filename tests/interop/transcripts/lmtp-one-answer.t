# One answer where there should be two: in doubt.
client: lmtp
expect: doubt
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
S: 250 kept
X:
