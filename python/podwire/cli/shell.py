"""The interactive shell: prompt, history, completion, `?` for help. Alone with `history` it knows prompt-toolkit."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.shortcuts import CompleteStyle
from prompt_toolkit.utils import is_dumb_terminal

from podwire.catalog import Noun
from podwire.catalog.switch_info import SWITCH_INFO
from podwire.cli import pager
from podwire.cli.complete import MOST_CANDIDATES, Lookup, complete, read_line, waiting_word
from podwire.cli.execute import report
from podwire.cli.grammar import HELP_WORD
from podwire.cli.help import command_help, general_help, value_help, words_help
from podwire.cli.history import LineHistory
from podwire.cli.keywords import COMMANDS
from podwire.cli.output import end_line
from podwire.cli.session import Session
from podwire.cli.text import clean
from podwire.cli.transport import Transport
from podwire.settings.paths import SESSION_USER_VARIABLE, user_state_dir
from podwire.support.errors import PodwireError

USER = "network-admin"
"""NetVisor's name for whoever may command the switch; here, whoever may open the socket and comes by no other name."""


class Shell:
    """Reads commands from a terminal until its person leaves."""

    def __init__(self, transport: Transport, lookups: Transport, *, is_quiet: bool) -> None:
        """Take the way to the switch, and a second one for what the shell asks by itself, which must not wait long."""
        self._lookups = lookups
        self._is_quiet = is_quiet
        self._name = ""
        self._user = clean(os.environ.get(SESSION_USER_VARIABLE) or USER)
        self._session = Session(transport, present=self._present)
        self._read = self._reader()

    def _reader(self) -> Callable[[], str]:
        """Return what reads a line: prompt-toolkit, or the bare terminal where that cannot be drawn on."""
        if is_dumb_terminal():
            return lambda: input(self._message())
        output = create_output()
        if isinstance(output, Vt100_Output):
            # Asking a terminal where its cursor is delays the first prompt on those that do not answer.
            output.enable_cpr = False
        prompt: PromptSession[str] = PromptSession(
            # A colour, if only the terminal's own, has the last blank printed, which programs wait for.
            lambda: [("fg:ansidefault", self._message())],
            history=LineHistory(user_state_dir() / "cli-history"),
            completer=_ShellCompleter(self._known),
            complete_style=CompleteStyle.READLINE_LIKE,
            complete_while_typing=False,
            key_bindings=_bindings(),
            output=output,
        )
        return prompt.prompt

    def run(self) -> int:
        """Run until exit, quit or Ctrl-D; return the exit status 0."""
        # Whoever was started by a script in the background ignores it; a person's Ctrl-C is to be heard all the same.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._greet()
        while not self._session.is_ended:
            try:
                line = self._read()
            except KeyboardInterrupt:
                continue
            except EOFError:
                break
            self._run(line)
        return 0

    def _run(self, line: str) -> None:
        try:
            status = self._session.run_line(line)
        except KeyboardInterrupt:
            end_line(sys.stdout)
            sys.stderr.write("interrupted; what the switch had begun, it may have finished\n")
            return
        if status == 0 and not self._name:
            self._learn_name()

    def _message(self) -> str:
        local = "*" if self._session.is_local else ""
        return f"CLI ({self._user}@{self._name or 'switch'}{local}) > "

    def _present(self, text: str) -> None:
        pager.show(text, is_paged=self._session.has_pager)

    def _greet(self) -> None:
        try:
            row = self._ask_switch()
        except PodwireError as error:
            report(error, sys.stderr)
            return
        if not self._is_quiet:
            sys.stdout.write(f"Connected to Switch {self._name}; podwire {clean(str(row.get('version')))}\n")

    def _learn_name(self) -> None:
        """Take the switch's name once it answers, after a start without it."""
        try:
            self._ask_switch()
        except PodwireError:
            return

    def _ask_switch(self) -> dict[str, object]:
        rows = self._lookups.show(SWITCH_INFO, []).rows
        row = rows[0] if rows else {}
        self._name = clean(str(row.get("name") or ""))
        return row

    def _known(self, noun: Noun, column: str, start: str) -> Iterable[str]:
        """Ask for the values of a column, each once; nothing where the switch does not answer soon."""
        params = [("sum-by", column), ("format", column), ("limit-output", str(MOST_CANDIDATES))]
        if start:
            params.append((column, f"{start}*"))
        try:
            rows = self._lookups.show(noun, params).rows
        except PodwireError:
            return []
        return sorted({str(row[column]) for row in rows if row.get(column)})


class _ShellCompleter(Completer):
    """Hands what `complete` offers to prompt-toolkit."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Offer what may end the line before the cursor."""
        del complete_event
        text = document.text_before_cursor
        line = read_line(text)
        candidates = complete(text, self._lookup)
        for candidate in candidates:
            # A blank follows where nothing else can.
            blank = " " if len(candidates) == 1 and candidate.is_finished else ""
            shown = candidate.text.removesuffix("/").rpartition("/")[2] if "/" in candidate.text else candidate.text
            yield Completion(candidate.text + blank, -len(line.rest) if line else 0, display=shown)


def _bindings() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add(HELP_WORD)
    def show_help(event: KeyPressEvent) -> None:
        document = event.current_buffer.document
        # With more keys behind it, it comes from a program or a paste, whose Enter must print help, not run the rest.
        has_more_keys = bool(event.key_processor.input_queue)
        text = "" if has_more_keys or not document.is_cursor_at_the_end else help_for(document.text)
        if text:
            run_in_terminal(lambda: sys.stdout.write(text), render_cli_done=True)
        else:
            event.current_buffer.insert_text(HELP_WORD)

    return bindings


def help_for(text: str) -> str:
    """Return the help that `?` gives at the end of `text`; empty where the character belongs to a word."""
    line = read_line(text)
    if line is None:
        return ""
    if not line.words:
        return general_help(line.rest)
    command = COMMANDS.get(line.words[0])
    if command is None:
        return ""
    waiting = waiting_word(command.name, line.words[1:])
    if waiting is not None:
        return value_help(waiting)
    return words_help(command, line.rest) if line.rest else command_help(command)
