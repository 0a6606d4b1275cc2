# A server that has never heard of EHLO: HELO, and one command at a time.
client: smtp
expect: sent
S: 220 old.example
C: EHLO me.example
S: 500 what?
C: HELO me.example
S: 250 old.example
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
S: 250 ok
C: QUIT
S: 221 bye
E:
