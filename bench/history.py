"""What keeping history costs, how much disk it takes, and how fast the common questions are answered of it."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench import captures, table
from bench.captures import CACHE
from bench.history_rows import Maker
from bench.sizes import Sizes
from podwire.capture import Capture
from podwire.history import EndpointWords, HistoryStore, Kind, connection_batch
from podwire.history.files import NS_PER_HOUR, Layout
from podwire.history.questions import Question, ask
from podwire.history.relation import Sources
from podwire.history.rollups import Rollup, end_key
from podwire.history.schema import KINDS
from podwire.history.seal import write_parquet
from podwire.history.where import Condition
from podwire.settings.history import HistoryLimits
from podwire.support.clock import SystemClock

_DAY_NS = 1_795_305_600_000_000_000
"""When the day that is made begins: midnight, UTC."""
_SEGMENTS = 12
"""Journals an hour: one each five minutes."""
_COMMIT_ROWS = 40_000
"""Rows of a commit at 100,000 a second."""
_COLUMNS = ("src-ip", "src-pod", "dst-ip", "dst-pod", "dst-port", "cur-state", "latency", "started-time", "age")


def main(sizes: Sizes) -> None:
    """Print the tables."""
    pa.set_cpu_count(1)
    _writing(sizes)
    _questions(sizes)


class _Book:
    """Names as the tables have them: a dictionary away."""

    def __init__(self) -> None:
        self._words = {
            number: EndpointWords(f"pod-{number}", "default", "app", "worker", "prod") for number in range(4_000)
        }

    def endpoint(self, number: int) -> EndpointWords | None:
        return self._words.get(number)

    def cluster(self, number: int) -> str | None:
        return "prod" if number else None

    def reason(self, code: str, words: EndpointWords | None) -> str | None:
        return None if words else code


class _Costs:
    """CPU seconds by step."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, float, int]] = []

    @contextmanager
    def of(self, name: str, count: int) -> Iterator[None]:
        """Measure one step of so many connections."""
        started = time.process_time()
        yield
        self.rows.append((name, time.process_time() - started, count))

    def show(self) -> None:
        """Print the steps and their sum."""
        each = [(name, seconds / count * 1e6) for name, seconds, count in self.rows]
        total = sum(cost for _, cost in each)
        lines = [(name, f"{cost:.2f}", f"{cost / 10:.0%}") for name, cost in each]
        lines.append(("in all", f"{total:.2f}", f"{total / 10:.0%}"))
        table.show(("step", "CPU us a connection", "of a core at 100,000/s"), lines)
        table.note(f"One core writes {1e6 / total:,.0f} ended connections a second.")


def _writing(sizes: Sizes) -> None:
    count = sizes.history_rows
    table.heading(f"History: {count:,} ended connections written, on one core")
    costs = _Costs()
    _taking(costs)
    batches = Maker(start_ns=_DAY_NS, rate=100_000_000 / 86_400).make(0, count)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        limits = HistoryLimits(segment_rows=count, queue_bytes=1 << 40, merge_rows=count)
        store = HistoryStore(Path(folder), switch="switch", clock=SystemClock(), limits=limits)
        store.open()
        with costs.of("journal, synced", count):
            for start in range(0, len(batches), _COMMIT_ROWS // 10_000):
                for batch in batches[start : start + _COMMIT_ROWS // 10_000]:
                    store.add(Kind.CONNECTION, batch)
                store.commit()
        with costs.of("sorted and sealed into Parquet", count):
            store.close()
        size = sum(path.stat().st_size for path in store.files(Kind.CONNECTION).parquet)
        plain = _plain_size(batches, Path(folder))
    costs.show()
    day = size / count * 100_000_000 / 1e9
    table.note(
        f"{size / count:.1f} bytes a connection on disk, {day:.2f} GB for a day of 100 million; "
        f"as Arrow's Parquet writer does it unasked, {plain / count:.1f} bytes."
    )


def _taking(costs: _Costs) -> None:
    """Measure what is taken out of the packet core and named: a real capture's connections, nearly all with a name."""
    words = ("--packets", "420000", "--connections", "60000", "--rate", "20000")
    made = captures.make("--kind", "plain", *words)
    capture = Capture()
    capture.set_collecting(True)
    capture.read_files([made.name])
    batches = []
    started = time.process_time()
    while len(batch := capture.poll(16_384)):
        batches.append(batch)
    rows = sum(map(len, batches))
    costs.rows.append(("taken out of the core", time.process_time() - started, rows))
    capture.close()
    book = _Book()
    named = [_with_endpoints(batch) for batch in batches]
    with costs.of("named", rows):
        for batch in named:
            connection_batch(batch, book, record="ended", recorded_ns=_DAY_NS, native_vlan=1)


def _with_endpoints(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Give the rows endpoints, as those of a followed cluster have them."""
    for side in ("src", "dst"):
        index = batch.schema.get_field_index(f"{side}-endpoint")
        numbers = pa.array([(row * 7919) % 3_000 for row in range(len(batch))], pa.int64())
        batch = batch.set_column(index, f"{side}-endpoint", numbers)
    return batch


def _plain_size(batches: list[pa.RecordBatch], folder: Path) -> int:
    path = folder / "plain.parquet"
    pq.write_table(pa.Table.from_batches(batches, KINDS[Kind.CONNECTION]), path)
    return path.stat().st_size


def _questions(sizes: Sizes) -> None:
    count = sizes.history_day
    hours = 24 if count >= 100_000_000 else 1
    table.heading(f"History: questions of {hours} h with {count:,} connections")
    layout = Layout(CACHE / f"history-{count}", "leaf1")
    _make_day(layout, count, hours)
    files = [each.path for each in layout.find_sealed(Kind.CONNECTION)]
    hour_ns = layout.find_sealed(Kind.CONNECTION)[-1].hour_ns
    last = [each.path for each in layout.find_sealed(Kind.CONNECTION) if each.hour_ns == hour_ns]
    size = sum(path.stat().st_size for path in files)
    busy, quiet = _pods(last)
    rows = []
    for name, pod in (("a busy Pod", busy), ("a quiet Pod", quiet)):
        for side in ("src-pod", "dst-pod"):
            question = Question(
                columns=_COLUMNS,
                start_ns=hour_ns,
                end_ns=hour_ns + NS_PER_HOUR,
                where=(Condition(side, "in", (pod,)),),
                now_ns=hour_ns + NS_PER_HOUR,
            )
            rows.append(_asked(f"connections of {name} as {side}, last hour", question, last, sizes.rounds))
    talkers = Question(
        rollup=Rollup(
            keys={"pod": end_key("pod"), "namespace": end_key("namespace")},
            measures=("connections", "total-bytes"),
            sides=("client",),
        ),
        sort=(("total-bytes", True),),
        limit=10,
        now_ns=hour_ns + NS_PER_HOUR,
    )
    rows.append(_asked(f"top talkers of {hours} h", talkers, files, sizes.rounds))
    table.show(("question", "rows", "best s", "median s", "CPU s"), rows)
    table.note(f"{len(files)} files, {size / 1e9:.2f} GB, {size / count:.1f} bytes a connection.")


def _pods(files: list[Path]) -> tuple[str, str]:
    """Return the Pod with the most connections and one of those with the fewest."""
    question = Question(
        rollup=Rollup(keys={"pod": end_key("pod")}, measures=("connections",), sides=("server",)),
        sort=(("connections", True),),
        now_ns=_DAY_NS,
    )
    pods = ask(question, Sources("leaf1", parquet=files)).table.column("pod").to_pylist()
    return pods[0], pods[len(pods) * 3 // 4]


def _asked(name: str, question: Question, files: list[Path], rounds: int) -> tuple[str, ...]:
    walls, cpus, found = [], [], 0
    for _ in range(rounds):
        started, cpu = time.perf_counter(), time.process_time()
        found = len(ask(question, Sources("leaf1", parquet=files)).table)
        walls.append(time.perf_counter() - started)
        cpus.append(time.process_time() - cpu)
    return name, f"{found:,}", f"{min(walls):.2f}", f"{sorted(walls)[len(walls) // 2]:.2f}", f"{min(cpus):.2f}"


def _make_day(layout: Layout, count: int, hours: int) -> None:
    """Make the files once, as the daemon would have sealed them: one each five minutes."""
    if layout.find_sealed(Kind.CONNECTION):
        return
    shutil.rmtree(layout.folder, ignore_errors=True)
    unfinished = Layout(layout.folder.with_suffix(".unfinished"), layout.switch)
    shutil.rmtree(unfinished.folder, ignore_errors=True)
    each = count // (hours * _SEGMENTS)
    maker = Maker(start_ns=_DAY_NS, rate=count / (hours * 3_600))
    for number in range(hours * _SEGMENTS):
        hour_ns = _DAY_NS + number // _SEGMENTS * NS_PER_HOUR
        sealed = unfinished.sealed(Kind.CONNECTION, number + 1, number + 1, hour_ns)
        write_parquet(sealed.path, Kind.CONNECTION, maker.make(number * each, each))
    unfinished.folder.rename(layout.folder)
