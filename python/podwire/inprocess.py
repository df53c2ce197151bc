"""Lets the console's commands run without a daemon: the transport that calls `commands` in this process."""

from __future__ import annotations

import asyncio
from typing import Any

from podwire.catalog import Noun, Verb
from podwire.cli.transport import Answer
from podwire.commands import answer as answers
from podwire.commands.dispatch import Commands


class InProcessTransport:
    """A `cli.transport.Transport` over Commands."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def show(self, noun: Noun, params: list[tuple[str, str]]) -> Answer:
        """Answer a show command."""
        return _passed_on(asyncio.run(self._commands.show(noun, params)))

    def act(self, noun: Noun, verb: Verb, values: dict[str, Any]) -> Answer:
        """Carry out a verb."""
        return _passed_on(asyncio.run(self._commands.act(noun, verb.name, values)))


def _passed_on(answer: answers.Answer) -> Answer:
    return Answer(answer.as_rows(), answer.columns, answer.count, answer.notes, answer.sums)
