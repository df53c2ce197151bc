"""The state of each Kubernetes connection, and the small number that stands for it in the packet core."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ClusterStatus:
    """What is known of one connection at this moment. Times are nanoseconds since the epoch, None where unknown."""

    state: str = "disabled"
    error: str = ""
    server: str = ""
    version: str = ""
    pods: int = 0
    nodes: int = 0
    last_event_ns: int | None = None
    contact_ns: int | None = None
    """When it was last known that nothing had changed unseen; None before the first list of Pods."""
    retry_at_ns: int | None = None
    denied: tuple[str, ...] = ()
    warnings: dict[str, str] = field(default_factory=dict)
    """By topic, so that a warning goes when its cause goes."""

    def warn(self, topic: str, text: str) -> None:
        """Put a warning in place of the topic's last one; an empty text takes it away."""
        if text:
            self.warnings[topic] = text
        else:
            self.warnings.pop(topic, None)


class ClusterTable:
    """Status by cluster name. A name keeps its number while podwire runs, so that old rows keep their cluster."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._names: list[str] = [""]
        self._status: dict[str, ClusterStatus] = {}

    def number(self, name: str) -> int:
        """Return the cluster's number, from 1; the same name has the same number."""
        if name not in self._numbers:
            self._numbers[name] = len(self._names)
            self._names.append(name)
        return self._numbers[name]

    def name(self, number: int) -> str:
        """Return the name of cluster `number`; empty for 0, which is no cluster."""
        return self._names[number] if 0 < number < len(self._names) else ""

    def status(self, name: str) -> ClusterStatus:
        """Return the cluster's status, made on first use."""
        return self._status.setdefault(name, ClusterStatus())

    def forget(self, name: str) -> None:
        """Start again with a blank status: the connection is gone or disabled."""
        self._status.pop(name, None)

    def numbers(self) -> tuple[int, ...]:
        """Return the number of every cluster that there was."""
        return tuple(self._numbers.values())

    def away_since(self, name: str) -> int | None:
        """Return since when the cluster tells nothing, in nanoseconds since the epoch; None while it does.

        None too where it never told anything: there are no names to doubt.
        """
        status = self._status.get(name)
        if status is None or status.state in ("connected", "disabled"):
            return None
        return status.contact_ns
