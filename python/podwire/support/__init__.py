"""What any room may need and no room owns: clock, backoff, supervised tasks, rate-limited log, root error.

Nothing here knows Kubernetes, packets or commands. A helper that one room alone uses lives in that room.
"""
