"""Connections that end while their cluster is away wait for their names, not for ever."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from podwire.capture import Capture, Claim
from podwire.engine.holding import CATCH_UP_NS, MOST_NS, Holding
from podwire.support.clock import FixedClock
from podwire.tables.clusters import ClusterTable

SECOND = 1_000_000_000


class Clusters:
    """Two connections that come and go."""

    def __init__(self) -> None:
        self.clock = FixedClock(1000 * SECOND)
        self.table = ClusterTable()
        self.holding = Holding(self.table, self.clock)
        for name in ("a", "b"):
            self.table.number(name)
            self.set(name, is_away=False)

    def set(self, name: str, *, is_away: bool) -> None:
        status = self.table.status(name)
        status.state, status.contact_ns = ("unreachable" if is_away else "connected"), self.clock.now_ns()

    def later(self, ns: int) -> bool:
        self.clock.set_ns(self.clock.now_ns() + ns)
        return self.holding.is_due()


def test_while_all_are_heard_nothing_waits() -> None:
    assert not Clusters().holding.is_due()


def test_what_ends_meanwhile_waits_until_the_cluster_has_caught_up() -> None:
    clusters = Clusters()
    clusters.set("a", is_away=True)
    assert clusters.holding.is_due()
    assert clusters.later(60 * SECOND)
    clusters.set("a", is_away=False)
    assert clusters.later(SECOND), "what it missed to tell is on its way"
    assert clusters.later(CATCH_UP_NS // 2)
    assert not clusters.later(CATCH_UP_NS)


def test_one_that_stays_away_is_given_up_and_another_still_waited_for() -> None:
    clusters = Clusters()
    clusters.set("a", is_away=True)
    assert clusters.holding.is_due()
    assert not clusters.later(MOST_NS)
    assert not clusters.later(SECOND)
    clusters.set("b", is_away=True)
    assert clusters.later(SECOND)


def test_one_that_comes_and_goes_is_not_waited_for_longer() -> None:
    clusters = Clusters()
    waits = []
    for step in range(2 * MOST_NS // SECOND):
        clusters.set("a", is_away=step % 2 == 0)
        waits.append(clusters.later(SECOND))
    assert waits[0]
    assert not waits[(MOST_NS + CATCH_UP_NS) // SECOND + 1]


def test_a_connection_gets_its_name_when_the_cluster_is_back(
    capture: Capture, packets: ModuleType, tmp_path: Path
) -> None:
    trace = packets.Trace()
    talk = packets.Talk(trace, client="10.0.0.9", server="10.0.0.1")
    talk.open(0)
    talk.c(1_000_000, packets.RST | packets.ACK)
    trace.write(tmp_path / "trace.pcap")
    capture.set_claims([Claim(1, "10.0.0.1", spans=[(7, 0, None)])])
    capture.set_away([(1, packets.START_NS - SECOND)])
    capture.set_holding(True)
    capture.read_files([str(tmp_path / "trace.pcap")])
    capture.flush()
    assert len(capture.poll(10)) == 0
    (waiting,) = capture.poll_held(10).to_pylist()
    assert (waiting["cur-state"], waiting["dst-reason"]) == ("rst", "away")
    assert len(capture.poll_held(10)) == 0
    capture.set_away([])
    assert len(capture.poll(10)) == 0
    capture.set_holding(False)
    (row,) = capture.poll(10).to_pylist()
    assert (row["dst-endpoint"], row["dst-reason"]) == (7, "named")
