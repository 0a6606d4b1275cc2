# 354 where nothing was asked for: nothing is sent.
client: smtp
expect: unsent
S: 220 mail.example ESMTP
C: EHLO me.example
S: 250-mail.example
S: 250 PIPELINING
C: MAIL FROM:<me@example.org>
C: RCPT TO:<a@example.org>
C: RCPT TO:<b@example.org>
C: DATA
S: 354 go
S: 250 ok
S: 250 ok
S: 354 go
E:
