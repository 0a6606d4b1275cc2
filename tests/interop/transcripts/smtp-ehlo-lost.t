# A server that answers EHLO with an error of its own: HELO is no help then.
client: smtp
expect: refused
S: 220 mail.example ESMTP
C: EHLO me.example
S: 451 4.3.0 not now
C: QUIT
E:
