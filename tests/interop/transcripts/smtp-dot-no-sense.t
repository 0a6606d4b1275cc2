# An answer to the final dot that is none: in doubt.
client: smtp
expect: doubt
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
S: queued
E:
