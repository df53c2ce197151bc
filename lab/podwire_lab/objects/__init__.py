"""The Kubernetes objects of the lab's cluster, shaped as a real API server, flannel and Calico write them.

What enters: the typed truth. What comes out: plain JSON-like dictionaries. No I/O here.
"""
