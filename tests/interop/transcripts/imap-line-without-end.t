# A line above the ceiling (WIRE_LINE_MAX) ends the link.
client: imap
do: NOOP
expect: broken
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 NOOP
s: * XLONG 
R: 1200000 x
S:
H:
