"""Words become requests; words that do not fit become one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from podwire.__main__ import _COMMANDS
from podwire.cli.grammar import OUTSIDE, parse
from podwire.cli.view import View
from podwire.cli.words import split
from podwire.support.errors import UsageError

LONG = "x" * 500


def test_a_bare_show() -> None:
    request = parse(["vport-show"])
    assert (request.noun.name, request.verb, request.params, request.view) == ("vport", None, (), View())


def test_filters_and_window_go_to_the_server_as_typed() -> None:
    words = (
        "connection-show src-ip 10.10.0.0/16,10.1.1.1 dst-port 80..90 cur-state est,fin within-last 1h sort-desc age"
    )
    assert parse(words.split()).params == (
        ("src-ip", "10.10.0.0/16,10.1.1.1"),
        ("dst-port", "80..90"),
        ("cur-state", "est,fin"),
        ("within-last", "1h"),
        ("sort-desc", "age"),
    )


def test_how_to_print_stays_here() -> None:
    words = "vport-show layout vertical parsable-delim , show-headers count-output unscaled format ip,entity,"
    request = parse(words.split())
    assert request.params == (("count-output", "true"), ("format", "ip,entity,"))
    assert request.view == View(
        is_vertical=True, delimiter=",", has_headers=True, has_count=True, is_unscaled=True, is_json=False
    )


def test_flags_of_a_show_travel_as_truth() -> None:
    assert parse(["k8s-cni-show", "since-start"]).params == (("since-start", "true"),)
    assert parse(["k8s-cni-show", "no-since-start"]).params == (("since-start", "false"),)


def test_settings_are_vertical_unless_said() -> None:
    assert parse(["switch-info-show"]).view.is_vertical
    assert not parse(["switch-info-show", "layout", "horizontal"]).view.is_vertical


def test_json_asks_for_every_column_unless_told() -> None:
    assert parse(["vport-show", "--json"]).params == (("format", "all"),)
    assert parse(["vport-show", "--json", "format", "ip"]).params == (("format", "ip"),)


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (
            "k8s-connection-create cluster-name a kube-config /k enable",
            {"cluster-name": "a", "kube-config": "/k", "enable": True},
        ),
        ("k8s-connection-modify create-vport", {"create-vport": True}),
        ("k8s-connection-modify cluster-name a disable", {"cluster-name": "a", "enable": False}),
        ("k8s-connection-delete cluster-name 'a b'", {"cluster-name": "a b"}),
        ("connection-stats-settings-modify enable", {"enable": True}),
        ("k8s-settings-modify max-connections 16", {"max-connections": 16}),
        ("connection-clear", {}),
    ],
)
def test_verbs_carry_raw_values(line: str, values: dict[str, Any]) -> None:
    assert parse(split(line)).values == values


def test_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")
    words = ["k8s-connection-modify", "kube-config"]
    assert parse([*words, "k/config"]).values["kube-config"] == str(tmp_path / "k/config")
    assert parse([*words, "~/.kube/config"]).values["kube-config"] == "/home/ann/.kube/config"


def test_a_path_as_a_filter_stays_as_typed() -> None:
    assert parse(["k8s-connection-show", "kube-config", "k"]).params == (("kube-config", "k"),)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("vport-show ?", 0),
        ("vport-show svc-name pluribus ?", 0),
        ("vport-show svc-name ?", 0),
        ("connection-clear ?", 0),
        ("k8s-connection-create", 1),
        ("k8s-connection-modify", 1),
        ("k8s-connection-delete", 1),
    ],
)
def test_help_instead_of_a_command(line: str, status: int) -> None:
    assert parse(line.split()).help_status == status


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "no command is given; help lists them"),
        ("vport-shw", "unknown command 'vport-shw'; did you mean 'vport-show'?"),
        (
            "k8s-check",
            "unknown command 'k8s-check'; in a shell it is 'podwire k8s-check'",
        ),
        (
            "podwire replay",
            "unknown command 'podwire'; in a shell it is 'podwire replay'",
        ),
        ("Vport-Show", "unknown command 'Vport-Show'; did you mean 'vport-show'?"),
        ("xyzzy", "unknown command 'xyzzy'; help lists them"),
        (LONG, f"unknown command '{LONG[:60]}…'; help lists them"),
        ("vport-show svcname x", "vport-show: unknown option 'svcname'; did you mean 'svc-name'?"),
        ("vport-show qqq", "vport-show: unknown option 'qqq'; see vport-show ?"),
        ("vport-show start-time 2026-01-01", "vport-show: unknown option 'start-time'; did you mean 'create-time'?"),
        ("connection-clear --json", "connection-clear: unknown option '--json'; see connection-clear ?"),
        ("vport-show ip", "vport-show: ip needs a value: ip-address"),
        ("vport-show ip ''", "vport-show: ip must not be empty"),
        ("vport-show ip ,", "vport-show: ip: ',' holds no value"),
        ("vport-show ip 1.2.3", "vport-show: ip: '1.2.3' is not an IPv4 or IPv6 address"),
        (
            "vport-show ip 10.0.0.0/64",
            "vport-show: ip: '10.0.0.0/64' is not an address or a network such as 10.10.0.0/16",
        ),
        ("vport-show ip 10.0.0.1 ip 10.0.0.2", "vport-show: ip is given twice; separate several values with commas"),
        ("vport-show layout vertical layout vertical", "vport-show: layout is given twice"),
        ("vport-show layout diagonal", "vport-show: layout: 'diagonal' is not one of horizontal, vertical"),
        ("vport-show unscaled scaled", "vport-show: 'scaled' contradicts 'unscaled'"),
        ("vport-show format ip,entty", "vport-show: format: there is no column 'entty'; did you mean 'entity'?"),
        ("vport-show sort-asc ,", "vport-show: sort-asc: ',' names no column"),
        ("vport-show sort-asc all", "vport-show: sort-asc: there is no column 'all'; see vport-show ?"),
        ("vport-show --json layout vertical", "vport-show: --json and layout exclude each other"),
        ("vport-show --json no-show-headers", "vport-show: --json and no-show-headers exclude each other"),
        ("vport-show limit-output -1", "vport-show: limit-output: '-1' is not a number from 0 to 9223372036854775807"),
        ("k8s-cni-show vxlan 99999999", "k8s-cni-show: vxlan: '99999999' is not 0..16777215"),
        ("k8s-cni-show vxlan ..", "k8s-cni-show: vxlan: '..' is not 0..16777215"),
        ("k8s-cni-show vxlan 9..1", "k8s-cni-show: vxlan: '9..1' ends before it begins"),
        (
            "vport-show not limit-output 3",
            "vport-show: not stands before a column's filter, and 'limit-output' is none; see vport-show ?",
        ),
        (
            "vport-show not",
            "vport-show: not needs a column and a value behind it, as in: not create-time VALUE; see vport-show ?",
        ),
        ("show vport", "unknown command 'show'; did you mean 'vport-show'?"),
        ("vport show", "unknown command 'vport'; did you mean 'vport-show'?"),
        ("show vports", "unknown command 'show'; did you mean 'vport-show'?"),
        ("show", "unknown command 'show'; help lists them"),
        (
            "vport-show format ip, entity",
            (
                "vport-show: entity needs a value: entity-string; "
                "the list 'ip,' ends with its comma: write lists without blanks, as in a,b"
            ),
        ),
        (
            "vport-show layout vertcal",
            "vport-show: layout: 'vertcal' is not one of horizontal, vertical; did you mean 'vertical'?",
        ),
        ("vport-show --csv --json", "vport-show: --json and --csv exclude each other"),
        ("vport-show follow limit-output 3", "vport-show: follow and limit-output exclude each other"),
        ("vport-show show-interval 0", "vport-show: show-interval: it must be 100ms or longer"),
        (
            "vport-show parsable-delim '\\\\'",
            (
                "vport-show: parsable-delim: a backslash marks a delimiter within a value, and a line end a row; "
                "choose another text"
            ),
        ),
        (
            "k8s-cni-show within-last soon",
            "k8s-cni-show: within-last: 'soon' is not a duration such as 30s, 5m or 1d2h",
        ),
        (
            "connection-show cur-state up",
            "connection-show: cur-state: 'up' is not one of syn, syn-ack, est, fin, rst, active",
        ),
        ("k8s-connection-create enable", "k8s-connection-create: cluster-name is required"),
        ("k8s-connection-create cluster-name a", "k8s-connection-create: kube-config is required"),
        ("k8s-connection-modify enable disable", "k8s-connection-modify: 'disable' contradicts 'enable'"),
        ("k8s-connection-modify enable enable", "k8s-connection-modify: enable is given twice"),
        (
            "k8s-connection-modify cluster-name a",
            (
                "k8s-connection-modify: give at least one of "
                "kube-config, enable, create-vport, overlay-vxlan-analytics, interface, vlan"
            ),
        ),
        (
            "k8s-connection-modify kube-config ~nobody-here/x",
            "k8s-connection-modify: kube-config: '~nobody-here/x' is not a path that can be followed from here",
        ),
        ("k8s-settings-modify max-connections 5000", "k8s-settings-modify: max-connections: '5000' is not 0..1000"),
        (
            "vport-show svc-name 'a",
            "unbalanced quotes: close every ' and \", or put a backslash before each",
        ),
    ],
)
def test_an_error_is_one_sentence_that_names_the_word(line: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(split(line))
    assert str(caught.value) == sentence


@pytest.mark.parametrize("word", ["\udcff", "a\0b"])
def test_words_that_nothing_can_carry(word: str) -> None:
    with pytest.raises(UsageError, match=r"UTF-8|NUL"):
        parse(["vport-show", "svc-name", word])


def test_all_subcommands_are_known_as_such() -> None:
    assert set(OUTSIDE) == {name for name in _COMMANDS if not name.startswith("-")}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "user-create name ann password correct horse-staple",
            "unknown option behind the value of password; a value with blanks needs quotes; see user-create ?",
        ),
        (
            "user-create name ann pasword horse-staple",
            "unknown option behind the value of name; did you mean 'password'?",
        ),
        (
            "user-create name ann password=horse-staple",
            "unknown option behind the value of name; did you mean 'password'?",
        ),
        (
            "user-modify horse-staple",
            "unknown option behind user-modify; a value with blanks needs quotes; see user-modify ?",
        ),
        (
            "user-create password horse-staple, rle read-only",
            "unknown option behind the value of password; did you mean 'role'?",
        ),
        (
            "user-modify name ann password 'horse-staple \udcff'",
            "a word is not UTF-8 text, or holds a NUL character",
        ),
    ],
)
def test_no_error_repeats_a_password(line: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(split(line))
    assert str(caught.value).endswith(sentence)
    assert "horse-staple" not in str(caught.value)


def test_a_whole_line_as_one_word_is_not_repeated() -> None:
    with pytest.raises(UsageError, match="a command has no blanks in its name; write its words apart"):
        parse(["user-create name ann password horse-staple", "x"])
