# A count that no mailbox can have ends the link.
client: imap
do: NOOP
expect: broken
S: * PREAUTH [CAPABILITY IMAP4rev1] hi
C: t1 NOOP
S: * 4294967296 EXISTS
H:
