# A server that still has the message in hand when the next one is announced: asked again, one after the other from then on.
client: smtp
expect: sent sent sent
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
S: 503 5.5.1 nested MAIL
S: 503 x
S: 503 x
S: 503 x
C: RSET
S: 250 ok
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
S: 250 ok
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
S: 250 ok
C: QUIT
S: 221 bye
E:
