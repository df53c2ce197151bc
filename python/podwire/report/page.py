"""The page of a report: HTML that needs nothing but itself, and that may load nothing else."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from html import escape

from plotly.offline import get_plotlyjs

from podwire.catalog.units import NS_PER_SECOND, show_count, show_duration, show_latency, show_size
from podwire.report import charts
from podwire.report.facts import Facts, Row

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#232831;background:#f5f6f8;margin:0}
main{max-width:1180px;margin:0 auto;padding:24px}
h1{font-size:24px;margin:0 0 4px}h2{font-size:17px;margin:0 0 8px}
section{background:#fff;border:1px solid #dfe3e8;border-radius:8px;padding:16px 20px;margin:16px 0}
.sums{display:flex;flex-wrap:wrap;gap:28px}.sums b{display:block;font-size:22px}
table{border-collapse:collapse;width:100%;font-size:13px}
td,th{padding:4px 10px;text-align:right;border-bottom:1px solid #eceff2;white-space:nowrap}
td:first-child,th:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere}
p.note,.lead{color:#6f7785}details{margin-top:8px}.empty{color:#6f7785}
@media(max-width:700px){main{padding:10px}section{overflow-x:auto}}
"""

_DRAW = """
for (const place of document.querySelectorAll('[data-figure]')) {
  const figure = JSON.parse(document.getElementById(place.dataset.figure).textContent);
  Plotly.newPlot(place, figure.data, figure.layout, {responsive: true, displaylogo: false, showSendToCloud: false});
}
"""

_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
"""No fetch of any kind, and no script but those that carry the page's own secret."""


def render(facts: Facts, *, title: str, made_ns: int) -> str:
    """Return the whole page."""
    nonce = secrets.token_urlsafe(16)
    parts = [
        "<!doctype html>\n",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY.format(nonce=nonce)}">\n',
        f"<style>{_STYLE}</style></head>\n<body><main>\n",
        *_head(facts, title, made_ns),
    ]
    for name, heading, draw in charts.CHARTS:
        parts.append(f'<section id="{name}"><h2>{heading}</h2>\n')
        if charts.has_data(facts, name):
            # plotly writes <, > and / in texts as escapes, so that no text ends the element.
            figure = draw(facts).to_json()
            parts.append(f'<div class="chart" data-figure="figure-{name}"></div>\n')
            parts.append(f'<script type="application/json" id="figure-{name}" nonce="{nonce}">{figure}</script>\n')
            parts += _TABLES[name](facts)
        else:
            parts.append('<p class="empty">Nothing in this time.</p>\n')
        parts.append("</section>\n")
    parts += ["</main>\n", f'<script nonce="{nonce}">{get_plotlyjs()}</script>\n']
    parts += [f'<script nonce="{nonce}">{_DRAW}</script>\n', "</body></html>\n"]
    return "".join(parts)


def _head(facts: Facts, title: str, made_ns: int) -> Iterator[str]:
    span = facts.span
    length = show_duration(span.end_ns - span.start_ns)
    yield f"<h1>{escape(title)}</h1>\n"
    yield f'<p class="lead">{_time(span.start_ns)} to {_time(span.end_ns)} UTC ({length}), made {_time(made_ns)} UTC. '
    yield "Connections count where they were there at any time of it.</p>\n"
    for note in facts.notes:
        yield f'<p class="note">{escape(note)}</p>\n'
    sums = {
        "connections": show_count(facts.totals["connections"]),
        "failures": show_count(facts.totals["failures"]),
        "bytes from clients": show_size(facts.totals["obytes"]),
        "bytes from servers": show_size(facts.totals["ibytes"]),
    }
    cells = "".join(f"<div><b>{value}</b>{name}</div>" for name, value in sums.items())
    yield f'<section class="sums">{cells}</section>\n'


def _time(value_ns: int) -> str:
    return datetime.fromtimestamp(value_ns // NS_PER_SECOND, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def _table(summary: str, heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    yield f"<details><summary>{summary}</summary><table><thead><tr>"
    yield "".join(f"<th>{escape(head)}</th>" for head in heads)
    yield "</tr></thead><tbody>\n"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>\n"
    yield "</tbody></table></details>\n"


def _cell(value: object) -> str:
    return escape("".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in str(value)))


def _latency(row: Row) -> str:
    return "" if row["latency-p95"] is None else show_latency(row["latency-p95"])


def _states_table(facts: Facts) -> Iterator[str]:
    totals = ((state, show_count(sum(steps.values()))) for state, steps in facts.states.items())
    return _table("Numbers", ("state", "connections"), totals)


def _latency_table(facts: Facts) -> Iterator[str]:
    rows = (
        (
            show_latency(row["from"]),
            "" if row["below"] is None else show_latency(row["below"]),
            row["connections"],
            f"{row['percent']:.1f} %",
            f"{row['cumulative']:.1f} %",
        )
        for row in facts.latencies
    )
    return _table("Numbers", ("from", "below", "connections", "part", "up to here"), rows)


def _talkers_table(facts: Facts) -> Iterator[str]:
    heads = ("host", "connections", "failures", "sent", "received", "latency p95")
    rows = (
        (
            charts.host_name(row),
            show_count(row["connections"]),
            show_count(row["failures"]),
            charts.size(row["obytes"]),
            charts.size(row["ibytes"]),
            _latency(row),
        )
        for row in facts.talkers
    )
    return _table("Numbers", heads, rows)


def _map_table(facts: Facts) -> Iterator[str]:
    heads = ("client", "server", "connections", "failures", "bytes", "latency p95")
    rows = (
        (
            charts.end_name(row, "client"),
            charts.end_name(row, "server"),
            show_count(row["connections"]),
            show_count(row["failures"]),
            charts.size(row["total-bytes"]),
            _latency(row),
        )
        for row in facts.pairs
    )
    return _table("Numbers", heads, rows)


_TABLES = {"states": _states_table, "latency": _latency_table, "talkers": _talkers_table, "map": _map_table}
