"""`podwire replay`: the daemon's engine and commands over captures, without a daemon.

Its words, the clusters that files of objects describe, the bar that shows how far it is, and the run itself. What can
be shown is the commands' business; what a capture holds is the packet core's.
"""

from podwire.replay.run import run_replay

__all__ = ["run_replay"]
