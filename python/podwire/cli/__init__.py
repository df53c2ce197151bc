"""The console: words in, tables out. Grammar, help, completion, rendering, the shell, and the REST server's client.

What a command means comes from the catalog; what it does is the daemon's work, met over HTTP only. A one-shot command
must answer at once, so that nothing heavy is imported before it is needed, and prompt-toolkit only by the shell.
"""
