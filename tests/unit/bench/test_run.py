"""What runs come to, and how tables are printed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

Bench = Callable[[str], ModuleType]


def test_a_run_counts_time_memory_and_output(bench: Bench) -> None:
    done = bench("run").run([sys.executable, "-c", "print('packets=12 rate=3.5', sum(range(200_000)))"])
    assert (done.number("packets"), done.number("rate")) == (12, 3.5)
    assert done.wall_s > 0
    assert done.cpu_s > 0
    assert done.peak_bytes > 1 << 20


def test_numbers_are_found_in_json_and_in_words(bench: Bench) -> None:
    run = bench("run")
    done = run.Run(1, 1, 1, 1, '{"packets": 7, "seconds": 0.5}\nTotal: Processed: 9, skipped: 0')
    assert (done.number("packets"), done.number("seconds"), done.number("Processed")) == (7, 0.5, 9)
    with pytest.raises(run.RunFailedError, match="no rate"):
        done.number("rate")


def test_failure_and_delay_are_told(bench: Bench) -> None:
    run = bench("run")
    with pytest.raises(run.RunFailedError, match="ended with 3: boo"):
        run.run([sys.executable, "-c", "import sys; print('boo'); sys.exit(3)"])
    with pytest.raises(run.RunFailedError, match="ended with -9"):
        run.run([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.2)


def test_commands_take_turns(bench: Bench, tmp_path: Any) -> None:
    log = tmp_path / "log"
    append = "import sys; open(sys.argv[1], 'a').write(sys.argv[2])"
    commands = {name: [sys.executable, "-c", append, str(log), name] for name in "ab"}
    runs = bench("run").in_turn(commands, 3)
    assert log.read_text(encoding="ascii") == "ababab"
    assert {name: len(each) for name, each in runs.items()} == {"a": 3, "b": 3}


def test_ratios_pair_the_runs_of_a_round(bench: Bench) -> None:
    run = bench("run")
    runs = [run.Run(wall, 0, 0, 0, "") for wall in (1.0, 2.0, 4.0)]
    other = [run.Run(wall, 0, 0, 0, "") for wall in (1.0, 1.0, 1.0)]
    assert run.ratio(runs, other, lambda each: each.wall_s) == 2.0


def test_tables_are_markdown(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench("table").show(("what", "n"), [("a", "10")])
    assert capsys.readouterr().out == "| what |  n |\n| ---- | -: |\n| a    | 10 |\n"


def test_unknown_measurements_are_refused(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("__main__").main(["nonsense"]) == 1
    assert "core, threads, live, console" in capsys.readouterr().err
