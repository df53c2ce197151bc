"""`connection-stats-settings-…`: whether connections are collected."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from podwire.catalog.connection_stats_settings import CONNECTION_STATS_SETTINGS
from podwire.commands.answer import Answer
from podwire.commands.configuring import Configurator
from podwire.commands.handlers import Values
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.settings.configuration import Configuration
from podwire.support.errors import UsageError

LEAST_MEMORY = 1 << 20
"""Bytes that the smallest connection table takes."""
MOST_MEMORY = 1 << 40
"""Bytes that no switch has."""


class ConnectionStatsSettingsHandler:
    """Shows and changes the settings of connection statistics."""

    noun = CONNECTION_STATS_SETTINGS

    def __init__(self, configurator: Configurator, *, max_memory_bytes: int) -> None:
        self._configurator = configurator
        self._max_memory_bytes = max_memory_bytes

    async def show(self, query: Query) -> Answer:
        """Return the one record."""
        settings = self._configurator.configuration.connection_stats
        most = settings.connection_max_memory or self._max_memory_bytes
        row = {"enable": settings.enable, "connection-max-memory": most}
        return answer_rows(query, [row], now_ns=0)

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Modify the settings. Raises UsageError for less memory than a table needs."""
        assert verb == "modify"
        fields = {name.replace("-", "_"): value for name, value in values.items()}
        if not LEAST_MEMORY <= fields.get("connection_max_memory", LEAST_MEMORY) <= MOST_MEMORY:
            msg = "connection-max-memory is from 1M to 1T."
            raise UsageError(msg)

        def edit(document: Configuration) -> Configuration:
            settings = msgspec.structs.replace(document.connection_stats, **fields)
            return msgspec.structs.replace(document, connection_stats=settings)

        await self._configurator.change(edit)
        return ()
