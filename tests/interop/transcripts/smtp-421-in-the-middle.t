# The server goes in the middle of the envelope: the message waits, and nothing is in doubt.
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
S: 250 ok
S: 250 ok
S: 421 4.3.2 shutting down
X:
