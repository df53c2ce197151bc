"""A veth pair between two network namespaces of our own: a wire that ends with the process that laid it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyroute2 import IPRoute  # type: ignore[import-untyped]

from podwire_lab.namespaces import Namespace, popen_in

SENDER_LINK = "pw-bench-tx"
LISTENER_LINK = "pw-bench-rx"


@dataclass(frozen=True, slots=True)
class Wire:
    """Both ends. Listeners have the first CPU, senders the last one."""

    sender: Namespace
    listener: Namespace

    def start_sender(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Run a command at the sending end."""
        return popen_in(self.sender.descriptor, _pinned(max(os.sched_getaffinity(0)), command), **options)

    def start_listener(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Run a command at the listening end."""
        return popen_in(self.listener.descriptor, _pinned(min(os.sched_getaffinity(0)), command), **options)


@contextmanager
def laid_wire() -> Iterator[Wire]:
    """Lay the wire; the kernel removes it with the namespaces. Needs root."""
    sender, listener = Namespace("bench-sender"), Namespace("bench-listener")
    try:
        sender.run(lambda: _lay(listener))
        listener.run(lambda: _raise(LISTENER_LINK))
        yield Wire(sender, listener)
    finally:
        sender.close()
        listener.close()


def _pinned(cpu: int, command: Sequence[str]) -> list[str]:
    return ["taskset", "--cpu-list", str(cpu), *command]


def _lay(listener: Namespace) -> None:
    with IPRoute() as route:
        peer = {"ifname": LISTENER_LINK, "mtu": 9000, "net_ns_fd": listener.descriptor}
        route.link("add", ifname=SENDER_LINK, mtu=9000, kind="veth", peer=peer)
    _raise(SENDER_LINK)


def _raise(name: str) -> None:
    with IPRoute() as route:
        route.link("set", index=route.link_lookup(ifname=name)[0], state="up")
