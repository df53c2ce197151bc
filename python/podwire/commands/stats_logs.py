"""The logs of sums: what the show commands say at an interval, written to files."""

from __future__ import annotations

import asyncio
from itertools import zip_longest
from pathlib import Path
from typing import Any

from podwire.catalog import Noun
from podwire.catalog.client_server_stats import CLIENT_SERVER_STATS
from podwire.catalog.connection_stats import CONNECTION_STATS
from podwire.commands.dispatch import Commands
from podwire.engine.stats_log import StatsLog, StatsLogSettings
from podwire.settings.configuration import ConnectionStatsSettings
from podwire.support.clock import Clock

MOST_ROWS = 10_000
"""Rows of one kind that are written at a time: those with the most connections come first."""


class StatsLogs:
    """Both logs; `ask` must be called once before they run."""

    def __init__(self, folder: Path, *, clock: Clock) -> None:
        self._commands: Commands | None = None
        self._stats = StatsLog(folder / "connection-stats.jsonl", self._by_host_and_port, clock=clock)
        self._pairs = StatsLog(folder / "client-server-stats.jsonl", self._by_pair, clock=clock)

    def ask(self, commands: Commands) -> None:
        """Say whom to ask."""
        self._commands = commands

    def configure(self, settings: ConnectionStatsSettings) -> None:
        """Follow a change of the settings at once."""
        self._stats.configure(
            StatsLogSettings(
                settings.connection_stats_log_enable,
                settings.connection_stats_log_interval,
                settings.connection_stats_log_disk_space,
            )
        )
        self._pairs.configure(
            StatsLogSettings(
                settings.client_server_stats_log_enable,
                settings.client_server_stats_log_interval,
                settings.client_server_stats_log_disk_space,
            )
        )

    async def run(self) -> None:
        """Write what is due, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._stats.run())
            tasks.create_task(self._pairs.run())

    async def _by_host_and_port(self, seconds: int) -> list[dict[str, Any]]:
        hosts = await self._rows(CONNECTION_STATS, ("by", "host"), ("within-last", f"{seconds}s"))
        ports = await self._rows(CONNECTION_STATS, ("by", "port"), ("within-last", f"{seconds}s"))
        # Both have those with the most connections first, and what has no room is left out at the end.
        return [row for pair in zip_longest(hosts, ports) for row in pair if row is not None]

    async def _by_pair(self, seconds: int) -> list[dict[str, Any]]:
        return await self._rows(CLIENT_SERVER_STATS, ("within-last", f"{seconds}s"))

    async def _rows(self, noun: Noun, *params: tuple[str, str]) -> list[dict[str, Any]]:
        assert self._commands is not None
        answer = await self._commands.show(noun, [("format", "all"), ("limit-output", str(MOST_ROWS)), *params])
        # What does not apply to a row is left out: it would double the size.
        return [{name: value for name, value in row.items() if value is not None} for row in answer.as_rows()]
