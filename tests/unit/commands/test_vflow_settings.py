"""The vFlow settings: each flag, what NetVisor refuses, and what the core is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podwire.capture import Capture
from podwire.catalog.vflow_settings import FLAGS, VFLOW_SETTINGS
from podwire.commands.configuring import Configurator
from podwire.commands.dispatch import Commands
from podwire.commands.vflow_settings import VflowSettingsHandler
from podwire.engine.decoding import STANDARD_VXLAN, wanted_overlays
from podwire.engine.parts import Parts
from podwire.fabric.file_store import FileStore
from podwire.settings.configuration import ClusterSettings, Configuration
from podwire.support.clock import FixedClock
from podwire.support.errors import ConflictError


class Switch:
    """A configuration on disk, changed by commands."""

    def __init__(self, folder: Path, capture: Capture) -> None:
        clock = FixedClock(0)
        self.parts = Parts(capture=capture, clock=clock)
        store = FileStore(folder, clock=clock)
        store.open()
        self.configurator = Configurator(store, apply=self._apply)
        self.handler = VflowSettingsHandler(self.configurator, self.parts)
        self.commands = Commands([self.handler], clock=clock)

    async def _apply(self, document: Configuration) -> None:
        pass

    async def modify(self, *words: str) -> list[str]:
        values = {word.removeprefix("no-"): not word.startswith("no-") for word in words}
        return (await self.commands.act(VFLOW_SETTINGS, "modify", values)).notes

    async def shown(self) -> dict[str, Any]:
        return (await self.commands.show(VFLOW_SETTINGS, [("format", "all")])).as_rows()[0]


@pytest.fixture
def switch(tmp_path: Path) -> Iterator[Switch]:
    capture = Capture()
    yield Switch(tmp_path, capture)
    capture.close()


@pytest.mark.parametrize("name", ["inflight-vxlan-analytics", "vxlan-analytics"])
async def test_both_look_into_vxlan(switch: Switch, name: str) -> None:
    assert (await switch.shown())["overlays"] is None
    assert await switch.modify(name) == []
    assert [overlay for overlay, _ in wanted_overlays(switch.configurator.configuration, switch.parts)] == [
        *STANDARD_VXLAN
    ]
    row = await switch.shown()
    assert row[name] is True
    assert row["overlays"]
    await switch.modify(f"no-{name}")
    assert (await switch.shown())["overlays"] is None


async def test_what_changes_nothing_says_so(switch: Switch) -> None:
    (note,) = await switch.modify("enable-user-defined-flow")
    assert note == "enable-user-defined-flow: kept for scripts; podwire needs no user-defined fields."
    (note,) = await switch.modify("longlived-tcp-conn-stats")
    assert "in mode full" in note
    assert await switch.modify("no-longlived-tcp-conn-stats") == []
    assert (await switch.shown())["enable-user-defined-flow"] is True


async def test_the_rules_are_those_of_netvisor(switch: Switch) -> None:
    with pytest.raises(ConflictError, match="needs enable-user-defined-flow"):
        await switch.modify("longlived-tcp-conn-stats")
    await switch.modify("enable-user-defined-flow", "longlived-tcp-conn-stats")
    with pytest.raises(ConflictError, match="needs enable-user-defined-flow"):
        await switch.modify("no-enable-user-defined-flow")
    for name in ("vxlan-analytics", "inflight-vxlan-analytics"):
        with pytest.raises(ConflictError, match=f"longlived-tcp-conn-stats and {name} exclude each other"):
            await switch.modify(name)
        await switch.modify("no-longlived-tcp-conn-stats", name)
        with pytest.raises(ConflictError, match=f"longlived-tcp-conn-stats and {name} exclude each other"):
            await switch.modify("longlived-tcp-conn-stats")
        await switch.modify(f"no-{name}", "longlived-tcp-conn-stats")
    assert [name for name, value in (await switch.shown()).items() if value is True] == [
        "enable-user-defined-flow",
        "longlived-tcp-conn-stats",
    ]


async def test_an_overlay_connection_stands_against_it(switch: Switch) -> None:
    def edit(document: Configuration) -> Configuration:
        settings = ClusterSettings(kube_config="/none", overlay_vxlan_analytics=True)
        return Configuration(connections={"k": settings}, vflow=document.vflow)

    await switch.configurator.change(edit)
    with pytest.raises(ConflictError, match="overlay-vxlan-analytics of k exclude each other"):
        await switch.modify("enable-user-defined-flow", "longlived-tcp-conn-stats")


async def test_the_running_configuration_has_every_flag(switch: Switch) -> None:
    await switch.modify("enable-user-defined-flow", "longlived-tcp-conn-stats")
    (command,) = switch.handler.running_config()
    assert command.values == {
        name: name in ("enable-user-defined-flow", "longlived-tcp-conn-stats") for name, _ in FLAGS
    }
