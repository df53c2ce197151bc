"""What the packet core reports.

UnavailableError
└── CaptureError           a file or an interface cannot be read
    └── CoreFailedError    the core has failed inside
"""

from __future__ import annotations

from podwire.support.errors import UnavailableError


class CaptureError(UnavailableError):
    """A source cannot be opened or read; the text is one sentence that says why."""


class CoreFailedError(CaptureError):
    """The core has failed inside: its tables can no longer be trusted, and only a new process helps."""
