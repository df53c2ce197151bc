"""`connection-stats-settings-…`: what is collected, how much memory sums may take, and their logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from podwire.catalog.connection_stats_settings import CONNECTION_STATS_SETTINGS
from podwire.catalog.units import NS_PER_SECOND
from podwire.commands.answer import Answer
from podwire.commands.configuring import Configurator
from podwire.commands.handlers import Values
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.settings.configuration import Configuration, ConnectionStatsSettings
from podwire.support.errors import UsageError

_MEBIBYTE = 1 << 20
_MOST_BYTES = 1 << 40
"""Bytes that no switch has."""
_DAY_NS = 86_400 * NS_PER_SECOND

_BOUNDS: Mapping[str, tuple[int, int, str]] = {
    "connection-max-memory": (_MEBIBYTE, _MOST_BYTES, "from 1M to 1T"),
    # It is only kept, and scripts written for NetVisor give it less.
    "fabric-connection-max-memory": (0, _MOST_BYTES, "from 0 to 1T"),
    **dict.fromkeys(
        ("connection-stats-max-memory", "client-server-stats-max-memory", "service-stat-max-memory"),
        (32 * _MEBIBYTE, _MOST_BYTES, "from 32M to 1T"),
    ),
    **dict.fromkeys(
        ("connection-stats-log-disk-space", "client-server-stats-log-disk-space"),
        (_MEBIBYTE, _MOST_BYTES, "from 1M to 1T"),
    ),
    **dict.fromkeys(
        (
            *("connection-backup-interval", "fabric-connection-backup-interval"),
            *("connection-stats-log-interval", "client-server-stats-log-interval"),
        ),
        (10 * NS_PER_SECOND, _DAY_NS, "from 10s to 1d"),
    ),
}
"""By option: the least and the most, and the words for them."""

_OF_HISTORY = {"connection-backup-enable": "updates", "connection-backup-interval": "update_seconds"}
"""Settings that history has under another name."""


class ConnectionStatsSettingsHandler:
    """Shows and changes the settings of connection statistics."""

    noun = CONNECTION_STATS_SETTINGS

    def __init__(self, configurator: Configurator, *, max_memory_bytes: int) -> None:
        self._configurator = configurator
        self._max_memory_bytes = max_memory_bytes

    async def show(self, query: Query) -> Answer:
        """Return the one record."""
        document = self._configurator.configuration
        row: dict[str, Any] = {}
        for column in self.noun.columns:
            room = document.history if column.name in _OF_HISTORY else document.connection_stats
            value = getattr(room, _field(column.name))
            row[column.name] = value * NS_PER_SECOND if column.name.endswith("-interval") else value
        row["connection-max-memory"] = row["connection-max-memory"] or self._max_memory_bytes
        return answer_rows(query, [row], now_ns=0)

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Modify the settings. Raises UsageError for what is out of bounds."""
        assert verb == "modify"
        for name, value in values.items():
            low, high, words = _BOUNDS.get(name, (0, 1, ""))
            if not low <= value <= high:
                msg = f"{name} is {words}."
                raise UsageError(msg)
        raw = {name: value // NS_PER_SECOND if name.endswith("-interval") else value for name, value in values.items()}
        ours = {_field(name): value for name, value in raw.items() if name not in _OF_HISTORY}
        theirs = {_field(name): value for name, value in raw.items() if name in _OF_HISTORY}

        def edit(document: Configuration) -> Configuration:
            return msgspec.structs.replace(
                document,
                connection_stats=msgspec.structs.replace(document.connection_stats, **ours),
                history=msgspec.structs.replace(document.history, **theirs),
            )

        await self._configurator.change(edit)
        kept = [name for name in values if name.startswith("fabric-")]
        return [f"{', '.join(kept)}: kept, and without effect as long as this switch is in no fabric."] if kept else ()


def _field(name: str) -> str:
    return _OF_HISTORY.get(name) or name.replace("-", "_")


def memory_for(settings: ConnectionStatsSettings, noun_name: str) -> int:
    """Return the bytes that answering the show command of a noun may take."""
    if noun_name == "client-server-stats":
        return settings.client_server_stats_max_memory
    if noun_name == "traffic":
        return settings.service_stat_max_memory
    return settings.connection_stats_max_memory
