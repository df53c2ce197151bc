"""The client speaks the server's protocol over a real socket, and says in one sentence what stands against it."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from podwire.catalog import NOUNS
from podwire.cli.http import HttpTransport
from podwire.cli.transport import RefusedError
from podwire.support.errors import UnavailableError

from .conftest import Asked, FakeSwitch, failure, success

BY_NAME = {noun.name: noun for noun in NOUNS}
VPORT, CONNECTION, K8S_CONNECTION = BY_NAME["vport"], BY_NAME["connection"], BY_NAME["k8s-connection"]


def test_show_is_a_get_with_the_words_as_typed(switch: FakeSwitch) -> None:
    switch.answers["/vRest/vports"] = (200, success([{"ip": "10.0.0.1"}], ["ip"], notes=["one note"]))
    params = [("svc-name", "a b&c=d"), ("ip", "10.0.0.0/8"), ("portgroup", "größe:ü")]
    answer = HttpTransport(switch.socket).show(VPORT, params)
    assert (answer.rows, answer.columns, answer.count, answer.notes) == ([{"ip": "10.0.0.1"}], ["ip"], 1, ["one note"])
    assert switch.asked == [Asked("GET", "/vRest/vports", params, None)]


@pytest.mark.parametrize(
    ("verb", "values", "asked"),
    [
        (
            "create",
            {"cluster-name": "a", "enable": True},
            Asked("POST", "/vRest/k8s-connections", [], {"cluster-name": "a", "enable": True}),
        ),
        ("modify", {"create-vport": False}, Asked("PUT", "/vRest/k8s-connections", [], {"create-vport": False})),
        (
            "delete",
            {"cluster-name": "a b"},
            Asked("DELETE", "/vRest/k8s-connections", [("cluster-name", "a b")], None),
        ),
    ],
)
def test_verbs_have_their_methods(switch: FakeSwitch, verb: str, values: dict[str, object], asked: Asked) -> None:
    found = K8S_CONNECTION.verb(verb)
    assert found is not None
    HttpTransport(switch.socket).act(K8S_CONNECTION, found, values)
    assert switch.asked == [asked]


def test_other_verbs_have_a_path_of_their_own(switch: FakeSwitch) -> None:
    clear = CONNECTION.verb("clear")
    assert clear is not None
    HttpTransport(switch.socket).act(CONNECTION, clear, {})
    assert switch.asked == [Asked("POST", "/vRest/connections/clear", [], {})]


@pytest.mark.parametrize("status", [400, 404, 409, 500, 503])
def test_a_refusal_is_the_servers_sentence(switch: FakeSwitch, status: int) -> None:
    switch.answers["/vRest/vports"] = (status, failure("There is no cluster 'x'."))
    with pytest.raises(RefusedError, match=r"^There is no cluster 'x'\.$"):
        HttpTransport(switch.socket).show(VPORT, [])


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b"[]",
        b"{}",
        b'{"result": 1}',
        b"[" * 100_000,
        b"\xff",
        {"data": 1, "columns": [], "count": 0, "notes": [], "result": {"status": "Success"}},
        {"data": [1], "columns": [], "count": 0, "notes": [], "result": {"status": "Success"}},
        {"data": [], "columns": [1], "count": 0, "notes": [], "result": {"status": "Success"}},
    ],
)
@pytest.mark.parametrize("status", [200, 502])
def test_an_answer_of_somebody_else(switch: FakeSwitch, body: object, status: int) -> None:
    switch.answers["/vRest/vports"] = (status, body)
    with pytest.raises(
        UnavailableError, match=rf"not podwire serve, or another version of it \(HTTP status {status}\)"
    ):
        HttpTransport(switch.socket).show(VPORT, [])


def test_no_socket(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"^There is no socket .*/gone: start podwire serve"):
        HttpTransport(tmp_path / "gone").show(VPORT, [])


def test_a_socket_without_a_server(tmp_path: Path) -> None:
    path = tmp_path / "dead"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(UnavailableError, match=r"^Nothing answers on .*/dead: start podwire serve\.$"):
        HttpTransport(path).show(VPORT, [])


def test_a_file_that_is_no_socket(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(UnavailableError, match=r"^Nothing answers on .*/file: it is no socket;"):
        HttpTransport(path).show(VPORT, [])


def test_a_socket_that_may_not_be_opened(monkeypatch: pytest.MonkeyPatch, switch: FakeSwitch) -> None:
    # Root may open every socket, so that the refusal is told by hand.
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("podwire.cli.http._UnixConnection.connect", refuse)
    with pytest.raises(UnavailableError, match=r"may not be opened by this user: use the account that runs podwire"):
        HttpTransport(switch.socket).show(VPORT, [])


def test_a_path_that_is_too_long_for_a_socket() -> None:
    with pytest.raises(UnavailableError, match="cannot be asked: AF_UNIX path too long"):
        HttpTransport(Path("/" + "x" * 200)).show(VPORT, [])


def test_a_server_that_never_answers(switch: FakeSwitch) -> None:
    switch.delay = threading.Event()
    with pytest.raises(UnavailableError, match=r"gave no answer within 0\.05 s"):
        HttpTransport(switch.socket, get_seconds=0.05).show(VPORT, [])
    switch.delay.set()


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", b"SSH-2.0\r\n"])
def test_a_server_that_breaks_off(tmp_path: Path, said: bytes) -> None:
    path = tmp_path / "s"

    def answer() -> None:
        accepted, _ = listener.accept()
        with accepted:
            accepted.recv(65536)
            accepted.sendall(said)

    with socket.create_server(os.fspath(path), family=socket.AF_UNIX) as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(UnavailableError, match=r"cannot be asked: .*; see that it runs, and try again\.$"):
            HttpTransport(path).show(VPORT, [])
        thread.join()


def test_a_daemon_that_was_restarted(switch: FakeSwitch) -> None:
    transport = HttpTransport(switch.socket)
    assert transport.show(VPORT, []).count == 1
    switch.stop()
    with pytest.raises(UnavailableError):
        transport.show(VPORT, [])
    switch.start()
    assert transport.show(VPORT, []).count == 1
