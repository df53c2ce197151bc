"""The lab's one exception: its text is a sentence for the person at the console."""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot do what it was asked to; the text says why and what to do."""
