"""The words of `podwire replay`, understood and checked before anything is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from podwire.capture import BY_PORT, BY_PROTOCOL
from podwire.cli.grammar import HELP_WORD, Request, find_command, parse
from podwire.cli.keywords import COMMANDS
from podwire.cli.words import check_words, split
from podwire.model.overlays import MAX_VNI, Encapsulation, Overlay
from podwire.support.errors import UsageError
from podwire.support.words import quoted

CLUSTER = "objects"
"""The name of the cluster that `--objects` describes, unless `--cluster-name` gives another."""

STANDARD_INPUT = "-"
SHOWN = (
    "connection-show",
    "capture-show",
    "client-server-stats-show",
    "connection-counters-show",
    "connection-latency-show",
    "connection-stats-show",
    "encrypted-show",
    "k8s-cni-show",
    "k8s-path-show",
    "k8s-node-show",
    "k8s-pod-show",
    "k8s-service-show",
    "k8s-workload-show",
    "traffic-show",
    "vport-show",
    "vport-history-show",
)
"""The commands that captures and objects can answer; every other one needs the daemon."""

MOST_THREADS = 64
"""The most threads that the packet core takes."""

_SOME_THREADS = 4
"""The most that are used where nothing was said of it."""

_LARGE = 16 << 20
"""Captures of so many bytes are worth several threads."""

_SEE = "see podwire replay --help."


@dataclass(slots=True)
class Plan:
    """What the words ask for."""

    captures: list[str] = field(default_factory=list)
    overlays: list[Overlay] = field(default_factory=list)
    objects: list[tuple[str, Path]] = field(default_factory=list)
    """(name of the cluster, path)."""
    mode: str = "full"
    report: Path | None = None
    """Where to write a page of charts."""
    threads: int | None = None
    """How many read; None where nothing was said of it."""
    command: list[str] = field(default_factory=list)
    wants_usage: bool = False

    def reading_threads(self) -> int:
        """Return how many threads to read with: as asked for, else one for each idle CPU where the captures are large.

        Pipes have no size: they come no faster than one thread reads. Threads that share their CPUs with others wait
        for each other, and are slower than one.
        """
        if self.threads is not None:
            return self.threads
        is_large = sum(map(_stored_bytes, self.captures)) >= _LARGE
        idle = len(os.sched_getaffinity(0)) - _others_running()
        return max(1, min(idle, _SOME_THREADS)) if is_large else 1

    def request(self) -> Request:
        """Return the command, checked. Raises UsageError for one that does not fit or needs the daemon."""
        request = parse(self.command or [SHOWN[0]])
        name = request.command.name
        if name not in SHOWN and request.help_status is None:
            msg = f"{name} needs the daemon (podwire serve); replay answers {', '.join(SHOWN[:-1])} and {SHOWN[-1]}."
            raise UsageError(msg)
        return request


def read_words(words: Sequence[str]) -> Plan:
    """Sort the words into captures, options and the command. Raises UsageError for what does not fit."""
    check_words(words)
    reader = _Words(list(words))
    reader.read()
    return reader.plan


class _Words:
    def __init__(self, words: list[str]) -> None:
        self.plan = Plan()
        self._rest = words
        self._objects: list[tuple[str, Path]] = []
        self._names: list[str] = []
        self._options: dict[str, Callable[[str], None]] = {
            "--overlay": lambda text: self.plan.overlays.append(parse_overlay(text)),
            "--objects": lambda text: self._objects.append((self._names[-1] if self._names else "", Path(text))),
            "--cluster-name": self._take_name,
            "--mode": self._take_mode,
            "--report": self._take_report,
            "--threads": self._take_threads,
        }

    def read(self) -> None:
        while self._rest and not self.plan.command:
            self._take(self._rest.pop(0))
        # One name is that of all objects, wherever it stands; of several, each is that of the objects behind it.
        first = self._names[0] if len(self._names) == 1 else CLUSTER
        self.plan.objects = [(name or first, path) for name, path in self._objects]
        asks_for_help = self.plan.wants_usage or (self.plan.command and self.plan.command[-1] == HELP_WORD)
        if not self.plan.captures and not asks_for_help:
            msg = f"No capture file is named; {_SEE}"
            raise UsageError(msg)

    def _take(self, word: str) -> None:
        if word in ("-h", "--help"):
            self.plan.wants_usage = True
        elif word.startswith("-") and word != STANDARD_INPUT:
            self._take_option(word)
        elif is_command(word):
            self.plan.command = [*split(word), *self._rest] if " " in word else [word, *self._rest]
            find_command(self.plan.command[0])
        elif word == STANDARD_INPUT and word in self.plan.captures:
            msg = "Standard input (-) can be read only once."
            raise UsageError(msg)
        else:
            self.plan.captures.append(word)

    def _take_option(self, word: str) -> None:
        name, has_value, value = word.partition("=")
        take = self._options.get(name)
        if take is None:
            msg = f"Unknown option {quoted(name)}; {_SEE}"
            raise UsageError(msg)
        if not has_value and self._rest:
            value = self._rest.pop(0)
        if not value:
            msg = f"{name} needs a value; {_SEE}"
            raise UsageError(msg)
        take(value)

    def _take_name(self, text: str) -> None:
        if text in self._names:
            msg = f"--cluster-name {quoted(text)} is given twice."
            raise UsageError(msg)
        self._names.append(text)

    def _take_report(self, text: str) -> None:
        self.plan.report = Path(text)

    def _take_mode(self, text: str) -> None:
        if text not in ("full", "control"):
            msg = f"--mode: {quoted(text)} is neither full nor control."
            raise UsageError(msg)
        self.plan.mode = text

    def _take_threads(self, text: str) -> None:
        try:
            self.plan.threads = _number(text, 1, MOST_THREADS)
        except ValueError:
            msg = f"--threads: {quoted(text)} is not a number from 1 to {MOST_THREADS}."
            raise UsageError(msg) from None


def is_command(word: str) -> bool:
    """Whether a word is meant as a command: it is one, or has a hyphen, looks like no path, and is no file."""
    first = word.split(" ", 1)[0]
    if first in COMMANDS:
        return True
    return "-" in word and word != STANDARD_INPUT and not {".", os.sep} & set(word) and not Path(word).exists()


_OTHER_NAMES = {"ip6tnl": "ipip", "sit": "ipip"}
"""Linux's names for other pairs of IP in IP, all of which are looked into where one is."""


def parse_overlay(text: str) -> Overlay:
    """Read `KIND[:PORT[:VNI]]`. Raises UsageError with what is expected."""
    kind, _, rest = text.partition(":")
    kind = _OTHER_NAMES.get(kind, kind)
    port, has_vni, vni = rest.partition(":")
    try:
        if kind in BY_PROTOCOL and not rest:
            return Overlay(Encapsulation(kind))
        if kind in BY_PORT:
            return Overlay(
                Encapsulation(kind), port=_number(port, 1, (1 << 16) - 1), vni=_vni(vni) if has_vni else None
            )
    except ValueError:
        pass
    alone = ", ".join(sorted({*BY_PROTOCOL, *_OTHER_NAMES}))
    kinds = f"{', '.join(sorted(BY_PORT))} with a port, or {alone} without"
    msg = f"--overlay: {quoted(text)} is not KIND:PORT[:VNI], such as vxlan:8472 or vxlan:4789:4096; kinds: {kinds}."
    raise UsageError(msg)


def _vni(text: str) -> int:
    return _number(text, 0, MAX_VNI)


def _number(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and least <= int(text[:20]) <= most):
        raise ValueError(text)
    return int(text)


def _others_running() -> int:
    """Return how many other threads are on a CPU or wait for one (proc_stat(5)); 0 where it is not told."""
    try:
        text = Path("/proc/stat").read_text(encoding="ascii")
        running = next(line for line in text.splitlines() if line.startswith("procs_running "))
        return max(0, int(running.split()[1]) - 1)
    except (OSError, StopIteration, ValueError):
        return 0


def _stored_bytes(path: str) -> int:
    """Return a file's size; 0 for what has none. What cannot be opened is told when it is read."""
    try:
        status = Path(path).stat()
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
