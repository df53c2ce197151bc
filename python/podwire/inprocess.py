"""Lets the console's commands run without a daemon: the transport that calls `commands` in this process."""

from __future__ import annotations

from typing import Any

from podwire.catalog import Noun, Verb
from podwire.cli.transport import Answer, Export
from podwire.commands import answer as answers
from podwire.commands.dispatch import Commands
from podwire.commands.export import export
from podwire.support.waiting import finish


class InProcessTransport:
    """A `cli.transport.Transport` over Commands."""

    is_live = False

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def show(self, noun: Noun, params: list[tuple[str, str]]) -> Answer:
        """Answer a show command."""
        return _passed_on(finish(self._commands.show(noun, params)))

    def export(self, noun: Noun, params: list[tuple[str, str]], kind: str) -> Export:
        """Answer a show command in a form for programs."""
        answer = finish(self._commands.show(noun, params))
        return Export(export(noun, answer, kind), answer.notes)

    def act(self, noun: Noun, verb: Verb, values: dict[str, Any]) -> Answer:
        """Carry out a verb."""
        return _passed_on(finish(self._commands.act(noun, verb.name, values)))


def _passed_on(answer: answers.Answer) -> Answer:
    return Answer(answer.as_rows(), answer.columns, answer.count, answer.notes, answer.sums)
