"""What is said of an empty connection table where a cluster's tunnels stand in the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from podwire.capture import Capture
from podwire.commands.configuring import Configurator
from podwire.commands.connection_notes import ConnectionNotes
from podwire.engine.parts import Parts
from podwire.fabric.file_store import FileStore
from podwire.model.findings import CniFinding, NetworkType
from podwire.model.overlays import Encapsulation, Overlay
from podwire.settings.configuration import ClusterSettings, Configuration, ConnectionStatsSettings
from podwire.support.clock import FixedClock

VXLAN = Overlay(Encapsulation.VXLAN, 8472, 1)
HIDDEN = "The Pods of k talk through VXLAN, which is not looked into"


@pytest.fixture
def parts() -> Iterator[Parts]:
    capture = Capture()
    yield Parts(capture=capture, clock=FixedClock(0))
    capture.close()


async def _applied(_document: Configuration) -> None:
    pass


async def why(parts: Parts, folder: Path) -> str:
    store = FileStore(folder, clock=FixedClock(0))
    store.open()
    configurator = Configurator(store, apply=_applied)

    def edit(document: Configuration) -> Configuration:
        connections = {"k": ClusterSettings("/c", enable=True)}
        collected = ConnectionStatsSettings(enable=True)
        return msgspec.structs.replace(document, connections=connections, connection_stats=collected)

    await configurator.change(edit)
    return " ".join(ConnectionNotes(parts, configurator, None).why_empty(0))


async def test_vxlan_between_pods_is_told(parts: Parts, tmp_path: Path) -> None:
    parts.findings.update("k", (CniFinding("flannel", "vxlan", NetworkType.OVERLAY, (VXLAN,)),), 0)
    assert HIDDEN in await why(parts, tmp_path)


async def test_vxlan_that_no_pods_speak_in_is_not_blamed(parts: Parts, tmp_path: Path) -> None:
    parts.findings.update("k", (CniFinding("cilium", "native", NetworkType.UNDERLAY, (VXLAN,)),), 0)
    assert "VXLAN" not in await why(parts, tmp_path)


async def test_vxlan_that_only_the_wire_shows_is_told(parts: Parts, tmp_path: Path) -> None:
    parts.learned.note("k", VXLAN, 3, 500)
    assert HIDDEN in await why(parts, tmp_path)
