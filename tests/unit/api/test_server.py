"""The REST server over its real unix socket: routes, statuses, the shape of answers, hostile requests."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from podwire.api.application import make_application
from podwire.api.server import ApiServer
from podwire.catalog import NOUNS
from podwire.catalog.k8s_settings import K8S_SETTINGS
from podwire.commands.answer import Answer
from podwire.commands.dispatch import Commands
from podwire.commands.handlers import Values
from podwire.commands.query import Query
from podwire.commands.show import answer_rows
from podwire.support.clock import FixedClock
from podwire.support.errors import ConflictError, NotFoundError, UnavailableError


class Settings:
    """A handler that answers, refuses or fails as its limit says."""

    noun = K8S_SETTINGS

    async def show(self, query: Query) -> Answer:
        return answer_rows(query, [{"max-connections": 4, "max-overlay-connections": 1}], now_ns=0, notes=["a note"])

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        errors = {1: ConflictError("It stands against it."), 2: NotFoundError("No."), 3: UnavailableError("Away.")}
        if values["max-connections"] in errors:
            raise errors[values["max-connections"]]
        if values["max-connections"] == 4:
            raise RuntimeError("sesame-open-secret")
        return ()


@contextlib.asynccontextmanager
async def serving(path: Path) -> AsyncIterator[Path]:
    server = ApiServer(make_application(Commands([Settings()], clock=FixedClock(0)), version="0"), path=path)
    server.open()
    task = asyncio.create_task(server.run())
    try:
        yield path
    finally:
        server.stop()
        await task
        server.close()


def ask(path: Path, method: str, target: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("localhost", timeout=10)
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.connect(str(path))
        connection.request(method, target, body)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


async def test_a_show_answers_rows_and_notes(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as path:
        status, body = await asyncio.to_thread(ask, path, "GET", "/vRest/k8s-settings?format=max-connections")
    assert (status, body["data"], body["notes"]) == (200, [{"max-connections": 4}], ["a note"])
    assert body["result"]["status"] == "Success"
    assert body["result"]["result"][0]["api.switch-name"] == "local"


async def test_the_paths_are_described(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as path:
        status, body = await asyncio.to_thread(ask, path, "GET", "/vRest/api-docs/openapi.json")
    assert status == 200
    assert {f"/vRest/{noun.plural}" for noun in NOUNS} <= set(body["paths"])


async def test_netvisors_word_for_all_switches_is_understood(tmp_path: Path) -> None:
    async with serving(tmp_path / "s") as path:
        target = "/vRest/k8s-settings?api.switch=fabric&format=max-connections"
        status, body = await asyncio.to_thread(ask, path, "GET", target)
    assert (status, body["data"]) == (200, [{"max-connections": 4}])


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "message"),
    [
        ("PUT", "/vRest/k8s-settings", b'{"max-connections": 1}', 409, "It stands against it."),
        ("PUT", "/vRest/k8s-settings", b'{"max-connections": 2}', 404, "No."),
        ("PUT", "/vRest/k8s-settings", b'{"max-connections": 3}', 503, "Away."),
        ("PUT", "/vRest/k8s-settings", b'{"max-connections": 4}', 500, "its log has the details"),
        ("PUT", "/vRest/k8s-settings", b"[1]", 400, "must be a JSON object"),
        ("PUT", "/vRest/k8s-settings", b"{", 400, "must be a JSON object"),
        ("GET", "/vRest/k8s-settings?nme=1", b"", 400, "unknown option 'nme'"),
        ("GET", "/vRest/k8s-settings?api.switch=leaf2", b"", 400, "'leaf2' is not known here"),
        ("GET", "/elsewhere", b"", 404, "Resource Not Found; /vRest/api-docs/openapi.json lists what there is"),
        ("GET", "/vRest/k8s-setings", b"", 404, "did you mean '/vRest/k8s-settings'?"),
        ("DELETE", "/vRest/k8s-connections/x", b"", 404, "as in /vRest/k8s-connections?cluster-name=…"),
        ("DELETE", "/vRest/k8s-settings", b"", 405, "Method Not Allowed"),
        ("PUT", "/vRest/k8s-settings", b" " * (2 << 20), 413, "Request Entity Too Large"),
    ],
)
async def test_a_refusal_is_one_sentence_with_its_status(
    tmp_path: Path, method: str, target: str, body: bytes, status: int, message: str
) -> None:
    async with serving(tmp_path / "s") as path:
        found, answer = await asyncio.to_thread(ask, path, method, target, body)
    assert found == status
    assert message in answer["result"]["result"][0]["message"]
    assert "sesame" not in json.dumps(answer)


async def test_the_socket_is_its_owners_and_gone_afterwards(tmp_path: Path) -> None:
    async with serving(tmp_path / "run" / "s") as path:
        assert path.stat().st_mode & 0o777 == 0o600
        await asyncio.to_thread(ask, path, "GET", "/vRest/k8s-settings")
        second = ApiServer(make_application(Commands([], clock=FixedClock(0)), version="0"), path=path)
        with pytest.raises(UnavailableError, match="Another podwire serves"):
            second.open()
    assert not path.exists()


async def test_the_socket_of_a_killed_server_is_taken_over(tmp_path: Path) -> None:
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "s"))
    stale.close()
    async with serving(tmp_path / "s") as path:
        status, _ = await asyncio.to_thread(ask, path, "GET", "/vRest/k8s-settings")
    assert status == 200


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("precious", encoding="utf-8")
    with pytest.raises(UnavailableError, match="is no socket"):
        ApiServer(make_application(Commands([], clock=FixedClock(0)), version="0"), path=path).open()
    assert path.read_text(encoding="utf-8") == "precious"


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(UnavailableError, match="Others may write"):
        ApiServer(make_application(Commands([], clock=FixedClock(0)), version="0"), path=tmp_path / "s").open()


def test_a_socket_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    application = make_application(Commands([], clock=FixedClock(0)), version="0")
    for path in (Path("/proc/nowhere/s"), tmp_path / ("x" * 200)):
        with pytest.raises(UnavailableError, match="Choose another with --socket"):
            ApiServer(application, path=path).open()
