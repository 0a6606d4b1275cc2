# A literal that never comes: what was read is not taken for a message.
client: imap
do: UID FETCH 7 BODY.PEEK[]
expect: broken
body: hel
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 UID FETCH 7 BODY.PEEK[]
s: * 1 FETCH (UID 7 BODY[] {500}\r\nhel
X:
