"""Connections that are bound to interfaces: what is not read is told, when it is given and as long as it is so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from podwire.capture import Capture
from podwire.catalog.k8s_connection import K8S_CONNECTION
from podwire.commands.configuring import Configurator
from podwire.commands.dispatch import Commands
from podwire.commands.k8s_connection import KubernetesConnectionHandler
from podwire.engine.clusters import ClusterManager
from podwire.engine.parts import Parts
from podwire.fabric.file_store import FileStore
from podwire.settings.kube import KubeSettings
from podwire.support.clock import SystemClock

UNREAD = "nope0 is not read here: capture-show lists what is."


async def test_an_interface_that_is_not_read_is_told(tmp_path: Path) -> None:
    clock = SystemClock()
    parts = Parts(capture=Capture(), clock=clock)
    clusters = ClusterManager(parts=parts, settings=KubeSettings())
    store = FileStore(tmp_path / "state", clock=clock)
    store.open()
    configurator = Configurator(store, apply=clusters.apply)
    handler = KubernetesConnectionHandler(configurator, clusters, parts, interfaces=("eth1", "eth2"))
    commands = Commands([handler], clock=clock)

    async def act(verb: str, **values: Any) -> str:
        answer = await commands.act(K8S_CONNECTION, verb, {"cluster-name": "a", **values})
        return " ".join(answer.notes)

    async def warning() -> Any:
        return (await commands.show(K8S_CONNECTION, [("format", "warning")])).as_rows()[0]["warning"]

    try:
        told = await act("create", **{"kube-config": str(tmp_path / "none"), "enable": True, "interface": "eth1,nope0"})
        assert UNREAD in told
        assert await warning() == UNREAD
        assert UNREAD not in await act("modify", interface="eth2")
        assert await warning() is None
        assert UNREAD not in await act("modify", interface="any")
    finally:
        await clusters.close()
        parts.capture.close()
