"""Who had an address in earlier runs of podwire, from the records that history kept of each run's claims."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from podwire.commands.answer import Row

_PLACE = ("svc-name", "ip", "protocol", "port")

Place = tuple[Any, ...]


def earlier_rows(
    records: Iterable[Mapping[str, Any]], present: Sequence[Row], *, alive_ns: Iterable[int], run_ns: int
) -> list[Row]:
    """Return a row for each time that somebody had an address before the run that began at `run_ns`.

    A record tells all that its run knew of an address when it was written: the newest of a run holds. What was open
    when the run ended is known until then only: `alive_ns` are times at which podwire surely ran. Where a later run,
    or `present`, knows of a time, its word holds.
    """
    by_run: dict[int, dict[Place, list[Mapping[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    alive = set(alive_ns)
    for record in records:
        alive.add(record["recorded-time"])
        if record["run"] < run_ns:
            by_run[record["run"]][_place(record)].append(record)
    runs = sorted(by_run)
    ends = _ends(runs, sorted(alive), run_ns)
    horizons = _horizons(present)
    rows: list[Row] = []
    for run in reversed(runs):
        for place, known in by_run[run].items():
            made = _spans(known, min(ends[run], horizons.get(place, ends[run])))
            rows += made
            if made:
                horizons[place] = min(row["from-time"] for row in made)
    return sorted(rows, key=lambda row: (str(row["svc-name"]), str(row["ip"]), row["from-time"]))


def _place(record: Mapping[str, Any]) -> Place:
    return tuple(record[name] for name in _PLACE)


def _horizons(present: Sequence[Row]) -> dict[Place, int]:
    """Return since when something is known of each address now."""
    found: dict[Place, int] = {}
    for row in present:
        place = _place(row)
        found[place] = min(row["from-time"], found.get(place, row["from-time"]))
    return found


def _ends(runs: Sequence[int], alive: Sequence[int], run_ns: int) -> dict[int, int]:
    """Return for each run the last time at which it is known to have run."""
    following = [*runs, run_ns][1:]
    return {
        run: max((at for at in alive if run <= at < later), default=run)
        for run, later in zip(runs, following, strict=True)
    }


def _spans(known: Sequence[Mapping[str, Any]], until_ns: int) -> list[Row]:
    """Return the rows of one address as a run last knew them, up to a time."""
    newest = max(record["recorded-time"] for record in known)
    rows = []
    for record in known:
        if record["recorded-time"] != newest or record["from-time"] >= until_ns:
            continue
        end = record["until-time"]
        end = until_ns if end is None else min(end, until_ns)
        rows.append({**record, "until-time": end, "last-time": end})
    return rows
