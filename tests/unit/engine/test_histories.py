"""Random histories of one cluster, told late, in bursts or not at all: each connection has the right name or none.

A small world keeps the truth: which Pod had which address when. Its API server commits what a kubelet would report, a
watch tells it some milliseconds later, and in an outage everything comes at once afterwards or is found in a new list.
Connections to the addresses are written as packets, and read by the real core as the story goes on.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from podwire.capture import Capture
from podwire.engine.feed import ClusterFeed
from podwire.engine.parts import Parts
from podwire.kube import ClusterState
from podwire.model.pods import Pod
from podwire.settings.configuration import ClusterSettings
from podwire.support.clock import FixedClock

MS = 1_000_000
SECOND = 1000 * MS
LAG = 20 * MS
"""How far the watch is behind while all is well."""
ADDRESSES = ("10.0.0.1", "10.0.0.2")
NEVER = 1 << 62
MOST_STORIES = int(os.environ.get("PODWIRE_TEST_STORIES", "150"))
"""More by hand: a thousand take some minutes."""


@dataclass
class Truth:
    """One Pod as it really is, and as the API shows it."""

    uid: str
    address: str
    born_ns: int
    had_ns: int = NEVER
    gave_up_ns: int = NEVER
    pod: Pod | None = None
    """None before it is created, and once it is removed."""


@dataclass
class World:
    """A cluster, its API server, the watch, and the traffic."""

    parts: Parts
    packets: ModuleType
    folder: Path
    now_ns: int
    feed: ClusterFeed
    pods: list[Truth] = field(default_factory=list)
    clock: FixedClock = field(default_factory=lambda: FixedClock(0))
    is_away: bool = False
    is_silent: bool = False
    """The watch tells nothing, though it stands."""
    backlog: list[tuple[Pod, bool]] = field(default_factory=list)
    _events: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=itertools.count)
    talks: dict[int, tuple[str, int]] = field(default_factory=dict)
    """By client port: the address that was called, and when."""

    def at(self, time_ns: int, do: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time_ns, next(self._order), do))

    def run_until(self, time_ns: int) -> None:
        while self._events and self._events[0][0] <= time_ns:
            self.now_ns, _, do = heapq.heappop(self._events)
            self.clock.set_ns(self.now_ns)
            do()
        self.now_ns = time_ns
        self.clock.set_ns(time_ns)

    # What happens in the cluster.

    def create(self, address: str, startup_ns: int) -> None:
        """A Pod is created; once the address is free, it gets it."""
        truth = Truth(f"pod-{len(self.pods)}", address, self.now_ns // SECOND * SECOND)
        self.pods.append(truth)
        self._commit(truth, _pod(truth, self.now_ns))
        self._take(truth, self.now_ns + startup_ns)

    def _take(self, truth: Truth, time_ns: int) -> None:
        def do() -> None:
            if truth.pod is None or truth.pod.power != "Pending":
                return
            others = [each for each in self.pods if each.address == truth.address and each is not truth]
            if any(each.had_ns <= self.now_ns < each.gave_up_ns for each in others):
                self._take(truth, self.now_ns + 50 * MS)
                return
            truth.had_ns = self.now_ns
            shown = _pod(truth, truth.pod.created_ns, phase="Running", ips=(truth.address,))
            self._commit(truth, shown)

        self.at(time_ns, do)

    def remove(self, truth: Truth, *, mode: int) -> None:
        """A Pod goes: gracefully, by force (it runs on for a while), or it ends and stays in the API."""
        if truth.pod is None or truth.pod.power in ("Terminating", "Succeeded"):
            return
        if mode == 1:
            running_on = 300 * MS if truth.pod.ips else 0
            self.at(self.now_ns + running_on, lambda: self._give_up(truth))
            # The API server says that it is being deleted, and removes it at once, without its node's word.
            self._commit(truth, msgspec.structs.replace(truth.pod, power="Terminating"))
            self._drop(truth)
        elif mode == 2:
            self._give_up(truth)
            self._commit(truth, msgspec.structs.replace(truth.pod, phase="Succeeded", power="Succeeded"))
        else:
            self._commit(truth, msgspec.structs.replace(truth.pod, power="Terminating"))
            self.at(self.now_ns + 40 * MS, lambda: self._stop(truth))
            self.at(self.now_ns + 60 * MS, lambda: self._drop(truth))

    def _stop(self, truth: Truth) -> None:
        assert truth.pod is not None
        self._give_up(truth)
        self._commit(truth, msgspec.structs.replace(truth.pod, is_stopped=True))

    def _drop(self, truth: Truth) -> None:
        assert truth.pod is not None
        gone, truth.pod = truth.pod, None
        self._deliver_later(gone, is_gone=True)

    def _give_up(self, truth: Truth) -> None:
        truth.gave_up_ns = min(truth.gave_up_ns, self.now_ns)

    def call(self, address: str) -> None:
        """Somebody outside opens a connection to the address."""
        port = 20000 + len(self.talks)
        self.talks[port] = (address, self.now_ns)
        trace = self.packets.Trace()
        talk = self.packets.Talk(trace, client="203.0.113.9", server=address, sport=port)
        talk.open((self.now_ns - self.packets.START_NS) / 1000)
        path = self.folder / "talk.pcap"
        trace.write(path)
        self.parts.capture.read_files([str(path)])

    # What is told of it.

    def _commit(self, truth: Truth, pod: Pod) -> None:
        truth.pod = pod
        self._deliver_later(pod, is_gone=False)

    def _deliver_later(self, pod: Pod, *, is_gone: bool) -> None:
        def do() -> None:
            if self.is_away or self.is_silent:
                self.backlog.append((pod, is_gone))
            else:
                self._tell(pod, is_gone, self.now_ns)

        self.at(self.now_ns + LAG, do)

    def _tell(self, pod: Pod, is_gone: bool, at_ns: int) -> None:
        (self.feed.pod_removed if is_gone else self.feed.pod_changed)(pod, at_ns)

    def list_all(self) -> None:
        self.feed.pods_replaced([each.pod for each in self.pods if each.pod is not None], self.now_ns)
        self._state("connected")

    def go_away(self) -> None:
        if not self.is_away:
            self.is_away = True
            self._state("unreachable")

    def come_back(self, *, by_list: bool) -> None:
        if self.is_silent:
            self.is_silent = False
            self._tell_backlog()
        if not self.is_away:
            return
        self.is_away = False
        if by_list:
            # What is on its way at this moment is in the list already, and comes again.
            self.backlog.clear()
            self.list_all()
            return
        self._state("connected")
        self._tell_backlog()

    def _tell_backlog(self) -> None:
        for step, (pod, is_gone) in enumerate(self.backlog):
            self._tell(pod, is_gone, self.now_ns + step * 1000)
        self.backlog.clear()

    def _state(self, word: str) -> None:
        error = "" if word == "connected" else "It does not answer."
        last_ns = self.parts.clusters.status("k").contact_ns if self.is_away else self.now_ns
        self.feed.state_changed(ClusterState(state=word, error=error, last_event_ns=last_ns))

    # What is made of it.

    def possible(self, address: str, time_ns: int) -> set[str]:
        """Return who had the address; while nobody did, who lived then and had it before or after."""
        had = [each for each in self.pods if each.address == address and each.had_ns < NEVER]
        found = {each.uid for each in had if each.had_ns <= time_ns < each.gave_up_ns}
        assert len(found) <= 1
        return found or {each.uid for each in had if each.born_ns <= time_ns}

    def check(self) -> int:
        """No connection has a wrong name; return how many have the right one."""
        rows: list[dict[str, Any]] = self.parts.capture.rows([], ["src-port", "dst-endpoint", "dst-reason"])
        right = 0
        for row in rows:
            assert (row["dst-reason"] == "named") == (row["dst-endpoint"] != 0)
            if row["dst-endpoint"]:
                named = self.parts.endpoints.get(row["dst-endpoint"])
                talk = self.talks[row["src-port"]]
                true = self.possible(*talk)
                assert named is not None
                assert named.uid in true, f"{talk} is {named.uid}, not {true}"
                right += 1
        return right


def _pod(truth: Truth, created_ns: int, *, phase: str = "Pending", ips: tuple[str, ...] = ()) -> Pod:
    whole = created_ns // SECOND * SECOND
    return Pod(truth.uid, "default", truth.uid, "n", phase, phase, ips, created_ns=whole, started_ns=whole)


@contextlib.contextmanager
def a_world(packets: ModuleType, folder: Path) -> Iterator[World]:
    capture = Capture()
    capture.set_collecting(True)
    clock = FixedClock(packets.START_NS)
    parts = Parts(capture=capture, clock=clock)
    feed = ClusterFeed("k", ClusterSettings(kube_config=""), parts=parts, changed=lambda: None)
    world = World(parts, packets, folder, packets.START_NS, feed, clock=clock)
    world.list_all()
    world.run_until(world.now_ns + 3 * SECOND)
    yield world
    feed.end()
    capture.close()


gaps = st.sampled_from([2, 30, 120, 240, 400, 900, 1500, 4000])
places = st.sampled_from((ADDRESSES[0], *ADDRESSES))
steps = st.one_of(
    st.tuples(st.just("create"), places, st.sampled_from([120, 200, 700, 2500])),
    st.tuples(st.just("create"), st.just(ADDRESSES[0]), st.just(120)),
    st.tuples(st.just("remove"), st.integers(0, 1), st.integers(0, 2)),
    st.tuples(st.just("remove"), st.just(0), st.just(0)),
    st.tuples(st.just("look")),
    st.tuples(st.just("away")),
    st.tuples(st.just("silent")),
    st.tuples(st.just("back"), st.booleans()),
)


def play(world: World, gap_ms: int, step: tuple[Any, ...]) -> None:
    for _ in range(2):
        world.run_until(world.now_ns + gap_ms * MS // 2 + 1)
        world.call(ADDRESSES[0])
    word, *words = step
    _STEPS[word](world, *words)


def _remove(world: World, index: int, mode: int) -> None:
    live = [each for each in world.pods if each.pod is not None]
    if live:
        world.remove(live[index % len(live)], mode=mode)


def _look(world: World) -> None:
    if not world.is_silent:
        # The watch tells of what happened a moment ago.
        world.run_until(world.now_ns + 2 * LAG)
        world.check()


def _be_silent(world: World) -> None:
    world.is_silent = True


def _come_back(world: World, by_list: bool) -> None:
    if world.is_silent:
        # A silence too short to be told by the times of the API would pass for a slow kubelet.
        world.run_until(world.now_ns + 2 * SECOND)
    world.come_back(by_list=by_list)


_STEPS: dict[str, Callable[..., None]] = {
    "create": lambda world, address, startup_ms: world.create(address, startup_ms * MS),
    "remove": _remove,
    "look": _look,
    "away": World.go_away,
    "silent": _be_silent,
    "back": _come_back,
}


@settings(max_examples=MOST_STORIES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(st.tuples(gaps, steps), min_size=4, max_size=25))
def test_every_connection_has_the_right_name_or_none(
    story: list[tuple[int, tuple[Any, ...]]], packets: ModuleType, tmp_path: Path
) -> None:
    with a_world(packets, tmp_path) as world:
        for gap_ms, step in story:
            play(world, gap_ms, step)
            if world.is_away and not world.is_silent:
                world.check()
        world.run_until(world.now_ns + 5 * SECOND)
        world.come_back(by_list=True)
        world.run_until(world.now_ns + SECOND)
        event(f"named: {world.check() > 0}")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    story=st.lists(
        st.tuples(st.sampled_from([100, 700, 1500]), st.integers(0, 2), st.booleans()), min_size=1, max_size=6
    )
)
def test_while_all_is_well_every_name_is_known(
    story: list[tuple[int, int, bool]], packets: ModuleType, tmp_path: Path
) -> None:
    """One Pod after the other on one address: before, between and after nobody's names are lost."""
    calls = 0
    with a_world(packets, tmp_path) as world:
        for pause_ms, mode, is_early in story:
            world.create(ADDRESSES[0], 150 * MS)
            # The first connection may come before podwire is told of the address.
            world.run_until(world.now_ns + (152 if is_early else 400) * MS)
            world.call(ADDRESSES[0])
            world.run_until(world.now_ns + 100 * MS)
            world.call(ADDRESSES[0])
            calls += 2
            world.run_until(world.now_ns + MS)
            world.remove(world.pods[-1], mode=0 if mode == 1 else mode)
            world.run_until(world.now_ns + pause_ms * MS)
        assert world.check() == calls
