"""Keeps history: takes what ended from the packet core, samples what lasts, and has the store write and seal it.

Three threads of its own do that, so that neither a slow disk nor a long answer on the console reaches the packets: what
waits is bounded, and what is let go is counted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from podwire.capture import Filter
from podwire.engine.finding_history import FindingHistory
from podwire.engine.holding import Holding
from podwire.engine.memory import return_free_memory
from podwire.engine.parts import Parts
from podwire.engine.record_names import RecordNames
from podwire.engine.repeating import RepeatingThread
from podwire.history import HistoryStore, Kind, batch_of, connection_batch
from podwire.model.findings import CniFinding
from podwire.settings.configuration import HistorySettings
from podwire.tables.claims import Place

COLLECT_SECONDS = 0.2
"""How often the core's queue of ended connections is emptied: it holds 65,536 of them."""
COMMIT_SECONDS = 0.4
"""How often what was collected is made safe: with the collecting, a record is on disk within a second."""
TEND_SECONDS = 1.0
"""How often it is looked whether something is to be sealed, merged, removed or sampled."""

_POLL_ROWS = 16_384
_SLICE_ROWS = 200_000
"""About how many long-lived connections are taken out of the core at a time."""
_CLAIMED_PLACES = 5_000
"""Addresses whose claims are written at a time: a new cluster tells of 150,000 at once."""
_PIECE_PLACES = 500
"""Addresses whose claims are rows in memory at a time: as rows they take many times what they take as columns."""
_PORTS = 65_536
_FOREVER_NS = (1 << 63) - 1
_NS_PER_SECOND = 1_000_000_000
_SAMPLE_NS = 60 * _NS_PER_SECOND
"""How often the counters of the packet sources and the findings that hold are written."""

_log = logging.getLogger(__name__)

Row = Mapping[str, Any]


class HistoryWriter:
    """The loops of one switch's history."""

    def __init__(
        self,
        store: HistoryStore,
        parts: Parts,
        *,
        native_vlan: int,
        capture_rows: Callable[[], Sequence[Row]],
        finding_words: Callable[[CniFinding], Row],
        claim_rows: Callable[[int, Place], Iterable[Row]],
    ) -> None:
        self.store = store
        self._parts = parts
        self._native_vlan = native_vlan
        self._capture_rows = capture_rows
        """Makes a row a packet source, with the columns of the noun `capture`."""
        self._findings = FindingHistory(parts, add=lambda rows: self._add_rows(Kind.FINDING, rows), words=finding_words)
        self._claim_rows = claim_rows
        """Makes a row for each time that somebody had a place."""
        self.run_ns = parts.clock.now_ns()
        """Which run wrote a claim: one that was open when its run ended is not known to have gone on."""
        self._names = RecordNames(parts)
        self._holding = Holding(parts.clusters, parts.clock)
        self._settings = HistorySettings()
        self._updated_ns = parts.clock.now_ns()
        self._sampled_ns = 0
        self._told_fault = ""
        self._is_running = False
        self._threads = (
            RepeatingThread("history: collecting", self.collect, seconds=COLLECT_SECONDS),
            RepeatingThread("history: committing", self.commit, seconds=COMMIT_SECONDS),
            RepeatingThread("history: tending", self.tend, seconds=TEND_SECONDS),
        )

    def configure(self, settings: HistorySettings) -> None:
        """Follow a change of the settings at once."""
        self._settings = settings
        second = _NS_PER_SECOND
        self.store.limits = replace(
            self.store.limits,
            latest_record_ns=2 * settings.update_seconds * second,
            most_bytes=settings.max_disk_space,
            most_age_ns=settings.max_age_seconds * second,
        )

    def start(self) -> None:
        """Take up what an earlier run knew, and begin."""
        self._findings.load(self.store)
        self._is_running = True
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End, and keep what there is to keep: connections that go on too, since this run will not see their end.

        Stopping what was not started is allowed.
        """
        for thread in self._threads:
            thread.stop()
        if not self._is_running:
            return
        try:
            self._write_last()
        finally:
            self.store.close()

    def _write_last(self) -> None:
        self._parts.capture.flush()
        self._parts.capture.set_holding(False)
        self._take_ended()
        if self._settings.enable and self._settings.updates:
            self._update([])
        now_ns = self._parts.clock.now_ns()
        while self._write_claims(now_ns):
            self.store.commit()
        self._sample(now_ns)

    def kept_claims(self, addresses: frozenset[str] | None) -> tuple[Iterable[Row], Iterable[int], int]:
        """Return what was recorded of claims on addresses (None: on all), when podwire ran, and since when it does."""
        records = self.store.records(Kind.VPORT, only=None if addresses is None else ("ip", addresses))
        return records, self.store.recorded_times(Kind.CAPTURE), self.run_ns

    def collect(self) -> None:
        """Take the ended connections out of the core; those whose names may still come are updates until then.

        Should this process be killed meanwhile, they are known without the names.
        """
        self._parts.capture.set_holding(self._holding.is_due())
        self._take_ended()
        self._take(self._parts.capture.poll_held, "update")

    def _take_ended(self) -> None:
        self._take(self._parts.capture.poll, "ended")

    def _take(self, poll: Callable[[int], Any], record: str) -> None:
        while True:
            batch = poll(_POLL_ROWS)
            self._add_connections(batch, record)
            if len(batch) < _POLL_ROWS:
                return

    def commit(self) -> None:
        """Have the store write what it has; tell once what stands against it, and once that it goes on."""
        self.store.commit()
        fault = self.store.fault
        if fault and not self._told_fault:
            _log.error("%s Live tables go on; records wait in memory as long as there is room.", fault)
        elif self._told_fault and not fault:
            _log.warning("history is written again")
        self._told_fault = fault

    def tend(self) -> None:
        """Do what is due: sample, update, seal, merge and remove."""
        now_ns = self._parts.clock.now_ns()
        # Claims first: a sample shows that podwire ran, and what was claimed until then must be known.
        self._write_claims(now_ns)
        self._sample_if_due(now_ns)
        interval_ns = self._settings.update_seconds * _NS_PER_SECOND
        if not 0 <= now_ns - self._updated_ns < interval_ns:
            if self._settings.enable and self._settings.updates:
                self._update(self._long_lived(now_ns, interval_ns))
            self._updated_ns = now_ns
        if not self.store.fault:
            self.store.tend()

    def _add_connections(self, batch: Any, record: str) -> None:
        if not len(batch) or not self._settings.enable:
            return
        now_ns = self._parts.clock.now_ns()
        records = connection_batch(
            batch,
            self._names,
            record=record,
            recorded_ns=now_ns,
            native_vlan=self._native_vlan,
            services=self._names,
        )
        self.store.add(Kind.CONNECTION, records)

    def _long_lived(self, now_ns: int, interval_ns: int) -> list[Filter]:
        """Return what chooses the connections of that age that had packets since their last update."""
        return [
            Filter("started-time", "range", (0, now_ns - interval_ns)),
            Filter("last-time", "range", (max(0, self._updated_ns - interval_ns), _FOREVER_NS)),
        ]

    def _update(self, filters: list[Filter]) -> None:
        """Write a record of each connection that goes on and passes, some at a time: there may be millions."""
        columns = self._parts.capture.poll(0).schema.names
        live = self._parts.capture.counters().get("connections", 0)
        width = max(1, _PORTS * _SLICE_ROWS // max(live, _SLICE_ROWS))
        started = Filter("transition-state", "in", ("started",))
        for low in range(0, _PORTS, width):
            ports = Filter("src-port", "range", (low, low + width - 1))
            self._add_connections(self._parts.capture.scan([started, ports, *filters], columns), "update")
            self.store.commit()

    def _sample_if_due(self, now_ns: int) -> None:
        if not 0 <= now_ns - self._sampled_ns < _SAMPLE_NS:
            self._sampled_ns = now_ns
            self._sample(now_ns)
            return_free_memory()
        else:
            self._findings.write(now_ns, only_changes=True)

    def _sample(self, now_ns: int) -> None:
        record = {"recorded-time": now_ns, "record": "sample"}
        self._add_rows(Kind.CAPTURE, [{**row, **record} for row in self._capture_rows()])
        self._findings.write(now_ns, only_changes=False)

    def _write_claims(self, now_ns: int) -> bool:
        """Write all that is known of the places that changed, some at a time; say whether there were any."""
        for written in range(0, _CLAIMED_PLACES, _PIECE_PLACES):
            taken = self._parts.changed_places.take(_PIECE_PLACES)
            if not taken:
                return written > 0
            rows = [
                {**row, "recorded-time": now_ns, "record": "claim", "run": self.run_ns}
                for cluster, place in taken
                for row in self._claim_rows(cluster, place)
            ]
            self._add_rows(Kind.VPORT, rows)
        return True

    def _add_rows(self, kind: Kind, rows: Sequence[Row]) -> None:
        if rows and self._settings.enable:
            self.store.add(kind, batch_of(kind, rows))
