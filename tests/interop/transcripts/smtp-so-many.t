# So many messages on a connection and no more.
client: smtp
expect: sent sent unsent
S: 220 mail.example ESMTP
C: EHLO me.example
S: 250-mail.example
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
S: 250 ok
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
S: 250 ok
S: 421 4.7.0 too many messages
X:
