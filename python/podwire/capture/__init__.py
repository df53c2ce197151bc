"""The packet core's face: sources of packets in, the connection table and its counters out.

Nothing else imports the compiled module. No names, no Kubernetes and no commands here: an endpoint is a number that the
caller gave, and columns have the core's values (nanoseconds, bytes, addresses as text).
"""

from podwire.capture.engine import Capture
from podwire.capture.errors import CaptureError, CoreFailedError
from podwire.capture.overlays import BY_PORT, BY_PROTOCOL
from podwire.capture.query import Claim, Filter, Progress, ReadSummary, Scope, Span

__all__ = [
    "BY_PORT",
    "BY_PROTOCOL",
    "Capture",
    "CaptureError",
    "Claim",
    "CoreFailedError",
    "Filter",
    "Progress",
    "ReadSummary",
    "Scope",
    "Span",
]
