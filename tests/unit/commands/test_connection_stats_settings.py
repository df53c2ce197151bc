"""Every setting of connection statistics: shown as it was set, kept across restarts, refused out of bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from podwire.catalog.connection_stats_settings import CONNECTION_STATS_SETTINGS
from podwire.catalog.units import NS_PER_SECOND
from podwire.commands.configuring import Configurator
from podwire.commands.connection_stats_settings import ConnectionStatsSettingsHandler, memory_for
from podwire.commands.dispatch import Commands
from podwire.fabric.file_store import FileStore
from podwire.settings.configuration import Configuration
from podwire.support.clock import FixedClock
from podwire.support.errors import UsageError

CHANGED: dict[str, Any] = {
    "enable": True,
    "connection-max-memory": 2 << 20,
    "connection-stats-max-memory": 45 << 20,
    "client-server-stats-max-memory": 60 << 20,
    "service-stat-max-memory": 33 << 20,
    "connection-backup-interval": 60 * NS_PER_SECOND,
    "connection-backup-enable": False,
    "connection-stats-log-enable": True,
    "connection-stats-log-interval": 10 * NS_PER_SECOND,
    "connection-stats-log-disk-space": 2 << 20,
    "client-server-stats-log-enable": True,
    "client-server-stats-log-interval": 86_400 * NS_PER_SECOND,
    "client-server-stats-log-disk-space": 40 << 20,
    "fabric-connection-max-memory": 1000,
    "fabric-connection-backup-interval": 60 * NS_PER_SECOND,
    "fabric-connection-backup-enable": True,
}


class Switch:
    """A configuration on disk, and what was made of it."""

    def __init__(self, folder: Path) -> None:
        self.applied: list[Configuration] = []
        self.store = FileStore(folder, clock=FixedClock(0))
        self.store.open()
        self.configurator = Configurator(self.store, apply=self._apply)
        handler = ConnectionStatsSettingsHandler(self.configurator, max_memory_bytes=7 << 20)
        self.commands = Commands([handler], clock=FixedClock(0))

    async def _apply(self, document: Configuration) -> None:
        self.applied.append(document)

    async def modify(self, **values: Any) -> list[str]:
        named = {name.replace("_", "-"): value for name, value in values.items()}
        return (await self.commands.act(CONNECTION_STATS_SETTINGS, "modify", named)).notes

    async def shown(self) -> dict[str, Any]:
        return (await self.commands.show(CONNECTION_STATS_SETTINGS, [("format", "all")])).as_rows()[0]


async def test_every_setting_is_kept(tmp_path: Path) -> None:
    switch = Switch(tmp_path)
    before = await switch.shown()
    assert before["connection-max-memory"] == 7 << 20
    assert set(before) == set(CHANGED)
    for name, value in CHANGED.items():
        assert before[name] != value or name.endswith("disk-space")
        await switch.modify(**{name: value})
        assert (await switch.shown())[name] == value
    assert await switch.shown() == CHANGED
    assert await Switch(tmp_path).shown() == CHANGED
    assert len(switch.applied) == len(CHANGED)


async def test_what_only_a_fabric_needs_says_so(tmp_path: Path) -> None:
    switch = Switch(tmp_path)
    (note,) = await switch.modify(fabric_connection_max_memory=1 << 20, enable=True)
    assert note == "fabric-connection-max-memory: kept, and without effect as long as this switch is in no fabric."
    assert await switch.modify(enable=True) == []
    with pytest.raises(UsageError, match="fabric-connection-backup-interval is from 10s to 1d"):
        await switch.modify(fabric_connection_backup_interval=1)


async def test_settings_of_history_are_the_same_under_both_names(tmp_path: Path) -> None:
    switch = Switch(tmp_path)
    await switch.modify(connection_backup_interval=60 * NS_PER_SECOND, connection_backup_enable=False)
    history = switch.configurator.configuration.history
    assert (history.update_seconds, history.updates) == (60, False)


async def test_memory_is_that_of_the_command(tmp_path: Path) -> None:
    switch = Switch(tmp_path)
    await switch.modify(**CHANGED)
    settings = switch.configurator.configuration.connection_stats
    assert memory_for(settings, "client-server-stats") == 60 << 20
    assert memory_for(settings, "traffic") == 33 << 20
    assert memory_for(settings, "connection-stats") == memory_for(settings, "connection-latency") == 45 << 20


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("connection-max-memory", "1K", "connection-max-memory is from 1M to 1T."),
        ("connection-stats-max-memory", "31M", "connection-stats-max-memory is from 32M to 1T."),
        ("client-server-stats-log-interval", "9s", "client-server-stats-log-interval is from 10s to 1d."),
        ("connection-backup-interval", "2d", "connection-backup-interval is from 10s to 1d."),
        ("connection-stats-log-disk-space", "2048T", "connection-stats-log-disk-space is from 1M to 1T."),
    ],
)
async def test_what_is_out_of_bounds_is_refused(tmp_path: Path, name: str, value: str, sentence: str) -> None:
    switch = Switch(tmp_path)
    with pytest.raises(UsageError) as caught:
        await switch.modify(**{name: value})
    assert str(caught.value) == sentence
    assert switch.applied == []
