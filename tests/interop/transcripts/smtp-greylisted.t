# Both recipients are to come again later: so does the message.
client: smtp
expect: unsent
S: 220-mail.example speaks in
S: 220 two lines
C: EHLO me.example
S: 250-mail.example
S: 250 PIPELINING
C: MAIL FROM:<me@example.org>
C: RCPT TO:<a@example.org>
C: RCPT TO:<b@example.org>
C: DATA
S: 250 ok
S: 451 4.7.1 Greylisted, see you in five minutes
S: 451 4.7.1 Greylisted, see you in five minutes
S: 554 5.5.1 no valid recipients
C: QUIT
S: 221 bye
E:
