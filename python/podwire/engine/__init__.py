"""The supervised loops: one feed a cluster, the packet sources, and what follows when either changes.

It moves what `kube` and `capture` tell into `tables`, asks `cni` what it means and tells the packet core where to look.
No command is known here, and no loop reads a clock or a file by itself.
"""
