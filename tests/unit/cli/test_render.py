"""Tables come out as on the reference page, and nothing in a cell commands the terminal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from podwire.catalog import NOUNS, Noun
from podwire.cli.render import render
from podwire.cli.transport import Answer
from podwire.cli.view import View

BY_NAME = {noun.name: noun for noun in NOUNS}
VPORT, CONNECTION, K8S_CNI = BY_NAME["vport"], BY_NAME["connection"], BY_NAME["k8s-cni"]


def rows_of(columns: str, *rows: tuple[Any, ...]) -> Answer:
    names = columns.split()
    return Answer([dict(zip(names, row, strict=True)) for row in rows], names, len(rows))


_POD = ("Running", "app:hello-world", "host,pod,k8s")
VPORTS = rows_of(
    "owner mac vlan ip svc-name hostname entity power portgroup status",
    ("switch", "88:88:88:bf:5d:be", 4090, "10.10.2.1", "pluribus", "server2", "pod-A", *_POD),
    ("switch", "88:88:88:bf:2e:ac", 4090, "10.10.1.1", "pluribus", "server1", "pod-B", *_POD),
)
CONNECTIONS = rows_of(
    "switch vlan src-ip dst-ip dst-port cur-state latency age",
    ("switch", 1, "10.10.1.1", "10.10.2.1", 8080, "syn-ack", 4_010_000_000, 9_000_000_000),
)
CNIS = rows_of("cluster-name cni-plugin backend network-type", ("pluribus", "flannel", "host-gw", "underlay"))

VPORT_TABLE = """\
owner  mac               vlan ip        svc-name hostname entity power   portgroup       status
------ ----------------- ---- --------- -------- -------- ------ ------- --------------- ------------
switch 88:88:88:bf:5d:be 4090 10.10.2.1 pluribus server2  pod-A  Running app:hello-world host,pod,k8s
switch 88:88:88:bf:2e:ac 4090 10.10.1.1 pluribus server1  pod-B  Running app:hello-world host,pod,k8s
"""
CONNECTION_TABLE = """\
switch vlan src-ip    dst-ip    dst-port cur-state latency age
------ ---- --------- --------- -------- --------- ------- ---
switch 1    10.10.1.1 10.10.2.1 8080     syn-ack   4.01s   9s
"""
CNI_TABLE = """\
cluster-name cni-plugin backend network-type
------------ ---------- ------- ------------
pluribus     flannel    host-gw underlay
"""


@pytest.mark.parametrize(
    ("noun", "answer", "table"),
    [(VPORT, VPORTS, VPORT_TABLE), (CONNECTION, CONNECTIONS, CONNECTION_TABLE), (K8S_CNI, CNIS, CNI_TABLE)],
    ids=["vport", "connection", "k8s-cni"],
)
def test_the_tables_of_the_reference_page(noun: Noun, answer: Answer, table: str) -> None:
    assert render(noun, answer, View()) == table


def test_without_headers_only_the_rows_set_the_widths() -> None:
    assert render(CONNECTION, CONNECTIONS, View(has_headers=False)) == (
        "switch 1 10.10.1.1 10.10.2.1 8080 syn-ack 4.01s 9s\n"
    )


def test_unknown_values_are_empty_and_leave_no_blanks_behind() -> None:
    answer = rows_of("cluster-name udp-port backend", ("a", None, "host-gw"), ("b", 8472, None))
    assert render(K8S_CNI, answer, View()) == (
        "cluster-name udp-port backend\n"
        "------------ -------- -------\n"
        "a                     host-gw\n"
        "b            8472\n"
    )  # fmt: skip


def test_vertical() -> None:
    answer = rows_of("cluster-name udp-port", ("a", None), ("b", 8472))
    assert render(K8S_CNI, answer, View(is_vertical=True)) == (
        "cluster-name: a\n"
        "udp-port:\n"
        "\n"
        "cluster-name: b\n"
        "udp-port:     8472\n"
    )  # fmt: skip


def test_parsable() -> None:
    answer = rows_of("entity portgroup latency", ("a", "x:1,y:2", None), ("b\r\nc", None, 5))
    assert render(VPORT, answer, View(delimiter=",")) == "a,x:1\\,y:2,\nb c,,5\n"
    assert render(VPORT, answer, View(delimiter="||", has_headers=True)).splitlines()[0] == "entity||portgroup||latency"


def test_unscaled() -> None:
    assert render(CONNECTION, CONNECTIONS, View(delimiter=" ", is_unscaled=True)).split()[-2:] == [
        "4010000000",
        "9000000000",
    ]


def test_json_is_raw_and_one_object_a_line() -> None:
    lines = render(CONNECTION, CONNECTIONS, View(is_json=True)).splitlines()
    assert [json.loads(line) for line in lines] == CONNECTIONS.rows
    assert list(json.loads(lines[0])) == CONNECTIONS.columns


def test_the_count_follows_the_rows() -> None:
    answer = Answer(CNIS.rows, CNIS.columns, count=17)
    assert render(K8S_CNI, answer, View(has_count=True)) == CNI_TABLE + "Count: 17 (1 shown, limit-output)\n"
    assert render(K8S_CNI, Answer(columns=["backend"]), View(has_count=True)) == "Count: 0\n"


@pytest.mark.parametrize(
    "view",
    [View(), View(is_vertical=True), View(delimiter=",", has_headers=True), View(is_json=True)],
)
def test_no_rows_print_nothing(view: View) -> None:
    assert render(VPORT, Answer(columns=["ip", "entity"]), view) == ""


HOSTILE = "\x1b]0;owned\x07\x9b2J\x7f\u202eevil\u2028\n"


@pytest.mark.parametrize(
    "view", [View(), View(is_vertical=True), View(delimiter=","), View(is_json=True), View(is_unscaled=True)]
)
def test_no_control_character_reaches_the_terminal(view: View) -> None:
    answer = rows_of("entity portgroup new-column", (HOSTILE, HOSTILE, HOSTILE))
    printed = render(VPORT, answer, view)
    assert all(character.isprintable() or character == "\n" for character in printed)
    assert printed.count("\n") == {True: 3}.get(view.is_vertical, 1 if view.delimiter or view.is_json else 3)


def test_what_is_hidden_is_made_visible() -> None:
    answer = rows_of("entity", ("\x1b[2J\u202eé",))
    assert render(VPORT, answer, View(delimiter=",")) == "\\x1b[2J\\u202eé\n"


def test_wide_and_combining_characters_keep_the_columns() -> None:
    answer = rows_of("entity ip", ("日本", "10.0.0.1"), ("abcdefgh", "10.0.0.2"), ("e\u0301", "10.0.0.3"))
    assert render(VPORT, answer, View()).splitlines()[2:] == [
        "日本     10.0.0.1",
        "abcdefgh 10.0.0.2",
        "e\u0301        10.0.0.3",
    ]


def test_what_a_type_cannot_print_is_printed_as_it_is() -> None:
    answer = rows_of("create-time vlan", (10**30, ["a", "b"]), ("soon", 1))
    assert render(VPORT, answer, View(delimiter=" ")) == f"{10**30} a,b\nsoon 1\n"
