"""Runs command lines, one-shot or in the shell: the console's own commands, prefixes, and those of the catalog."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from typing import TextIO

from podwire.catalog.switch_info import SWITCH_INFO
from podwire.cli.execute import execute, report
from podwire.cli.grammar import HELP_WORD, Request, find_command, parse
from podwire.cli.help import command_help, general_help
from podwire.cli.keywords import COMMANDS
from podwire.cli.output import emit
from podwire.cli.screen import screen_of
from podwire.cli.secrets import check_line
from podwire.cli.transport import Transport
from podwire.cli.words import split
from podwire.support.errors import PodwireError, UsageError
from podwire.support.words import quoted


class Session:
    """What lasts from one command to the next."""

    def __init__(self, transport: Transport, *, present: Callable[[str], None] | None = None) -> None:
        """Take the way to the switch, and for a shell what shows the whole output of a command."""
        self._transport = transport
        self._present = present
        self._own: dict[str, Callable[[Sequence[str], TextIO], None]] = {
            "exit": self._exit,
            "quit": self._exit,
            "help": self._help,
            HELP_WORD: self._help,
            "pager": self._pager,
        }
        self.is_ended = False
        """True after exit or quit."""
        self.has_pager = True
        self.is_local = False
        """True after a bare switch-local, until a bare switch."""

    def run_line(self, line: str, *, number: int = 0) -> int:
        """Run one line as typed; return its exit status. An empty line does nothing.

        `number` is its number among several, which an error tells.
        """
        try:
            return self._run(split(line))
        except PodwireError as error:
            report(error, sys.stderr, line_number=number)
            return 1

    def run_words(self, words: Sequence[str]) -> int:
        """Run one command; return its exit status."""
        try:
            return self._run(words)
        except PodwireError as error:
            report(error, sys.stderr)
            return 1

    def _run(self, words: Sequence[str]) -> int:
        if self._present is None:
            return self._run_into(words, sys.stdout, None)
        # In a shell, notes belong to what is read; in a pipe, they must not mix with the rows.
        output = io.StringIO()
        status = self._run_into(words, output, output)
        if output.tell():
            self._present(output.getvalue())
        return status

    def _run_into(self, words: Sequence[str], output: TextIO, notes: TextIO | None) -> int:
        check_line(words)
        listed = _commands_like(words)
        if listed:
            emit(output, listed)
            return 0
        words = self._without_prefixes(words)
        if not words:
            return 0
        own = self._own.get(words[0])
        if own is None:
            return self._execute(parse(words), output, notes)
        own(words[1:], output)
        return 0

    def _execute(self, request: Request, output: TextIO, notes: TextIO | None) -> int:
        if notes is None or request.view.is_endless or request.view.export_kind:
            # What has no end, and what may be very long, is not gathered for a pager.
            return execute(request, self._transport, sys.stdout if notes else output, sys.stderr, notes=None)
        screen = screen_of(sys.stdout)
        return execute(request, self._transport, output, sys.stderr, notes=notes, screen=screen)

    def _without_prefixes(self, words: Sequence[str]) -> Sequence[str]:
        """Take off what says on which switch to run, if it is this one; without a command it holds from now on."""
        while words and words[0] in ("switch", "switch-local"):
            names = words[1:2] if words[0] == "switch" else []
            is_local = words[0] == "switch-local" or bool(names and names[0] != "*")
            if names and names[0] != "*":
                self._check_switch(names[0])
            words = words[1 + len(names) :]
            if not words:
                self.is_local = is_local
        return words

    def _check_switch(self, name: str) -> None:
        """Raise UsageError if `name` is another switch than the one that answers."""
        own = switch_name(self._transport)
        if name != own:
            msg = f"switch: {quoted(name)} is not this switch, which is {quoted(own)}; open a console there"
            raise UsageError(msg)

    def _help(self, words: Sequence[str], output: TextIO) -> None:
        emit(output, command_help(find_command(words[0])) if words else general_help())

    def _exit(self, words: Sequence[str], output: TextIO) -> None:
        del output
        if words:
            msg = f"exit: {quoted(words[0])} has no place; it stands alone"
            raise UsageError(msg)
        self.is_ended = True

    def _pager(self, words: Sequence[str], output: TextIO) -> None:
        del output
        if list(words) not in (["on"], ["off"]):
            msg = "pager: say on or off"
            raise UsageError(msg)
        self.has_pager = words[0] == "on"


def _commands_like(words: Sequence[str]) -> str:
    """Return the list of commands that begin alike, where it is asked for: `vp?`, `switch ?`, `help vp`."""
    if len(words) == 1 and len(words[0]) > 1 and words[0].endswith(HELP_WORD):
        return general_help(words[0].removesuffix(HELP_WORD))
    if len(words) != 2 or words[0] == HELP_WORD or COMMANDS.keys() & set(words):
        return ""
    if words[1] == HELP_WORD:
        return general_help(words[0])
    return general_help(words[1]) if words[0] == "help" else ""


def switch_name(transport: Transport) -> str:
    """Ask the switch for its name. Raises PodwireError."""
    rows = transport.show(SWITCH_INFO, [("format", "name")]).rows
    return str(rows[0].get("name") or "switch") if rows else "switch"
