# What the server will not take is not offered to it.
client: smtp
expect: rejected
S: 220 mail.example ESMTP
C: EHLO me.example
S: 250-mail.example
S: 250 SIZE 18
C: QUIT
S: 221 bye
E:
