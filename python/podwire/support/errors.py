"""The root of podwire's exceptions.

PodwireError
├── UsageError        what was asked for cannot be understood or is not allowed (REST 400, exit status 1)
├── ForbiddenError    who asks may not do that (REST 403)
├── NotFoundError     the named thing does not exist (REST 404)
├── ConflictError     it exists already, or a limit or another change stands against it (REST 409)
└── UnavailableError  something outside podwire does not answer or does not allow it (REST 503)

The text of an exception is one sentence for the person at the console: what happened, and what to do about it.
It never holds a secret.
"""

from __future__ import annotations


class PodwireError(Exception):
    """Anything that podwire itself reports to its user."""


class UsageError(PodwireError):
    """The request cannot be understood or is not allowed."""


class ForbiddenError(PodwireError):
    """Whoever asks is not known, or may not do that."""


class NotFoundError(PodwireError):
    """The named thing does not exist."""


class ConflictError(PodwireError):
    """The thing exists already, or a limit or a concurrent change stands against it."""


class UnavailableError(PodwireError):
    """Something outside podwire does not answer, or refuses."""
