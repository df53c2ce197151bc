"""What the packet core reports.

UnavailableError
└── CaptureError   a file or an interface cannot be read, or the core has failed
"""

from __future__ import annotations

from podwire.support.errors import UnavailableError


class CaptureError(UnavailableError):
    """A source cannot be opened or read; the text is one sentence that says why."""
