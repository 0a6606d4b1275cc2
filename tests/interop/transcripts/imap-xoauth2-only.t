# A server that takes tokens alone (Outlook): a password is not sent to it.
client: imap
expect: refused
S: * OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR LOGINDISABLED] ready
E:
