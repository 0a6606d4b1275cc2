# A server that is busy says so instead of a greeting.
client: smtp
expect: refused
S: 421 4.3.2 too many connections
X:
