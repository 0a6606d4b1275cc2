# Nobody is taken, and DATA is let through: a dot alone ends it (RFC 2920 §3.1).
client: smtp
expect: rejected
S: 220 mail.example ESMTP
C: EHLO me.example
S: 250-mail.example
S: 250 PIPELINING
C: MAIL FROM:<me@example.org>
C: RCPT TO:<a@example.org>
C: RCPT TO:<b@example.org>
C: DATA
S: 250 ok
S: 550 5.1.1 who
S: 550 5.1.1 who
S: 354 go
C: .
S: 554 5.5.1 nobody
C: QUIT
S: 221 bye
E:
