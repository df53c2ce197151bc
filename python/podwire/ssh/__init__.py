"""The console over SSH: who may come in, and a console of their own for each session. Alone it knows asyncssh.

A session is `podwire cli` in a process of its own, on a pseudo-terminal where the client wants one, which speaks to the
REST server with the rights of its user. What a command means and how it is printed is not known here.
"""
