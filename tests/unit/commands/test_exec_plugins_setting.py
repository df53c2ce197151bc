"""Whether kubeconfigs may start their credential commands: shown, changed while podwire runs, and kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import yaml

from podwire.capture import Capture
from podwire.catalog.k8s_connection import K8S_CONNECTION
from podwire.catalog.k8s_settings import K8S_SETTINGS
from podwire.commands.configuring import Configurator
from podwire.commands.dispatch import Commands
from podwire.commands.k8s_connection import KubernetesConnectionHandler
from podwire.commands.k8s_settings import KubernetesSettingsHandler
from podwire.engine.clusters import ClusterManager
from podwire.engine.parts import Parts
from podwire.fabric.file_store import FileStore
from podwire.settings.kube import KubeSettings
from podwire.support.clock import SystemClock


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for knows no events
            await asyncio.sleep(0.01)


def write_kubeconfig(folder: Path) -> Path:
    """Write one whose plugin leaves a trace and fails."""
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "sh",
            "args": ["-c", f"touch {folder}/ran; exit 1"],
            "interactiveMode": "Never",
        }
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:9"}}],
        "users": [{"name": "u", "user": user}],
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(document))
    return path


async def test_it_is_changed_while_a_connection_waits(tmp_path: Path) -> None:
    capture, clock = Capture(), SystemClock()
    parts = Parts(capture=capture, clock=clock)
    settings = KubeSettings(first_retry_seconds=0.01, most_retry_seconds=0.02)
    clusters = ClusterManager(parts=parts, settings=settings)
    store = FileStore(tmp_path / "state", clock=clock)
    store.open()
    configurator = Configurator(store, apply=clusters.apply)
    connections = KubernetesConnectionHandler(configurator, clusters, parts)
    commands = Commands([connections, KubernetesSettingsHandler(configurator)], clock=clock)

    async def is_on() -> bool:
        return bool((await commands.show(K8S_SETTINGS, [])).as_rows()[0]["kube-exec-plugins"])

    try:
        assert await is_on()
        await commands.act(K8S_SETTINGS, "modify", {"kube-exec-plugins": False})
        assert not await is_on()
        values = {"cluster-name": "a", "kube-config": str(write_kubeconfig(tmp_path)), "enable": True}
        answer = await commands.act(K8S_CONNECTION, "create", values)
        assert "allow it with k8s-settings-modify kube-exec-plugins" in " ".join(answer.notes)
        assert not (tmp_path / "ran").exists()
        await commands.act(K8S_SETTINGS, "modify", {"kube-exec-plugins": True})
        await until((tmp_path / "ran").exists)
    finally:
        await clusters.close()
        capture.close()


async def test_what_the_switch_was_started_with_goes_before(tmp_path: Path) -> None:
    store = FileStore(tmp_path, clock=SystemClock())
    store.open()

    async def apply(_: object) -> None:
        pass

    handler = KubernetesSettingsHandler(Configurator(store, apply=apply), may_run_plugins=False)
    commands = Commands([handler], clock=SystemClock())
    answer = await commands.act(K8S_SETTINGS, "modify", {"kube-exec-plugins": True})
    assert list(answer.notes) == ["kube-exec-plugins stays off on this switch: podwire serve was started so."]
    assert not (await commands.show(K8S_SETTINGS, [])).as_rows()[0]["kube-exec-plugins"]
