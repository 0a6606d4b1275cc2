# Lists in lists without end (WIRE_DEPTH_MAX) end the link.
client: imap
do: NOOP
expect: broken
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 NOOP
s: * XDEEP 
R: 200 (
S:
H:
