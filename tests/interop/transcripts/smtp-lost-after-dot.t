# The link breaks between the final dot and its answer: nobody can know (RFC 1047).
client: smtp
expect: doubt
S: 220 mail.example
C: EHLO me.example
S: 250 mail.example
C: MAIL FROM:<me@example.org>
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
X:
