"""Words that came from outside: made safe to print, quoted in errors, with the nearest right one."""

from __future__ import annotations

from collections.abc import Iterable

_MOST_QUOTED = 60
"""Characters of a typed word that an error repeats."""


def quoted(word: str) -> str:
    """Return what was typed as an error repeats it: in quotes, cut where it is very long."""
    return f"'{word}'" if len(word) <= _MOST_QUOTED else f"'{word[:_MOST_QUOTED]}…'"


def nearest(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """Return the known word that is most like `word`; empty where none is, by a likeness from 0 to 1."""
    import difflib  # noqa: PLC0415 - only a wrong word needs it

    near = difflib.get_close_matches(word[:100].lower(), known, n=1, cutoff=likeness)
    return near[0] if near else ""


def advice(word: str, known: Iterable[str], *, otherwise: str) -> str:
    """Return the end of an error about an unknown word: the nearest known one, or `otherwise`."""
    near = nearest(word, known)
    return f"did you mean '{near}'?" if near else otherwise


def clean(text: str) -> str:
    r"""Replace what a terminal would obey or hide (controls, text direction, odd blanks) by `\xNN` or `\uNNNN`."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
