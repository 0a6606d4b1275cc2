# The envelope in one write, dots doubled, what the server says of each recipient.
client: smtp
expect: sent
S: 220 mail.example ESMTP
C: EHLO me.example
S: 250-mail.example
S: 250-PIPELINING
S: 250-8BITMIME
S: 250-SIZE 10240000
S: 250 ENHANCEDSTATUSCODES
C: MAIL FROM:<me@example.org> SIZE=19
C: RCPT TO:<a@example.org>
C: RCPT TO:<b@example.org>
C: DATA
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 550 5.1.1 <b@example.org>: user unknown
S: 354 End data with <CR><LF>.<CR><LF>
C: Subject: x
C:
C: ..hi
C: .
S: 250 2.0.0 Ok: queued as 4D2F1
C: QUIT
S: 221 2.0.0 Bye
E:
