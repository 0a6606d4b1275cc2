# LOGINDISABLED and no mechanism that we know: no password is sent.
client: imap
expect: refused
S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=GSSAPI] ready
E:
