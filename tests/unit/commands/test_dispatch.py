"""What comes from outside is checked against the catalog before a handler sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podwire.catalog.k8s_connection import K8S_CONNECTION
from podwire.catalog.k8s_settings import K8S_SETTINGS
from podwire.catalog.vport import VPORT
from podwire.commands.answer import Answer
from podwire.commands.dispatch import Commands, check_values
from podwire.commands.handlers import Values
from podwire.commands.query import Query
from podwire.support.clock import FixedClock
from podwire.support.errors import NotFoundError, PodwireError, UsageError

CREATE = K8S_CONNECTION.verb("create")
MODIFY = K8S_SETTINGS.verb("modify")
assert CREATE is not None
assert MODIFY is not None
GOOD = {"cluster-name": "pluribus", "kube-config": "/root/.kube/config"}


def test_values_come_through_typed() -> None:
    assert CREATE is not None
    assert check_values(K8S_CONNECTION, CREATE, GOOD | {"enable": "enable", "create-vport": True}) == GOOD | {
        "enable": True,
        "create-vport": True,
    }


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"cluster-name": "x"}, "k8s-connection-create: kube-config is required"),
        (GOOD | {"cluster-nam": "x"}, "unknown option 'cluster-nam'"),
        (GOOD | {"enable": "maybe"}, "enable is enable or disable"),
        (GOOD | {"cluster-name": ""}, "cluster-name must not be empty"),
        (GOOD | {"cluster-name": ["x"]}, "cluster-name takes cluster-name-string"),
        (GOOD | {"cluster-name": "a\nb"}, "cluster-name"),
    ],
)
def test_what_does_not_fit_is_one_sentence(values: dict[str, Any], fault: str) -> None:
    assert CREATE is not None
    with pytest.raises(UsageError, match=fault):
        check_values(K8S_CONNECTION, CREATE, values)


@pytest.mark.parametrize("given", ["any", ""])
def test_a_list_may_be_left_open_again(given: str) -> None:
    assert CREATE is not None
    checked = check_values(K8S_CONNECTION, CREATE, GOOD | {"interface": given, "vlan": given})
    assert (checked["interface"], checked["vlan"]) == ("", "")


def test_a_change_must_change_something() -> None:
    assert MODIFY is not None
    with pytest.raises(UsageError, match="give at least one of max-connections, max-overlay-connections"):
        check_values(K8S_SETTINGS, MODIFY, {})
    with pytest.raises(UsageError, match="'1001' is not a number from 0 to 1000"):
        check_values(K8S_SETTINGS, MODIFY, {"max-connections": 1001})


class Recording:
    """A handler that remembers what it was given."""

    noun = K8S_CONNECTION

    def __init__(self) -> None:
        self.acts: list[tuple[str, dict[str, Any]]] = []

    async def show(self, query: Query) -> Answer:
        return Answer(columns=[column.name for column in query.columns])

    async def act(self, verb: str, values: Values) -> Sequence[str]:
        self.acts.append((verb, dict(values)))
        return ("noted",)


async def test_a_verb_reaches_its_handler() -> None:
    handler = Recording()
    commands = Commands([handler], clock=FixedClock(0))
    assert (await commands.act(K8S_CONNECTION, "create", GOOD)).notes == ["noted"]
    assert handler.acts == [("create", GOOD)]
    assert (await commands.show(K8S_CONNECTION, [("format", "state")])).columns == ["state"]


async def test_what_is_not_there_is_told() -> None:
    commands = Commands([], clock=FixedClock(0))
    with pytest.raises(NotFoundError, match="needs the daemon"):
        await commands.show(VPORT, [])
    with pytest.raises(NotFoundError, match="There is no vport-create"):
        await commands.act(VPORT, "create", {})


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())))
def test_no_values_raise_anything_but_a_sentence(values: dict[str, Any]) -> None:
    assert CREATE is not None
    try:
        check_values(K8S_CONNECTION, CREATE, GOOD | values)
    except PodwireError as error:
        assert str(error)
