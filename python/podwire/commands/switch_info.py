"""`switch-info-show`: this switch."""

from __future__ import annotations

from dataclasses import dataclass

from podwire.catalog.switch_info import SWITCH_INFO
from podwire.commands.answer import Answer
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.support.clock import Clock


@dataclass(frozen=True, slots=True)
class SwitchFacts:
    """What does not change while podwire runs."""

    name: str
    version: str
    started_ns: int
    state_dir: str
    warning: str = ""


class SwitchInfoHandler:
    """Shows what this switch is."""

    noun = SWITCH_INFO

    def __init__(self, facts: SwitchFacts, *, clock: Clock) -> None:
        self._facts = facts
        self._clock = clock

    async def show(self, query: Query) -> Answer:
        """Return the one record."""
        now_ns = self._clock.now_ns()
        row = {
            "name": self._facts.name,
            "version": self._facts.version,
            "started-time": self._facts.started_ns,
            "uptime": now_ns - self._facts.started_ns,
            "state-dir": self._facts.state_dir,
            "warning": self._facts.warning or None,
        }
        return answer_rows(query, [row], now_ns=now_ns)
