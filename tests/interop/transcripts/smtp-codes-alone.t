# Codes without text, with and without the blank that stands before it.
client: smtp
expect: sent
S: 220
C: EHLO me.example
S: 250-
S: 250 PIPELINING
C: MAIL FROM:<me@example.org>
C: RCPT TO:<a@example.org>
C: RCPT TO:<b@example.org>
C: DATA
S: 250
S: 250 
S: 250
S: 354
C: Subject: x
C:
C: ..hi
C: .
S: 250
C: QUIT
S: 221
E:
