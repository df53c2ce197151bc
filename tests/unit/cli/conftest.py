"""A switch for the console's tests: the REST protocol on a real unix socket, with answers that the test chooses."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

NDJSON = "application/x-ndjson"


def success(rows: list[dict[str, Any]], columns: list[str], *, notes: list[str] | None = None) -> dict[str, Any]:
    """The body of a successful answer."""
    return {
        "data": rows,
        "columns": columns,
        "count": len(rows),
        "notes": notes or [],
        "result": _result("Success", ""),
    }


def failure(message: str) -> dict[str, Any]:
    """The body of a refusal."""
    return {"data": [], "columns": [], "count": 0, "notes": [], "result": _result("Failure", message)}


def _result(status: str, message: str) -> dict[str, Any]:
    one = {
        "api.switch-name": "local",
        "scope": "local",
        "status": status,
        "code": int(bool(message)),
        "message": message,
    }
    return {"status": status, "result": [one]}


@dataclass
class Asked:
    """One request that reached the switch."""

    method: str
    path: str
    params: list[tuple[str, str]]
    body: Any


@dataclass
class FakeSwitch:
    """What the switch was asked, and what it answers: (HTTP status, body as object or bytes) by path."""

    socket: Path
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    delay: threading.Event | None = None
    """Where set, answers wait for it."""
    arrived: threading.Event = field(default_factory=threading.Event)
    """Set once a request waits."""

    def __post_init__(self) -> None:
        self.answers = {
            "/vRest/switch-info": (200, success([{"name": "leaf1", "version": "9.9"}], ["name", "version"])),
            "/vRest/vports": (200, success([{"entity": "pod-A", "ip": "10.10.2.1"}], ["entity", "ip"])),
            "/vRest/connections/clear": (200, success([], [])),
            "/vRest/k8s-connections": (
                200,
                success([{"cluster-name": "pluribus"}, {"cluster-name": "staging"}], ["cluster-name"]),
            ),
        }

    def start(self) -> None:
        """Serve in a thread, from now."""
        switch = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                parts = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                query = parse_qsl(parts.query, keep_blank_values=True)
                switch.asked.append(Asked(self.command, parts.path, query, body))
                if switch.delay is not None:
                    switch.arrived.set()
                    switch.delay.wait(30)
                status, content = switch.answers.get(parts.path, (404, failure(f"{parts.path}: Resource Not Found")))
                data = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                if status == 200 and self.headers.get("Accept") == NDJSON and not isinstance(content, bytes):
                    data = "".join(f"{json.dumps(row)}\n" for row in content["data"]).encode()
                    self.send_header("Content-Type", NDJSON)
                    self.send_header("podwire-notes", json.dumps(content["notes"]))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names that http.server calls

            def log_message(self, *_: object) -> None:
                return

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                return

        self._server = Server(str(self.socket), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and remove the socket."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.socket.unlink(missing_ok=True)


@pytest.fixture
def switch(tmp_path: Path) -> Iterator[FakeSwitch]:
    """A switch that answers."""
    fake = FakeSwitch(tmp_path / "s")
    fake.start()
    yield fake
    fake.stop()
