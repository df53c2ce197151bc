"""What goes wrong with the history's files.

UnavailableError
└── HistoryError   the folder cannot be used
"""

from __future__ import annotations

from podwire.support.errors import UnavailableError


class HistoryError(UnavailableError):
    """The folder of the history cannot be used; the text is one sentence that says why."""
