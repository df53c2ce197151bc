"""Real TCP between Pods, one scenario a method, each of which returns what its clients saw.

The connections are those of the kernel's TCP inside the Pods' namespaces. Where a SYN has to be lost it is dropped on
the server's node, behind the mirror, so that the mirror shows the first SYN and the kernel's own retransmissions.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from dataclasses import dataclass, field

from podwire_lab.errors import LabError
from podwire_lab.fabric import Fabric
from podwire_lab.namespaces import Namespace
from podwire_lab.objects.truth import Pod
from podwire_lab.servers import BODY_LIMIT, CLOSED_PORT, FILTERED_PORT, LATE_PORT, PORT

SCENARIOS = ("short", "long", "refused", "dropped", "late")
MAX_COUNT = 1000
MAX_SECONDS = 86400.0
MAX_SIZE = BODY_LIMIT
MAX_LONG = 64
"""How many long-lived connections a lab keeps at a time: each has a thread."""
_TIMEOUT = 15.0
"""Seconds that a client waits for anything that should come."""


@dataclass
class Outcome:
    """One connection as its client saw it: the truth to compare podwire's rows with."""

    scenario: str
    client: str
    server: str
    src_ip: str
    src_port: int
    dst_ip: str
    dst_port: int
    result: str = ""
    """`answered`, `open`, `refused`, `unanswered`."""
    connect_seconds: float = 0.0
    """From the first SYN to the end of connect(2)."""
    sent: int = 0
    """Stream bytes from the client to the server."""
    received: int = 0


@dataclass(frozen=True)
class Order:
    """Who talks to whom, how often."""

    client: str = "pod-B"
    server: str = "pod-A"
    count: int = 1
    size: int = 0
    """Bytes in the body of each request."""
    seconds: float = 3.5
    """`dropped`: how long the client waits; `late`: how long SYNs are dropped; `long`: how long it stays open."""
    interval: float = 0.2
    """`long`: seconds between two requests."""


@dataclass
class _Long:
    outcome: Outcome
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None


class Traffic:
    """The clients. All methods block until their connections are done, but `long`, which returns once they are open."""

    def __init__(self, fabric: Fabric) -> None:
        self._fabric = fabric
        self._long: list[_Long] = []
        self._ending = threading.Event()
        self._drop_locks = {port: threading.Lock() for port in (FILTERED_PORT, LATE_PORT)}

    def run(self, scenario: str, order: Order) -> list[Outcome]:
        """Runs one scenario of `SCENARIOS` by its name."""
        if scenario not in SCENARIOS:
            raise LabError(f"There is no traffic {scenario!r}; there are {', '.join(SCENARIOS)}.")
        if not 1 <= order.count <= MAX_COUNT:
            raise LabError(f"The count must be 1 to {MAX_COUNT}.")
        if not 0 <= order.seconds <= MAX_SECONDS or not 0 <= order.interval <= MAX_SECONDS:
            raise LabError(f"Times are 0 to {MAX_SECONDS:g} seconds.")
        if not 0 <= order.size <= MAX_SIZE:
            raise LabError(f"A request's body is 0 to {MAX_SIZE} bytes.")
        outcomes: list[Outcome] = getattr(self, scenario)(order)
        return outcomes

    def short(self, order: Order) -> list[Outcome]:
        """One request and its answer a connection; the client closes first."""
        outcomes = []
        for _ in range(order.count):
            outcome, client = self._open("short", order, PORT)
            with client:
                self._ask(client, outcome, order.size)
            outcome.result = "answered"
            outcomes.append(outcome)
        return outcomes

    def refused(self, order: Order) -> list[Outcome]:
        """SYNs to a port where nobody listens."""
        outcomes = []
        for _ in range(order.count):
            outcome, client = self._prepare("refused", order, CLOSED_PORT)
            with client:
                outcome.result = self._connect(client, outcome)
            outcomes.append(outcome)
        return outcomes

    def dropped(self, order: Order) -> list[Outcome]:
        """SYNs that nothing answers, resent by the kernel until the clients give up after `seconds`."""
        with self._drop_locks[FILTERED_PORT], self._fabric.dropping(self._server(order), FILTERED_PORT):
            waiting = [self._begin("dropped", order, FILTERED_PORT) for _ in range(order.count)]
            self._ending.wait(order.seconds)
            return [self._finish(outcome, client, started, 0.0) for outcome, client, started in waiting]

    def late(self, order: Order) -> list[Outcome]:
        """Connections whose SYNs are lost for the first `seconds`: with 0.5 the second SYN, after a second, gets in."""
        with self._drop_locks[LATE_PORT]:
            with self._fabric.dropping(self._server(order), LATE_PORT):
                waiting = [self._begin("late", order, LATE_PORT) for _ in range(order.count)]
                self._ending.wait(order.seconds)
            return [self._finish(outcome, client, started, _TIMEOUT) for outcome, client, started in waiting]

    def long(self, order: Order) -> list[Outcome]:
        """Connections that stay open and ask every `interval` seconds, for `seconds` or until `stop`."""
        self._long = [running for running in self._long if running.thread and running.thread.is_alive()]
        if len(self._long) + order.count > MAX_LONG:
            raise LabError(f"A lab keeps {MAX_LONG} long-lived connections at most; stop some first.")
        outcomes = []
        for _ in range(order.count):
            outcome, client = self._open("long", order, PORT)
            outcome.result = "open"
            running = _Long(outcome)
            running.thread = threading.Thread(
                target=self._keep_asking, args=(client, running, order), name="podwire-lab-long", daemon=True
            )
            self._long.append(running)
            running.thread.start()
            outcomes.append(outcome)
        return outcomes

    def stop(self) -> list[Outcome]:
        """Closes the long-lived connections and returns their final counts."""
        for running in self._long:
            running.stop.set()
        for running in self._long:
            if running.thread:
                running.thread.join()
        outcomes = [running.outcome for running in self._long]
        self._long = []
        return outcomes

    def close(self) -> None:
        """Ends all waiting and all long-lived connections; for good."""
        self._ending.set()
        self.stop()

    def _keep_asking(self, client: socket.socket, running: _Long, order: Order) -> None:
        end = time.monotonic() + order.seconds
        with client, contextlib.suppress(OSError, LabError):
            while not running.stop.is_set() and time.monotonic() < end:
                self._ask(client, running.outcome, order.size)
                running.stop.wait(order.interval)
        running.outcome.result = "answered"

    def _server(self, order: Order) -> Pod:
        return self._fabric.cluster.pod(order.server)

    def _prepare(self, scenario: str, order: Order, port: int) -> tuple[Outcome, socket.socket]:
        source = self._fabric.cluster.pod(order.client)
        target = self._server(order)
        inside: Namespace = self._fabric.at(order.client)
        client = inside.socket()
        client.settimeout(_TIMEOUT)
        client.bind((source.address, 0))
        outcome = Outcome(
            scenario, order.client, order.server, source.address, client.getsockname()[1], target.address, port
        )
        return outcome, client

    @staticmethod
    def _connect(client: socket.socket, outcome: Outcome) -> str:
        started = time.monotonic()
        try:
            client.connect((outcome.dst_ip, outcome.dst_port))
        except ConnectionRefusedError:
            return "refused"
        except TimeoutError:
            return "unanswered"
        finally:
            outcome.connect_seconds = time.monotonic() - started
        return "open"

    def _open(self, scenario: str, order: Order, port: int) -> tuple[Outcome, socket.socket]:
        outcome, client = self._prepare(scenario, order, port)
        outcome.result = self._connect(client, outcome)
        if outcome.result != "open":
            client.close()
            raise LabError(f"{order.server} did not accept a connection to port {port}: {outcome.result}.")
        return outcome, client

    def _begin(self, scenario: str, order: Order, port: int) -> tuple[Outcome, socket.socket, float]:
        """Sends the first SYN and does not wait."""
        outcome, client = self._prepare(scenario, order, port)
        client.setblocking(False)
        client.connect_ex((outcome.dst_ip, outcome.dst_port))
        return outcome, client, time.monotonic()

    def _finish(self, outcome: Outcome, client: socket.socket, started: float, wait: float) -> Outcome:
        """Waits up to `wait` seconds for the connection that `_begin` began, asks once and closes it."""
        with client:
            poll = select.poll()
            poll.register(client, select.POLLOUT)
            writable = poll.poll(wait * 1000)
            outcome.connect_seconds = time.monotonic() - started
            if not writable or client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                outcome.result = "unanswered"
                return outcome
            client.settimeout(_TIMEOUT)
            self._ask(client, outcome, 0)
            outcome.result = "answered"
        return outcome

    @staticmethod
    def _ask(client: socket.socket, outcome: Outcome, size: int) -> None:
        host = f"{outcome.dst_ip}:{outcome.dst_port}"
        verb = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: {size}\r\n\r\n"
        request = verb.encode() + b"x" * size
        client.sendall(request)
        outcome.sent += len(request)
        answer = b""
        while b"\r\n\r\n" not in answer or len(answer) < _length(answer):
            piece = client.recv(65536)
            if not piece:
                raise LabError(f"{outcome.server} closed the connection before it answered.")
            answer += piece
        outcome.received += len(answer)


def _length(answer: bytes) -> int:
    """Bytes of head and body together; the head is complete."""
    head, _, _ = answer.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(head) + 4 + int(value)
    return len(head) + 4
