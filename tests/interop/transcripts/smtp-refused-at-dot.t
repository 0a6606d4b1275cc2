# Refused after the final dot, and the next one is taken.
client: smtp
expect: rejected sent
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
S: 554 5.7.1 looks like spam
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
