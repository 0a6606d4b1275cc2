# The server leaves while we wait: the link is over, nothing else.
client: imap
do: IDLE
expect: broken
S: * PREAUTH [CAPABILITY IMAP4rev1 IDLE] hi
C: t1 IDLE
S: + idling
S: * BYE Autologout; idle for too long
E:
