"""What may come next in a line that is being typed: commands, options, values. Knows nothing of terminals."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from podwire.catalog import Noun
from podwire.catalog.connection import CONNECTION
from podwire.catalog.k8s_connection import K8S_CONNECTION
from podwire.catalog.types import PATH
from podwire.cli.keywords import COMMANDS, Keyword, keywords

MOST_CANDIDATES = 1_000
"""Files of a folder, or values of a column, that are offered at once."""

OWN_WORDS = ("exit", "help", "pager", "quit", "switch", "switch-local")

Lookup = Callable[[Noun, str, str], Iterable[str]]
"""Asks the switch for the values of a noun's column that begin like a text; gives nothing where it cannot."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One word that may stand at the end of the line."""

    text: str
    """What replaces the unfinished word."""
    is_finished: bool = True
    """False where more of the same word may follow: a folder, a list of columns."""


@dataclass(frozen=True, slots=True)
class Line:
    """The finished words of a line, and the unfinished one at its end (empty after a blank)."""

    words: Sequence[str]
    rest: str


def read_line(text: str) -> Line | None:
    """Split what stands before the cursor; None within quotes or after a backslash, where nothing is completed."""
    pieces = text.split()
    rest = pieces[-1] if pieces and not text[-1:].isspace() else ""
    try:
        shlex.split(text)
        return Line(without_prefixes(shlex.split(text[: len(text) - len(rest)])), rest)
    except ValueError:
        return None


def without_prefixes(words: list[str]) -> list[str]:
    """Return the command behind what says where it is to run, or that its help is wanted."""
    while words and words[0] in ("switch", "switch-local", "help"):
        words = words[2 if words[0] == "switch" else 1 :]
    return words


def complete(text: str, known: Lookup) -> list[Candidate]:
    """Return what may replace the unfinished word at the end of `text`, in the order to show."""
    line = read_line(text)
    if line is None:
        return []
    return list(islice(_candidates(line, known), MOST_CANDIDATES))


def _candidates(line: Line, lookup: Lookup) -> Iterator[Candidate]:
    if not line.words:
        return _beginning(line.rest, sorted([*COMMANDS, *OWN_WORDS]))
    if line.words[0] == "pager":
        return _beginning(line.rest, ("off", "on") if len(line.words) == 1 else ())
    command = COMMANDS.get(line.words[0])
    if command is None:
        return iter(())
    known = keywords(command.name)
    waiting, used = _walk(known, line.words[1:])
    if waiting is not None:
        return _values(command.noun, waiting, line.rest, lookup)
    return _beginning(line.rest, (word.text for word in known.values() if word.name not in used))


def waiting_word(command: str, words: Sequence[str]) -> Keyword | None:
    """Return the word of the command that waits for its value behind `words`, or None."""
    return _walk(keywords(command), words)[0]


def _walk(known: dict[str, Keyword], words: Sequence[str]) -> tuple[Keyword | None, set[str]]:
    """Return the word that waits for its value, and the fields that are set."""
    used = set()
    rest = iter(words)
    for word in rest:
        keyword = known.get(word)
        if keyword is None:
            continue
        used.add(keyword.name)
        if keyword.type and next(rest, None) is None:
            return keyword, used
    return None, used


def _beginning(start: str, texts: Iterable[str]) -> Iterator[Candidate]:
    return (Candidate(text) for text in texts if text.startswith(start))


def _values(noun: Noun, keyword: Keyword, start: str, lookup: Lookup) -> Iterator[Candidate]:
    if keyword.text in ("format", "sort-asc", "sort-desc", "sum-by") and not keyword.is_filter:
        return _columns(noun, keyword.text, start)
    if keyword.type is PATH:
        return _paths(start)
    if keyword.choices:
        return _beginning(start, keyword.choices)
    if keyword.text in ("cluster-name", "svc-name"):
        return _known(K8S_CONNECTION, "cluster-name", start, lookup)
    return _known(_noun_with(noun, keyword), keyword.name, start, lookup)


def _noun_with(noun: Noun, keyword: Keyword) -> Noun | None:
    """Return the noun whose rows have the values that the word takes, if any has them as text."""
    if keyword.type is None or keyword.type.json_type != "string" or keyword.type.is_secret:
        return None
    # What is no column of the noun filters the connections that its rows add up.
    found = noun if noun.column(keyword.name) else CONNECTION if keyword.is_filter else None
    column = found.column(keyword.name) if found is not None else None
    return found if column is not None and (keyword.is_filter or column.is_key) else None


def _known(noun: Noun | None, column: str, start: str, lookup: Lookup) -> Iterator[Candidate]:
    """Offer what the switch has, as one more value of a list."""
    if noun is None:
        return
    before, comma, last = start.rpartition(",")
    taken = before.split(",")
    for value in lookup(noun, column, last):
        text = shlex.quote(value)
        if text.startswith(last) and value not in taken and "," not in value:
            yield Candidate(before + comma + text)


def _columns(noun: Noun, option: str, start: str) -> Iterator[Candidate]:
    """Offer the columns that are not in the list yet."""
    before, comma, last = start.rpartition(",")
    taken = before.split(",")
    if option == "format" and not comma and "all".startswith(last):
        yield Candidate("all")
    for column in noun.columns:
        if column.name not in taken and column.name.startswith(last):
            yield Candidate(before + comma + column.name, is_finished=False)


def _paths(start: str) -> Iterator[Candidate]:
    """Offer the files and folders that begin like `start`; hidden ones where a dot was typed."""
    folder, slash, last = start.rpartition("/")
    try:
        # The root folder's own path is empty before its slash.
        with os.scandir(Path(folder + slash or ".").expanduser()) as entries:
            found = sorted((entry.name, entry.is_dir()) for entry in islice(entries, 10 * MOST_CANDIDATES))
    except (OSError, RuntimeError, ValueError):
        return
    for name, is_folder in found:
        if name.startswith(last) and (last.startswith(".") or not name.startswith(".")) and name == shlex.quote(name):
            yield Candidate(f"{folder}{slash}{name}" + ("/" if is_folder else ""), is_finished=not is_folder)
