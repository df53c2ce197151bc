"""The console and the REST server understand each other: both real, over a real socket."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from podwire.api.application import make_application
from podwire.api.server import ApiServer
from podwire.cli.main import run_cli
from podwire.commands.configuring import Configurator
from podwire.commands.dispatch import Commands
from podwire.commands.k8s_settings import KubernetesSettingsHandler
from podwire.commands.switch_info import SwitchFacts, SwitchInfoHandler
from podwire.fabric.file_store import FileStore
from podwire.settings.configuration import Configuration
from podwire.support.clock import FixedClock

CLOCK = FixedClock(1_767_268_809_000_000_000)
FACTS = SwitchFacts("leaf1", "1.2.3", CLOCK.now_ns() - 9_000_000_000, "/var/lib/podwire")

Capture = pytest.CaptureFixture[str]


async def _apply(document: Configuration) -> None:
    del document


@pytest.fixture
def socket(tmp_path: Path) -> Iterator[str]:
    """The socket of a server with the commands of two nouns."""
    store = FileStore(tmp_path / "state", clock=CLOCK)
    store.open()
    handlers = [
        SwitchInfoHandler(FACTS, clock=CLOCK),
        KubernetesSettingsHandler(Configurator(store, apply=_apply)),
    ]
    server = ApiServer(make_application(Commands(handlers, clock=CLOCK), version="0"), path=tmp_path / "s")
    server.open()
    thread = threading.Thread(target=lambda: asyncio.run(server.run()))
    thread.start()
    yield str(tmp_path / "s")
    server.stop()
    thread.join()
    server.close()


def test_show(socket: str, capsys: Capture) -> None:
    assert run_cli(["--socket", socket, "switch-info-show", "format", "name,version,uptime,warning"]) == 0
    assert capsys.readouterr() == ("name:    leaf1\nversion: 1.2.3\nuptime:  9s\nwarning:\n", "")
    assert run_cli(["--socket", socket, "switch-info-show", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["uptime"], row["started-time"]) == (9_000_000_000, FACTS.started_ns)


def test_filters_and_count(socket: str, capsys: Capture) -> None:
    words = ["switch-info-show", "format", "name", "layout", "horizontal", "count-output"]
    assert run_cli(["--socket", socket, *words, "uptime", "1s..1m"]) == 0
    assert capsys.readouterr().out == "name\n-----\nleaf1\nCount: 1\n"
    assert run_cli(["--socket", socket, *words, "name", "leaf2"]) == 0
    assert capsys.readouterr().out == "Count: 0\n"


def test_modify(socket: str, capsys: Capture) -> None:
    assert run_cli(["--socket", socket, "k8s-settings-modify", "max-connections", "16"]) == 0
    assert run_cli(["--socket", socket, "switch", "leaf1", "k8s-settings-show"]) == 0
    assert capsys.readouterr() == (
        "max-connections:         16\nmax-overlay-connections: 1\nkube-exec-plugins:       on\n",
        "",
    )


def test_what_the_server_cannot_do(socket: str, capsys: Capture) -> None:
    assert run_cli(["--socket", socket, "vport-show"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("vport")
    assert output.err.count("\n") == 1
