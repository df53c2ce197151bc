"""An emulator of kube-apiserver over real TLS: discovery, lists, watches and writes over one store in memory.

What enters: Kubernetes objects as dictionaries, and faults on demand. What does not: the lab's network. It answers as
a real server of version 1.36 was seen to: Status errors, pages with continue tokens, watches with bookmarks and initial
events, 410 as an ERROR line, plain-text 404 for unknown groups.
"""
