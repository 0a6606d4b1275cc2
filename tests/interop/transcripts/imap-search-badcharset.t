# A server without charsets, which says so in either way, and one word of its own.
client: imap
do: +UID SEARCH CHARSET UTF-8 TEXT "zebra"
do: UID SEARCH CHARSET UTF-8 TEXT "lion"
expect: no
heard: found;
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 UID SEARCH CHARSET UTF-8 TEXT "zebra"
C: t2 UID SEARCH CHARSET UTF-8 TEXT "lion"
S: * SEARCH
S: t1 NO [BADCHARSET (US-ASCII "X-{1}")] no such charset
S: t2 NO [BADCHARSET]
C: t3 LOGOUT
S: * BYE bye
S: t3 OK bye
E:
