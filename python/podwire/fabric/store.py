"""The contract of a configuration store, and the way to change the document safely."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from podwire.fabric.errors import StaleRevisionError
from podwire.settings.configuration import Configuration

_MOST_TRIES = 16


class ConfigurationStore(Protocol):
    """Keeps one Configuration and the number of its latest revision."""

    def read(self) -> tuple[Configuration, int]:
        """Return the document and its revision; revision 0 is the empty document that was never written."""
        ...

    def replace(self, document: Configuration, *, expected: int) -> int:
        """Write `document` if the revision is still `expected`, and return the new revision.

        The document is durable when this returns. Raises StaleRevisionError when the revision has moved on, StoreError
        when it cannot be written; in both cases the earlier document stands.
        """
        ...


def change(store: ConfigurationStore, edit: Callable[[Configuration], Configuration]) -> Configuration:
    """Apply `edit` to the latest document and write it, again from the start when somebody else was faster.

    `edit` may raise to refuse the change; it may be called more than once. Returns the document that was written.
    """
    for _ in range(_MOST_TRIES):
        document, revision = store.read()
        edited = edit(document)
        if edited == document:
            return document
        try:
            store.replace(edited, expected=revision)
        except StaleRevisionError:
            continue
        return edited
    msg = "The configuration keeps changing; repeat the command."
    raise StaleRevisionError(msg)
