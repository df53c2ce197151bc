"""Asking again and again, following, and files: over a transport whose answers are given."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from podwire.catalog import NOUNS, Noun, Verb
from podwire.cli.execute import execute
from podwire.cli.grammar import parse
from podwire.cli.screen import Screen
from podwire.cli.transport import Answer, Export

Rows = list[dict[str, Any]]


class Scripted:
    """A transport that gives one prepared answer after the other, and then Ctrl-C."""

    is_live = True

    def __init__(self, *answers: Rows) -> None:
        self._answers = iter(answers)
        self.asked: list[list[tuple[str, str]]] = []

    def _next(self, params: list[tuple[str, str]]) -> Rows:
        self.asked.append(params)
        try:
            return next(self._answers)
        except StopIteration:
            raise KeyboardInterrupt from None

    def show(self, noun: Noun, params: list[tuple[str, str]]) -> Answer:
        rows = self._next(params)
        return Answer(rows, list(rows[0]) if rows else [], len(rows))

    def export(self, noun: Noun, params: list[tuple[str, str]], kind: str) -> Export:
        rows = self._next(params)
        pieces: Iterator[bytes] = iter([b"ip,ent", b"ity\n", *(f"{row['ip']}\n".encode() for row in rows)])
        return Export(pieces)

    def act(self, noun: Noun, verb: Verb, values: dict[str, Any]) -> Answer:
        raise AssertionError


class Following(Scripted):
    """A transport that gives a row of empty values for the columns that are asked for, then nothing, and Ctrl-C."""

    def __init__(self) -> None:
        super().__init__([{}], [])
        self.columns: list[list[str]] = []

    def show(self, noun: Noun, params: list[tuple[str, str]]) -> Answer:
        rows = self._next(params)
        asked = dict(params).get("format", ",".join(column.name for column in noun.default_columns)).split(",")
        self.columns.append(asked)
        return Answer([dict.fromkeys(asked) for _ in rows], asked, len(rows))


def run(line: str, transport: Scripted, screen: Screen | None = None) -> tuple[int, str, str]:
    output, errors = io.StringIO(), io.StringIO()
    status = execute(parse(line.split()), transport, output, errors, screen=screen)
    return status, output.getvalue(), errors.getvalue()


def one(ip: str, state: str, **more: Any) -> dict[str, Any]:
    return {"src-ip": ip, "cur-state": state, **more}


def test_show_interval_appends_where_there_is_no_terminal() -> None:
    transport = Scripted([one("10.0.0.1", "syn")], [one("10.0.0.1", "est")])
    status, output, errors = run("connection-show no-show-headers show-interval 100ms", transport)
    assert (status, output, errors) == (0, "10.0.0.1 syn\n10.0.0.1 est\n", "")


def test_show_interval_redraws_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen(80, 4, can_redraw=True)
    monkeypatch.setattr("podwire.cli.execute.screen_of", lambda _: screen)
    rows = [one(f"10.0.0.{at}", "est") for at in range(9)]
    _, output, _ = run("connection-show no-show-headers show-interval 100ms", Scripted(rows), screen)
    assert output == "\x1b[H10.0.0.0 est\x1b[K\n10.0.0.1 est\x1b[K\n… 7 more lines\x1b[K\n\x1b[J"


def test_follow_prints_what_is_new_or_has_changed() -> None:
    transport = Scripted(
        [one("10.0.0.1", "syn", age=1, id=1)],
        [one("10.0.0.1", "syn", age=2, id=1)],
        [one("10.0.0.1", "est", age=3, id=1), one("10.10.10.10", "syn", age=0, id=2)],
    )
    status, output, errors = run("connection-show format src-ip,cur-state,age follow show-interval 100ms", transport)
    assert (status, errors) == (0, "")
    assert output == (
        "src-ip   cur-state age\n"
        "-------- --------- ---\n"
        "10.0.0.1 syn       0s\n"
        "10.0.0.1    est       0s\n"
        "10.10.10.10 syn       0s\n"
    )  # fmt: skip
    assert transport.asked[0] == [("format", "src-ip,cur-state,age,id")]
    assert [name for name, _ in transport.asked[1]] == ["format", "start-time", "last-time"]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.name)
def test_follow_shows_the_columns_of_the_show_command(noun: Noun) -> None:
    transport = Following()
    status, output, errors = run(
        f"{noun.show_command} follow show-interval 100ms show-headers layout horizontal", transport
    )
    assert (status, errors) == (0, "")
    assert output.splitlines()[0].split() == [column.name for column in noun.default_columns]
    assert all(len(names) == len(set(names)) for names in transport.columns)


@pytest.mark.parametrize("noun", [noun for noun in NOUNS if noun.counts_window], ids=lambda noun: noun.name)
def test_follow_asks_for_the_same_sums_again(noun: Noun) -> None:
    transport = Following()
    run(f"{noun.show_command} format {noun.columns[0].name} follow show-interval 100ms", transport)
    assert transport.asked == [[("format", noun.columns[0].name)]] * 3


def test_follow_keeps_to_a_window_that_was_given() -> None:
    transport = Scripted([], [])
    run("connection-show within-last 1m follow show-interval 100ms", transport)
    assert all(("within-last", "1m") in params and len(params) == 2 for params in transport.asked)


def test_a_capture_cannot_be_followed() -> None:
    transport = Scripted([])
    transport.is_live = False
    status, _, errors = run("connection-show follow", transport)
    assert (status, errors) == (
        1,
        "follow: the rows of a capture do not change; it needs the daemon (podwire serve)\n",
    )


def test_csv_without_its_header() -> None:
    assert run("vport-show --csv no-show-headers", Scripted([{"ip": "10.0.0.1"}]))[1] == "10.0.0.1\n"


def test_parquet_goes_to_its_file_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "x.parquet"
    assert run(f"vport-show --parquet {target}", Scripted([{"ip": "10.0.0.1"}])) == (0, "", "")
    assert target.read_bytes() == b"ip,entity\n10.0.0.1\n"
    status, _, errors = run(f"vport-show --parquet {tmp_path}/none/x", Scripted([{"ip": "1"}]))
    assert (status, errors) == (1, f"{tmp_path}/none/x cannot be written: No such file or directory.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]


def test_parquet_follows_links_and_leaves_devices_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        for target in ("link", "pipe"):
            status, _, errors = run(f"vport-show --parquet {tmp_path / target}", Scripted([{"ip": "10.0.0.1"}]))
            assert (status, errors) == (0, "")
        assert os.read(reader, 99) == b"ip,entity\n10.0.0.1\n"
    finally:
        os.close(reader)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"ip,entity\n10.0.0.1\n"
    assert pipe.is_fifo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "pipe"]


def test_following_ends_where_nobody_reads_any_more() -> None:
    reader, writer = os.pipe()
    transport = Scripted(*([one("10.0.0.1", "syn", id=1)] for _ in range(1000)))
    with os.fdopen(writer, "w", encoding="utf-8") as output:
        os.close(reader)
        wanted = parse(["capture-show", "follow", "show-interval", "100ms"])
        assert execute(wanted, transport, output, io.StringIO()) == 0
    assert len(transport.asked) < 3
