"""What goes wrong with the history's files.

UnavailableError
└── HistoryError            the folder cannot be used
    └── DamagedFileError    one file in it holds something else than it should
"""

from __future__ import annotations

from pathlib import Path

from podwire.support.errors import UnavailableError


class HistoryError(UnavailableError):
    """The folder of the history cannot be used; the text is one sentence that says why."""


class DamagedFileError(HistoryError):
    """A file of the history cannot be read for what is in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is damaged and cannot be read.")
        self.path = path
