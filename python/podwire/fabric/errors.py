"""What can go wrong with the configuration document.

StoreError(UnavailableError)      it cannot be read or written (permissions, full disk)
StaleRevisionError(ConflictError) somebody else has changed it since it was read
"""

from __future__ import annotations

from podwire.support.errors import ConflictError, UnavailableError


class StoreError(UnavailableError):
    """The configuration cannot be read or written."""


class StaleRevisionError(ConflictError):
    """The configuration has changed since it was read; read it again and repeat the change."""
