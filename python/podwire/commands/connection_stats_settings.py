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
from podwire.settings.configuration import Configuration, ConnectionStatsSettings


class ConnectionStatsSettingsHandler:
    """Shows and changes the settings of connection statistics."""

    noun = CONNECTION_STATS_SETTINGS

    def __init__(self, configurator: Configurator, *, max_memory_bytes: int) -> None:
        self._configurator = configurator
        self._max_memory_bytes = max_memory_bytes

    async def show(self, query: Query) -> Answer:
        """Return the one record."""
        settings = self._configurator.configuration.connection_stats
        row = {"enable": settings.enable, "connection-max-memory": self._max_memory_bytes}
        return answer_rows(query, [row], now_ns=0)

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        """Enable or disable collecting."""
        assert verb == "modify"
        settings = ConnectionStatsSettings(enable=values["enable"])

        def edit(document: Configuration) -> Configuration:
            return msgspec.structs.replace(document, connection_stats=settings)

        await self._configurator.change(edit)
        return ()
