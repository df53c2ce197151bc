"""A cable between two network namespaces, and what is sent over it."""

from __future__ import annotations

import importlib
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from podwire.capture import Capture
from podwire_lab.links import links
from podwire_lab.namespaces import Namespace

CASES = Path(__file__).parents[1] / "cases" / "pcap"
NEAR, FAR = "10.9.0.1", "10.9.0.2"
PORT = 7070
DEADLINE_SECONDS = 20.0


def until(what: str, condition: Callable[[], Any]) -> Any:
    """Wait for `condition` to hold, within a generous deadline."""
    end = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    pytest.fail(f"did not come: {what}")


@dataclass
class Wire:
    """Two namespaces with a cable between them; `cap0` is the near end, where packets are read."""

    near: Namespace = field(default_factory=lambda: Namespace("near"))
    far: Namespace = field(default_factory=lambda: Namespace("far"))

    def plug(self) -> None:
        def near() -> None:
            with links() as own:
                own.veth(("cap0", "02:00:00:00:09:01"), ("far0", "02:00:00:00:09:02"), 1500, self.far)
                own.address("cap0", NEAR, 24)

        def far() -> None:
            with links() as own:
                own.up("far0")
                own.address("far0", FAR, 24)

        self.near.run(near)
        self.far.run(far)

    def unplug(self) -> None:
        self._with_link(lambda own, index: own.route.link("del", index=index))

    def switch(self, state: str) -> None:
        self._with_link(lambda own, index: own.route.link("set", index=index, state=state))

    def rename(self, name: str, other: str) -> None:
        self._with_link(lambda own, index: own.route.link("set", index=index, ifname=other), name)

    def promiscuity(self, name: str = "cap0") -> int:
        return int(self._with_link(lambda own, index: own.route.get_links(index)[0].get_attr("IFLA_PROMISCUITY"), name))

    def _with_link(self, work: Callable[[Any, int], Any], name: str = "cap0") -> Any:
        def inside() -> Any:
            with links() as own:
                return work(own, own.index(name))

        return self.near.run(inside)

    def talk(self, *, server: str = FAR, there: int = 1000, back: int = 50_000) -> int:
        """One TCP connection over the cable, closed by both sides; return the client's port."""
        with closing(self.far.socket()) as listener:
            listener.bind((server, PORT))
            listener.listen(1)
            listener.settimeout(DEADLINE_SECONDS)
            answering = threading.Thread(target=_answer, args=(listener, back))
            answering.start()
            with closing(self.near.socket()) as client:
                client.settimeout(DEADLINE_SECONDS)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                client.connect((server, PORT))
                port: int = client.getsockname()[1]
                client.sendall(b"q" * there)
                client.shutdown(socket.SHUT_WR)
                while client.recv(65536):
                    pass
            answering.join()
        return port

    def plug_another(self, name: str = "cap1") -> None:
        """A second cable, from `far1` to `name`."""

        def near() -> None:
            with links() as own:
                own.veth((name, "02:00:00:00:09:03"), ("far1", "02:00:00:00:09:04"), 1500, self.far)

        self.near.run(near)
        self.far.run(lambda: _up("far1"))

    def send(self, frames: list[bytes], end: str = "far0") -> None:
        """Put frames on a cable at its far end."""

        def inside() -> None:
            with closing(socket.socket(socket.AF_PACKET, socket.SOCK_RAW)) as raw:
                raw.bind((end, 0))
                for frame in frames:
                    raw.send(frame)

        self.far.run(inside)


def _up(name: str) -> None:
    with links() as own:
        own.up(name)


def _answer(listener: socket.socket, back: int) -> None:
    connection, _ = listener.accept()
    with closing(connection):
        connection.settimeout(DEADLINE_SECONDS)
        while connection.recv(65536):
            pass
        connection.sendall(b"a" * back)


def builder() -> ModuleType:
    """Return the builder of frames and traces."""
    sys.path.insert(0, str(CASES))
    try:
        return importlib.import_module("packets")
    finally:
        sys.path.remove(str(CASES))


def state(capture: Capture) -> str:
    return str(capture.source_counters()[0]["state"])
