"""Who had an address in earlier runs: no time has two names, and no name lasts longer than its run knew."""

from __future__ import annotations

from typing import Any

from podwire.commands.kept_claims import earlier_rows


def record(run: int, at: int, entity: str, start: int, until: int | None, *, ip: str = "10.0.0.1") -> dict[str, Any]:
    place = {"svc-name": "prod", "ip": ip, "protocol": None, "port": None}
    return {**place, "run": run, "recorded-time": at, "entity": entity, "from-time": start, "until-time": until}


def spans(rows: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    return [(row["entity"], row["from-time"], row["until-time"]) for row in rows]


def test_what_was_open_is_known_until_the_run_ended() -> None:
    records = [record(100, 110, "web", 50, None)]
    assert spans(earlier_rows(records, [], alive_ns=[160, 220, 900], run_ns=500)) == [("web", 50, 220)]


def test_the_newest_record_of_a_run_holds() -> None:
    records = [
        record(100, 110, "web", 50, None),
        record(100, 150, "web", 50, 140),
        record(100, 150, "api", 145, None),
    ]
    assert spans(earlier_rows(records, [], alive_ns=[200], run_ns=500)) == [("web", 50, 140), ("api", 145, 200)]


def test_a_later_run_has_the_word_for_the_time_that_it_knows_of() -> None:
    records = [record(100, 110, "web", 50, None), record(300, 310, "api", 150, None)]
    found = earlier_rows(records, [], alive_ns=[250, 350], run_ns=500)
    assert spans(found) == [("web", 50, 150), ("api", 150, 350)]


def test_the_present_has_the_last_word() -> None:
    records = [record(100, 110, "web", 50, None), record(600, 610, "now", 120, None)]
    present = [record(600, 610, "now", 120, None)]
    assert spans(earlier_rows(records, present, alive_ns=[400], run_ns=600)) == [("web", 50, 120)]


def test_an_address_that_a_run_did_not_know_ends_with_the_run_before() -> None:
    records = [record(100, 110, "web", 50, None), record(300, 310, "api", 290, None, ip="10.0.0.2")]
    found = earlier_rows(records, [], alive_ns=[200, 400], run_ns=500)
    assert spans(found) == [("web", 50, 200), ("api", 290, 400)]
