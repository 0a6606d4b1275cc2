# Lines that end in LF alone.
client: smtp
expect: sent
s: 220 mail.example\n
C: EHLO me.example
s: 250-mail.example\n
s: 250 PIPELINING\n
C: MAIL FROM:<me@example.org>
C: RCPT TO:<a@example.org>
C: RCPT TO:<b@example.org>
C: DATA
s: 250 ok\n250 ok\n
s: 250 ok\n354 go\n
C: Subject: x
C:
C: ..hi
C: .
s: 250 ok\n
C: QUIT
s: 221 bye\n
E:
