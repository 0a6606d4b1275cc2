# A greeting of many lines, words in small letters, blanks at the ends, extensions that nobody knows.
client: smtp
expect: sent
S: 220-mail.example
S: 220-No spam here
S: 220 thank you
C: EHLO me.example
S: 250-mail.example Hello [127.0.0.1]  
S: 250-X-UNKNOWN a=b
S: 250-AUTH=LOGIN PLAIN
S: 250-
S: 250 pipelining   
C: MAIL FROM:<me@example.org>
C: RCPT TO:<a@example.org>
C: RCPT TO:<b@example.org>
C: DATA
S: 250 ok
S: 250 ok
S: 250 ok
S: 354 go
C: Subject: x
C:
C: ..hi
C: .
S: 250 ok
C: QUIT
S: 221 bye
E:
