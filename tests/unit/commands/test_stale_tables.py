"""A table of a cluster that is not heard says of when its rows are."""

from __future__ import annotations

from typing import cast

from podwire.capture import Capture
from podwire.catalog.vport import VPORT
from podwire.commands.dispatch import Commands
from podwire.commands.vport import VPortHandler
from podwire.engine.parts import Parts
from podwire.model.pods import Pod
from podwire.support.clock import FixedClock

NOW_NS = 1_767_268_809_000_000_000


async def test_rows_of_a_silent_cluster_are_told_to_be_of_then() -> None:
    parts = Parts(capture=cast("Capture", None), clock=FixedClock(NOW_NS))
    parts.clusters.number("prod")
    web = Pod(uid="u", namespace="shop", name="web", node="n1", phase="Running", ips=("10.0.0.1",))
    parts.vports.replace("prod", [web])
    commands = Commands([VPortHandler(None, parts, switch_name="switch")], clock=parts.clock)
    status = parts.clusters.status("prod")
    status.state, status.contact_ns = "connected", NOW_NS
    answer = await commands.show(VPORT, [])
    assert (len(answer.as_rows()), list(answer.notes)) == (1, [])
    status.state = "unreachable"
    (note,) = (await commands.show(VPORT, [])).notes
    assert note.startswith("prod has told nothing since 20")
    assert note.endswith("its rows are of then; k8s-connection-show tells why.")
