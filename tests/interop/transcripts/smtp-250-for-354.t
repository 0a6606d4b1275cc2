# A server that takes DATA for a message: nothing is sent, nothing counts as sent.
client: smtp
expect: unsent
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
S: 250 Message accepted for delivery
E:
