"""Colours of tables on terminals: bold headers, and states that are good, bad or pending."""

from __future__ import annotations

_BOLD, _RED, _GREEN, _YELLOW = "1", "31", "32", "33"

_STATES = {
    _GREEN: ("est", "connected", "up", "Running", "active"),
    _YELLOW: ("syn", "syn-ack", "connecting", "Pending"),
    _RED: ("rst", "gone", "down", "Failed", "CrashLoopBackOff"),
}
_COLOURS = {word: colour for colour, words in _STATES.items() for word in words}

STATE_COLUMNS = frozenset({"cur-state", "state", "power"})
"""The columns whose values have colours."""


def header(text: str) -> str:
    """Return a header line in bold."""
    return f"\x1b[{_BOLD}m{text}\x1b[0m"


def state(cell: str) -> str:
    """Return a padded cell of a state column in its colour."""
    colour = _COLOURS.get(cell.rstrip())
    return f"\x1b[{colour}m{cell}\x1b[0m" if colour else cell
