"""The examples of the how-to page, run as they stand by DuckDB, Polars and a Spark cluster with two workers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyspark
import pytest

from podwire.history import HistoryStore, Kind, batch_of
from podwire.support.clock import FixedClock

from .conftest import NOW, SECOND

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "read-history-files.md"
SPARK_HOME = Path(pyspark.__path__[0])
SPARK_CLASS = SPARK_HOME / "bin" / "spark-class"
START_SECONDS = 120

Pair = tuple[str | None, str | None, int, int]


def example(name: str, folder: Path) -> str:
    """Return the page's code below a heading, for this folder."""
    match = re.search(rf"^## {name}$.*?```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert match
    return match[1].replace("/var/lib/podwire/history", str(folder))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Pair]]:
    """Two switches' files of three hours, and what the examples must find."""
    folder = tmp_path_factory.mktemp("kept") / "history"
    totals: Counter[tuple[str | None, str | None]] = Counter()
    counts: Counter[tuple[str | None, str | None]] = Counter()
    for switch in ("leaf1", "leaf 2"):
        clock = FixedClock(NOW)
        store = HistoryStore(folder, switch=switch, clock=clock)
        store.open()
        for hour in range(3):
            clock.set_ns(NOW + hour * 3_600 * SECOND)
            rows = [_row(number + hour, clock.now_ns()) for number in range(500)]
            store.add(Kind.CONNECTION, batch_of(Kind.CONNECTION, rows))
            store.commit()
            for row in rows:
                if row["record"] == "ended":
                    totals[row["src-pod"], row["dst-pod"]] += row["obytes"] + row["ibytes"]
                    counts[row["src-pod"], row["dst-pod"]] += 1
        store.close()
    return folder, [(*pair, counts[pair], size) for pair, size in totals.most_common(10)]


def _row(number: int, now_ns: int) -> dict[str, Any]:
    return {
        "recorded-time": now_ns,
        "record": "update" if number % 5 == 0 else "ended",
        "started-time": now_ns - number,
        "src-pod": f"web-{number % 4}" if number % 11 else None,
        "dst-pod": f"db-{number % 3}",
        "obytes": number * number,
        "ibytes": 7,
        "id": number,
    }


def test_duckdb_and_polars_read_the_files(kept: tuple[Path, list[Pair]]) -> None:
    folder, expected = kept
    for name in ("DuckDB", "Polars"):
        found: dict[str, Any] = {}
        exec(example(name, folder), found)  # noqa: S102 - the project's own page
        assert found["rows"] == expected, name


@contextmanager
def spark(words: list[str], wanted: str, folder: Path) -> Iterator[str]:
    """Run a part of a Spark cluster; give what its log says behind `wanted`."""
    environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": str(SPARK_HOME)}
    environment |= {"SPARK_WORKER_DIR": str(folder), "SPARK_LOCAL_DIRS": str(folder)}
    command = [str(SPARK_CLASS), *words]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stderr is not None
        watch = threading.Timer(START_SECONDS, process.kill)
        watch.start()
        drain = threading.Thread(target=process.stderr.read)
        try:
            told = next((text for line in process.stderr if (text := _behind(line.decode(), wanted))), None)
            assert told, f"{words[0]} did not start"
            watch.cancel()
            drain.start()
            yield told
        finally:
            watch.cancel()
            process.terminate()
            if drain.ident:
                drain.join()


def _behind(line: str, wanted: str) -> str | None:
    match = re.search(wanted, line)
    return match[1] if match else None


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs a Java runtime")
def test_a_spark_cluster_reads_the_files(kept: tuple[Path, list[Pair]], tmp_path: Path) -> None:
    folder, expected = kept
    with ExitStack() as cluster:
        master = ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]
        url = cluster.enter_context(spark(master, r"Starting Spark master at (spark://\S+)", tmp_path))
        worker = ["org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0"]
        worker += ["--cores", "1", "--memory", "600m", url]
        for _ in range(2):
            cluster.enter_context(spark(worker, r"(Successfully registered) with master", tmp_path))
        program = tmp_path / "program.py"
        text = example("PySpark", folder).replace("spark://spark.example:7077", url)
        text = text.replace(".getOrCreate()", f"{_OF_THE_TEST}.getOrCreate()")
        program.write_text(f"{text}\n{_REPORT}", encoding="utf-8")
        command = [sys.executable, str(program)]
        environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert [tuple(row) for row in told["rows"]] == expected
    assert told["executors"] == 2


_OF_THE_TEST = (
    '.config("spark.ui.enabled", "false").config("spark.driver.memory", "600m")'
    '.config("spark.executor.memory", "500m").config("spark.sql.shuffle.partitions", "4")'
)

_REPORT = """
import json
executors = spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1
print(json.dumps({"rows": rows, "executors": executors}))
"""
