"""History of a real daemon on real packets: killed again and again, and on a disk that is full."""

from __future__ import annotations

import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from podwire_lab.links import links
from podwire_lab.namespaces import Namespace, popen_in

from .conftest import Switch, eventually, running_switch

pytestmark = pytest.mark.live

KILLS = int(os.environ.get("PODWIRE_KILLS", "20"))
NEAR, FAR, PORT = "10.9.7.1", "10.9.7.2", 7070
TMPFS_BYTES = 96 << 20
"""Of which podwire leaves 64 MiB to others."""


class Talk:
    """Short TCP connections over a cable, one after another; `cap0` is the end where packets are read."""

    def __init__(self) -> None:
        self.near, self._far = Namespace("near"), Namespace("far")
        self.made = 0
        self.talks: list[tuple[int, int, int]] = []
        """Of each connection the client's port, and when it began and ended (nanoseconds)."""
        self._stopping = threading.Event()
        self.near.run(self._plug)
        self._far.run(self._far_end)
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()

    def _plug(self) -> None:
        with links() as own:
            own.veth(("cap0", "02:00:00:00:09:01"), ("far0", "02:00:00:00:09:02"), 1500, self._far)
            own.address("cap0", NEAR, 24)
            own.up("lo")

    @staticmethod
    def _far_end() -> None:
        with links() as own:
            own.address("far0", FAR, 24)
            own.up("far0")

    def _talk(self) -> None:
        with closing(self._far.socket()) as listener:
            listener.bind((FAR, PORT))
            listener.listen(8)
            while not self._stopping.wait(0.01):
                begun_ns = time.time_ns()
                with closing(self.near.socket()) as client:
                    client.connect((FAR, PORT))
                    port = client.getsockname()[1]
                    answering, _ = listener.accept()
                    client.sendall(b"question")
                    answering.sendall(b"answer")
                    client.shutdown(socket.SHUT_WR)
                    answering.close()
                self.talks.append((port, begun_ns, time.time_ns()))
                self.made += 1

    def close(self) -> None:
        """End it; the namespaces go with it."""
        self._stopping.set()
        self._thread.join()
        self.near.close()
        self._far.close()


@pytest.fixture
def talk() -> Iterator[Talk]:
    with closing(Talk()) as made:
        yield made


def switch_in(talk: Talk, folder: Path, *before: str) -> Switch:
    """A daemon that reads `cap0`, started through the words of `before`."""

    def start(command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        return popen_in(talk.near.path, [*before, *command], **options)

    return Switch(folder, start, "--interface", "cap0")


def written(switch: Switch) -> dict[str, Any]:
    """What is told of the connections of history."""
    return next(row for row in switch.rows("history-show") if row["kind"] == "connection")


def stored(switch: Switch) -> list[tuple[int, int]]:
    """The connections in the sealed files, each as (time of its start, client's port)."""
    columns = ["started-time", "src-port", "record"]
    rows = []
    for path in (switch.folder / "state" / "history" / "connection").rglob("*.parquet"):
        rows += pq.read_table(path, columns=columns, partitioning=None).to_pylist()
    return [(row["started-time"], row["src-port"]) for row in rows if row["record"] == "ended"]


def lost_seconds(talk: Talk, rows: list[tuple[int, int]], lives: list[tuple[int, int]]) -> list[float]:
    """For each life of a daemon, how long before its end the first connection ended that it did not keep."""
    starts: dict[int, list[int]] = {}
    for started_ns, port in rows:
        starts.setdefault(port, []).append(started_ns)
    lost = []
    for ready_ns, killed_ns in lives:
        seen = [each for each in talk.talks if ready_ns < each[1] and each[2] < killed_ns]
        missing = [
            ended_ns
            for port, begun_ns, ended_ns in seen
            if not any(begun_ns <= started_ns <= ended_ns for started_ns in starts.get(port, ()))
        ]
        lost.append((killed_ns - min(missing, default=killed_ns)) / 1e9)
    return lost


def test_what_a_killed_daemon_called_written_is_there_once(talk: Talk, tmp_path: Path) -> None:
    switch = switch_in(talk, tmp_path)
    chance = random.Random(3)  # noqa: S311
    switch.start()
    switch.cli("connection-stats-settings-modify enable")
    safe = 0
    lives = []
    for _ in range(KILLS):
        assert switch.process is not None
        eventually(lambda: written(switch)["written"] > 0)
        ready_ns = time.time_ns()
        safe += written(switch)["written"]
        time.sleep(chance.uniform(0, 1))
        lives.append((ready_ns, time.time_ns()))
        switch.process.kill()
        switch.process.wait()
        switch.start()
    switch.stop()
    rows = stored(switch)
    assert len(rows) == len(set(rows))
    assert safe <= len(rows) <= talk.made
    lost = lost_seconds(talk, rows, lives)
    sys.stdout.write(f"seconds lost, of each life: {' '.join(f'{each:.2f}' for each in sorted(lost))}\n")
    # What a starved machine does to one life says nothing; what most of them lose is the design's.
    assert statistics.median(lost) < 1
    left = [path.name for path in (tmp_path / "state" / "history" / "journal").iterdir()]
    assert left == []
    assert "Traceback" not in switch.log


def test_a_full_disk_stops_the_writing_and_nothing_else(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    small = f'mount -t tmpfs -o size={TMPFS_BYTES} tmpfs {tmp_path / "state"} && exec "$@"'
    switch = switch_in(talk, tmp_path, "unshare", "--mount", "--propagation", "private", "sh", "-c", small, "sh")
    with running_switch(switch):
        assert switch.process is not None
        switch.cli("connection-stats-settings-modify enable")
        eventually(lambda: written(switch)["written"] > 0)
        # The same path, in the daemon's own mount namespace.
        inside = Path(f"/proc/{switch.process.pid}/root{tmp_path}/state")
        (inside / "filler").write_bytes(bytes(TMPFS_BYTES - (60 << 20)))
        eventually(lambda: "the disk is nearly full" in written(switch)["state"])
        (row,) = switch.rows("capture-show interface cap0")
        assert "the disk is nearly full" in row["history"]
        assert "History is not written: the disk is nearly full" in switch.note("capture-show")
        assert "History is not written: the disk is nearly full" in switch.log
        before = written(switch)
        made = talk.made
        eventually(lambda: talk.made > made + 20)
        # Live tables go on, what cannot be written waits.
        eventually(lambda: written(switch)["queued"] > before["queued"])
        assert written(switch)["written"] == before["written"]
        assert switch.rows("connection-show limit-output 5")
        (inside / "filler").unlink()
        eventually(lambda: written(switch)["state"] == "written" and written(switch)["queued"] < before["queued"] + 20)
        assert written(switch)["written"] > before["written"]
        assert written(switch)["dropped"] == 0
        assert "history is written again" in switch.log


def test_nothing_is_torn_or_doubled_where_the_disk_is_full_to_the_last_byte(tmp_path: Path) -> None:
    script = Path(__file__).with_name("full_disk.py")
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, str(script), str(tmp_path)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    fault = f"History is not written: No space left on device ({tmp_path}/history)."
    assert [json.loads(line) for line in told] == [[fault, True], [fault, True], ["", True], ["", True]]
