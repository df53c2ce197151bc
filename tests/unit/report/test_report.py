"""The report: what it says is what the commands say, and a real browser draws it without asking anybody."""

from __future__ import annotations

import html
import json
import re
import shutil
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from podwire.catalog import Noun
from podwire.catalog.connection_stats import CONNECTION_STATS
from podwire.cli.transport import Answer
from podwire.report import charts
from podwire.report.command import read_span, write_report
from podwire.report.facts import OTHER, STATES, Facts, Span, gather
from podwire.report.page import render
from podwire.support.errors import UnavailableError, UsageError

CASES = Path(__file__).parents[2] / "cases" / "pcap"
PODWIRE = Path(sys.executable).with_name("podwire")
SECOND = 1_000_000_000
START = 1_767_268_800 * SECOND
HOSTILE = "</script><script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"


def sums(**values: Any) -> dict[str, Any]:
    plain = {
        "connections": 3,
        "failures": 1,
        "obytes": 2048,
        "ibytes": 4096,
        "total-bytes": 6144,
        "latency-p95": 75_000,
    }
    return plain | {name.replace("_", "-"): value for name, value in values.items()}


def facts(name: str = "web") -> Facts:
    return Facts(
        Span(START, START + 3600 * SECOND),
        sums(),
        {"est": {START: 2, START + 60 * SECOND: 1}, "fin": {START: 4}, "rst": {}, "syn-ack": {}, "syn": {}},
        [
            {"from": 50_000, "below": 100_000, "connections": 2, "percent": 66.7, "cumulative": 66.7},
            {"from": 100_000, "below": None, "connections": 1, "percent": 33.3, "cumulative": 100.0},
        ],
        [
            sums(ip="10.0.0.1", namespace="n", pod=name),
            sums(ip="10.0.0.2", namespace=None, pod=None, obytes=None),
            sums(ip="10.0.0.3", namespace=None, pod=None, obytes=None, ibytes=None, total_bytes=None),
        ],
        [
            sums(client_namespace="n", client_workload=name, server_namespace="n", server_workload="db"),
            sums(client_namespace="n", client_workload="db", server_namespace="n", server_workload=name, failures=0),
            sums(
                client_namespace="n",
                client_workload="db",
                server_namespace=None,
                server_workload=None,
                total_bytes=None,
            ),
        ],
        [f"note {name}"],
    )


@pytest.fixture(scope="module")
def chromium() -> str:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    return path


def opened(chromium: str, page: Path, folder: Path) -> tuple[str, list[str]]:
    """Open a page in a real browser; return its document as it stands then, and what it told the console."""
    words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    words += ["--disable-component-update", "--disable-sync", f"--user-data-dir={folder}", "--enable-logging=stderr"]
    words += ["--virtual-time-budget=8000", "--window-size=1200,2400", "--dump-dom", page.as_uri()]
    done = subprocess.run([chromium, *words], capture_output=True, text=True, check=True, timeout=120)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def title_of(document: str) -> str:
    found = re.search(r"<title>(.*?)</title>", document)
    assert found is not None
    return found[1]


def test_a_browser_draws_every_chart_and_runs_no_name(chromium: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        pixel = f"<img src=http://127.0.0.1:{listener.getsockname()[1]}/pixel>"
        page = tmp_path / "report.html"
        page.write_text(render(facts(HOSTILE + pixel), title=f"A {HOSTILE}", made_ns=START), encoding="utf-8")
        document, console = opened(chromium, page, tmp_path / "profile")
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert console == []
    assert html.unescape(title_of(document)) == f"A {HOSTILE}"
    for name, _, _ in charts.CHARTS:
        section = document[document.index(f'<section id="{name}">') :].partition("</section>")[0]
        assert "main-svg" in section, f"{name} is not drawn"
    assert document.count('class="node-label"') + document.count("sankey-node") > 0
    assert "<img" not in document


def test_the_test_itself_sees_errors_and_requests(chromium: str, tmp_path: Path) -> None:
    """A page without a policy reaches a listener, and the listener closes on it at once."""
    seen: list[bytes] = []

    def answer(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            seen.append(connection.recv(64))
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/pixel"
        page = tmp_path / "bad.html"
        page.write_text(f"<title>x</title><script>new Image().src='{address}'; nonsense()</script>", encoding="utf-8")
        _, console = opened(chromium, page, tmp_path / "profile")
        thread.join(10)
    assert seen[0].startswith(b"GET /pixel")
    assert any("nonsense" in line for line in console)


def test_the_page_forbids_what_it_does_not_need() -> None:
    page = render(facts(), title="x", made_ns=START)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; script-src 'nonce-")
    assert "connect-src" not in policy[1]
    outside = page[: page.index("plotly.js v")]
    assert not re.search(r'(src|href)="', outside)
    figures = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', outside, re.DOTALL)
    assert len([json.loads(each) for each in figures]) == len(charts.CHARTS)


def test_every_page_has_a_secret_of_its_own() -> None:
    first, second = (re.findall(r"'nonce-([^']+)'", render(facts(), title="x", made_ns=START)) for _ in range(2))
    assert first != second


def test_nothing_to_draw_is_said() -> None:
    empty = Facts(Span(START, START + SECOND), sums(connections=0, obytes=0), {"est": {}}, [], [], [])
    page = render(empty, title="x", made_ns=START)
    assert page.count('class="empty"') == len(charts.CHARTS)
    assert "data-figure=" not in page[: page.index("plotly.js v")]


def test_a_capture_s_report_says_what_its_rows_say(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    capture = CASES / "handshake" / "capture.pcap"
    done = subprocess.run(
        [PODWIRE, "replay", capture, "--report", page], capture_output=True, text=True, check=True, timeout=120
    )
    assert "8080" in done.stdout
    text = page.read_text(encoding="utf-8")
    assert "<b>1</b>connections" in text
    assert "<b>149</b>bytes from clients" in text
    assert "<b>311</b>bytes from servers" in text
    assert "10.10.1.1" in text
    assert stat.S_IMODE(page.stat().st_mode) & 0o400


@pytest.mark.parametrize(
    ("seconds", "step"), [(1, 1), (60, 1), (61, 2), (3600, 60), (86_400, 1800), (86_400 * 365, 525_600)]
)
def test_charts_over_time_have_sixty_steps_at_most(seconds: int, step: int) -> None:
    span = Span(START, START + seconds * SECOND)
    assert span.step_seconds == step
    assert seconds / step <= 60


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("1h", "2026-01-01", None), "exclude each other"),
        (("soon", None, None), "--within-last: .soon. is not a duration"),
        ((None, "2026-01-02", "2026-01-01"), "no time"),
        (("0s", None, None), "no time"),
    ],
)
def test_times_that_do_not_fit(words: tuple[str | None, str | None, str | None], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        read_span(*words, now_ns=START)


def test_the_last_hour_is_the_default() -> None:
    assert read_span(None, None, None, now_ns=START) == Span(START - 3600 * SECOND, START)


class Nobody:
    """A transport to a daemon that is not there."""

    def show(self, noun: Any, params: Any) -> Any:
        msg = "podwire does not run."
        raise UnavailableError(msg)

    act = show


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="does not run"):
        write_report(Nobody(), Span(START, START + SECOND), tmp_path / "x.html", title="x", made_ns=START)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UnavailableError):
        gather(Nobody(), Span(START, START + SECOND))  # type: ignore[arg-type]


def test_without_plotly_it_says_what_to_install(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['plotly'] = None; from podwire.__main__ import main;"
        "sys.exit(main(['replay', sys.argv[1], '--report', sys.argv[2]]))"
    )
    words = [str(CASES / "handshake" / "capture.pcap"), str(tmp_path / "x")]
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1
    assert "pip install 'podwire[report]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_states_of_a_step_add_up_to_its_connections() -> None:
    """What is not TCP has a state of its own, so that no connection is missing from the chart."""
    rows = [
        {"time": START, "connections": 5, "est": 2, "fin": 1, "rst": None, "syn-ack": 0, "syn": 0},
        {"time": START, "connections": 3, **dict.fromkeys(STATES, 0)},
    ]

    class Ports:
        def show(self, noun: Noun, params: list[tuple[str, str]]) -> Answer:
            is_asked = noun is CONNECTION_STATS and ("by", "port") in params
            return Answer(rows if is_asked else [], [], 0)

    states = gather(Ports(), Span(START, START + SECOND)).states  # type: ignore[arg-type]
    assert {state: steps.get(START) for state, steps in states.items()} == {
        "est": 2,
        "fin": 1,
        "rst": 0,
        "syn-ack": 0,
        "syn": 0,
        OTHER: 5,
    }
    assert charts.COLOURS.keys() == states.keys()
