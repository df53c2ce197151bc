"""What the histories of addresses cost: taking in a list of Pods, following changes, memory. No API server needed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench import table
from bench.sizes import Sizes
from bench.switch import make_pods
from podwire.capture import Capture
from podwire.engine.feed import ClusterFeed
from podwire.engine.parts import Parts
from podwire.model.pods import Pod
from podwire.settings.configuration import ClusterSettings
from podwire.support.clock import SystemClock

_CHANGES = 5_000


def main(sizes: Sizes) -> None:
    """Print the table."""
    capture, clock = Capture(max_memory_bytes=1 << 24), SystemClock()
    parts = Parts(capture=capture, clock=clock)
    feed = ClusterFeed("k", ClusterSettings(kube_config=""), parts=parts, changed=lambda: None)
    pods = make_pods(sizes.pods)
    before = _resident()
    first = _seconds(lambda: feed.pods_replaced(pods, clock.now_ns()))
    after = _resident()
    again = _seconds(lambda: feed.pods_replaced(list(pods), clock.now_ns()))
    rate = 2 * _CHANGES / _seconds(lambda: _change(feed, pods[:_CHANGES], clock))
    table.heading(f"Who has which address: {sizes.pods:,} Pods, from records to the packet core, CPU time")
    rows = [
        ("first list", f"{first:.2f} s"),
        ("the same list again", f"{again:.2f} s"),
        ("Pods that end and begin, events", f"{rate:,.0f} /s"),
        ("memory: tables and address book, without the Pods", f"{(after - before) / 1e6:.0f} MB"),
        ("addresses in the packet core", f"{capture.counters()['claims']:,}"),
    ]
    table.show(("what", "value"), rows)
    feed.end()
    capture.close()


def _change(feed: ClusterFeed, gone: list[Pod], clock: SystemClock) -> None:
    for number, pod in enumerate(gone):
        address = f"11.0.{number >> 8 & 255}.{number & 255}"
        feed.pod_changed(msgspec.structs.replace(pod, uid=f"new-{number}", ips=(address,)), clock.now_ns())
        feed.pod_removed(pod, clock.now_ns())


def _seconds(do: Callable[[], None]) -> float:
    began = time.thread_time()
    do()
    return time.thread_time() - began


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
