"""The charts of a report, as plotly's figures. Names come from clusters and are shown as text, whatever they hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

import plotly.graph_objects as go

from podwire.catalog.units import NS_PER_SECOND, show_latency, show_size
from podwire.report.facts import OTHER, Facts, Row

_GREY = "#6f7785"
COLOURS = {
    "est": "#2a78c2",
    "fin": "#4f9e63",
    "rst": "#c8453b",
    "syn-ack": "#b58a1b",
    "syn": "#8a63b8",
    OTHER: _GREY,
}
_HEIGHT = 360
_MOST_CHARACTERS = 48


def text(name: object) -> str:
    """Return a name as plotly shows it: no tag of its own, no control character, not too long."""
    plain = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in str(name))
    short = plain if len(plain) <= _MOST_CHARACTERS else plain[: _MOST_CHARACTERS - 1] + "…"
    return escape(short)


def states_over_time(facts: Facts) -> go.Figure:
    """Connections by the time that they began and the state that they came to, stacked."""
    step = facts.span.step_seconds * NS_PER_SECOND
    times = list(range(facts.span.start_ns // NS_PER_SECOND * NS_PER_SECOND, facts.span.end_ns + 1, step))
    figure = _figure("time (UTC)", "connections")
    for state, steps in facts.states.items():
        counts = [steps.get(time, 0) for time in times]
        if any(counts):
            moments = [_moment(time) for time in times]
            figure.add_bar(x=moments, y=counts, name=state, marker_color=COLOURS[state])
    return figure.update_layout(barmode="stack", bargap=0.05)


def latencies(facts: Facts) -> go.Figure:
    """How many connections had which latency."""
    labels = [_span(row) for row in facts.latencies]
    figure = _figure("latency", "connections").update_layout(showlegend=False, bargap=0.05)
    hover = [f"{row['percent']:.1f} %, {row['cumulative']:.1f} % up to here" for row in facts.latencies]
    counts = [row["connections"] for row in facts.latencies]
    figure.add_bar(x=labels, y=counts, hovertext=hover, marker_color=COLOURS["est"])
    return figure.update_xaxes(type="category")


def talkers(facts: Facts) -> go.Figure:
    """Who sent and received most, the first at the top."""
    rows = [row for row in reversed(facts.talkers) if row["total-bytes"]]
    # Two hosts may have the same name: the row's number keeps them apart.
    places = list(range(len(rows)))
    figure = _figure("stream bytes", "").update_layout(barmode="stack", height=max(_HEIGHT, 80 + 24 * len(rows)))
    for column, name in (("obytes", "sent"), ("ibytes", "received")):
        hover = [size(row[column]) for row in rows]
        colour = COLOURS["est" if column == "obytes" else "fin"]
        amounts = [row[column] for row in rows]
        figure.add_bar(
            y=places, x=amounts, name=name, orientation="h", marker_color=colour, hovertext=hover, hoverinfo="text+name"
        )
    return figure.update_yaxes(tickvals=places, ticktext=[text(host_name(row)) for row in rows], automargin=True)


def workload_map(facts: Facts) -> go.Figure:
    """Which workloads talk to which: clients on the left, servers on the right, as wide as their connections."""
    ends: dict[tuple[str, str], int] = {}
    for row in facts.pairs:
        for side in ("client", "server"):
            ends.setdefault((side, end_name(row, side)), len(ends))
    links = [(ends["client", end_name(row, "client")], ends["server", end_name(row, "server")]) for row in facts.pairs]
    labels = [text(name) for _, name in ends]
    colours = [COLOURS["est"] if side == "client" else COLOURS["fin"] for side, _ in ends]
    failed = ["rgba(200,69,59,0.45)" if row["failures"] else "rgba(111,119,133,0.3)" for row in facts.pairs]
    figure = _figure("", "").update_layout(height=max(_HEIGHT, 22 * len(ends)), hovermode="closest")
    figure.add_sankey(
        node={"label": labels, "color": colours, "pad": 12, "thickness": 14},
        link={
            "source": [source for source, _ in links],
            "target": [target for _, target in links],
            "value": [row["connections"] for row in facts.pairs],
            "color": failed,
            "customdata": [_link(row) for row in facts.pairs],
            "hovertemplate": "%{source.label} → %{target.label}<br>%{customdata}<extra></extra>",
        },
        arrangement="snap",
    )
    return figure


def end_name(row: Row, side: str) -> str:
    """Return the workload of one side of a pair."""
    namespace, workload = row[f"{side}-namespace"], row[f"{side}-workload"]
    return "/".join(filter(None, (namespace, workload))) or "no Pod"


def host_name(row: Row) -> str:
    """Return a host's Pod, where it is known, and its address."""
    pod = "/".join(filter(None, (row["namespace"], row["pod"])))
    return f"{pod} ({row['ip']})" if pod else str(row["ip"])


def size(value: int | None) -> str:
    """Return a number of bytes, nothing where it is not known: control mode does not always tell it."""
    return "" if value is None else show_size(value)


def _link(row: Row) -> str:
    latency = f", p95 {show_latency(row['latency-p95'])}" if row["latency-p95"] is not None else ""
    failures = f", {row['failures']} failed" if row["failures"] else ""
    return f"{row['connections']} connections{failures}, {size(row['total-bytes']) or 'bytes not known'}{latency}"


def _span(row: Row) -> str:
    low = show_latency(row["from"]) if row["from"] else "0"
    return f"{low}–{show_latency(row['below'])}" if row["below"] is not None else f"{low}–"


def _moment(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // NS_PER_SECOND, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _figure(x_title: str, y_title: str) -> go.Figure:
    layout: dict[str, Any] = {
        "template": "plotly_white",
        "height": _HEIGHT,
        "margin": {"l": 60, "r": 20, "t": 20, "b": 50},
        "font": {"color": _GREY, "size": 12},
        "legend": {"orientation": "h", "y": 1.08},
        "hovermode": "x unified" if x_title.startswith("time") else "closest",
    }
    return go.Figure(layout=layout).update_xaxes(title_text=x_title).update_yaxes(title_text=y_title)


CHARTS = (
    ("states", "Connections by state over time", states_over_time),
    ("latency", "Latency of connections", latencies),
    ("talkers", "Top talkers", talkers),
    ("map", "Workloads that talk to each other", workload_map),
)
"""Every chart: the id of its place, its heading, and what draws it."""


def has_data(facts: Facts, name: str) -> bool:
    """Say whether there is anything to draw."""
    rows: dict[str, Sequence[object]] = {
        "states": [count for steps in facts.states.values() for count in steps.values() if count],
        "latency": facts.latencies,
        "talkers": [row for row in facts.talkers if row["total-bytes"]],
        "map": facts.pairs,
    }
    return bool(rows[name])
