# SIZE with what is no number says nothing about sizes (RFC 1870 §4 wants digits).
client: smtp
expect: sent
S: 220 mail.example ESMTP
C: EHLO me.example
S: 250-mail.example
S: 250 SIZE unlimited
C: MAIL FROM:<me@example.org> SIZE=19
S: 250 ok
C: RCPT TO:<a@example.org>
S: 250 ok
C: RCPT TO:<b@example.org>
S: 250 ok
C: DATA
S: 354 go
C: Subject: x
C:
C: ..hi
C: .
S: 250 ok
C: QUIT
S: 221 bye
E:
