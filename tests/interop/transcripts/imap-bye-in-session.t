# The server goes down while a command waits.
client: imap
do: NOOP
expect: broken
S: * PREAUTH [CAPABILITY IMAP4rev1] go on
C: t1 NOOP
S: * BYE [UNAVAILABLE] back at noon
E:
