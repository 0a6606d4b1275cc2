# NIL, an empty delimiter (some say so for NIL), names as atoms, strings and literals.
client: imap
do: LIST "" *
expect: ok
heard: list INBOX 0;list a.b 0;list c .;list x y \;
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 LIST "" *
S: * LIST (\\Noinferiors) NIL INBOX
S: * LIST () "" a.b
S: * LIST (\\HasNoChildren) "." {1}\r\nc
S: * LIST () "\\\\" "x y"
S: t1 OK
C: t2 LOGOUT
S: * BYE bye
S: t2 OK bye
E:
