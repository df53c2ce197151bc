"""How errors speak of words that somebody typed: quoted, cut where they are long, with the nearest right one."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_QUOTED = 60
"""Characters of a typed word that an error repeats."""


def quoted(word: str) -> str:
    """Return what was typed as an error repeats it: in quotes, cut where it is very long."""
    return f"'{word}'" if len(word) <= _MOST_QUOTED else f"'{word[:_MOST_QUOTED]}…'"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like `word`; empty where none is."""
    import difflib  # noqa: PLC0415 - only a wrong word needs it

    near = difflib.get_close_matches(word[:100].lower(), known, n=1, cutoff=0.6)
    return near[0] if near else ""


def advice(word: str, known: Iterable[str], *, otherwise: str) -> str:
    """Return the end of an error about an unknown word: the nearest known one, or `otherwise`."""
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else otherwise
