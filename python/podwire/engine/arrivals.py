"""Until when a Pod surely had no address yet, as far as the order of events proves it.

`status.startTime` is when a node took the Pod up, in whole seconds; the address follows, sometimes minutes later. A
watch tells changes in their order: while it keeps up, what it told before a Pod was born happened before the Pod had
an address.
"""

from __future__ import annotations

from podwire.model.pods import Pod

_BURST_NS = 10_000_000
"""Events within this time may be a backlog that came at once: the time of their arrival proves nothing."""

_MOST_LAG_NS = 1_100_000_000
"""How long after its creation (whole seconds, so up to a second early) a Pod is told of by a watch that keeps up."""


_CATCHING_UP_NS = 2_000_000_000
"""How long after a break what was missed may still be coming in."""


class Arrivals:
    """The births of Pods that have no address yet, in one cluster."""

    def __init__(self) -> None:
        self._waiting: dict[str, int] = {}
        """By UID of a Pod without an address that a watch which keeps up told of: when it did."""
        self._last_event_ns = 0
        self._late_until_ns = 0

    def resumed(self, at_ns: int) -> None:
        """Note that a watch which had broken off goes on: for a while its events are late."""
        self._late_until_ns = at_ns + _CATCHING_UP_NS

    def changed(self, before: Pod | None, pod: Pod, at_ns: int) -> int:
        """Note an event; return when the Pod last had none of its addresses, 0 where that cannot be told."""
        earlier_ns, self._last_event_ns = self._last_event_ns, at_ns
        without_ns = 0
        if before is None and self._is_prompt(pod, at_ns):
            # At the event before, it did not exist.
            without_ns = earlier_ns
            if not pod.ips:
                self._waiting[pod.uid] = at_ns
        elif pod.ips:
            without_ns = self._waiting.pop(pod.uid, 0)
        return without_ns if at_ns - without_ns >= _BURST_NS else 0

    def _is_prompt(self, pod: Pod, at_ns: int) -> bool:
        return at_ns >= self._late_until_ns and 0 <= at_ns - pod.created_ns <= _MOST_LAG_NS

    def removed(self, pod: Pod, at_ns: int) -> None:
        """Note that a Pod is gone."""
        self._waiting.pop(pod.uid, None)
        self._last_event_ns = at_ns

    def clear(self) -> None:
        """Forget everything: a list says nothing of the order in which things happened."""
        self._waiting.clear()
        self._last_event_ns = 0
