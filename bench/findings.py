"""How soon a finding follows a change of a cluster's network: python -m bench.findings --times 20 (needs root).

A lab's API server is told of another VNI, and of another plugin; the clock runs from there until `podwire cli
k8s-cni-show`, asked again and again, shows it. The start of that process is in the figure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import table
from bench.soak import Switch
from podwire_lab import Lab

_PLANES = ("calico-vxlan", "flannel-vxlan")
_MOST_SECONDS = 30.0


def main(times: int) -> None:
    """Print the table."""
    with Lab(_PLANES[1]) as lab, tempfile.TemporaryDirectory() as folder:
        switch = Switch(lab, Path(folder))
        try:
            settings = [
                _seconds(partial(_set_vni, lab, vni), partial(_shows, switch, "vxlan", vni))
                for vni in range(2, 2 + times)
            ]
            plugins = [_replaced(lab, switch, _PLANES[at % 2]) for at in range(times)]
        finally:
            switch.stop()
    table.heading(f"From a change in the API to k8s-cni-show that tells it, {times} times each, seconds")
    named = (("another VNI in a ConfigMap", settings), ("another plugin, all its objects", plugins))
    rows = [(name, f"{statistics.median(each):.2f}", f"{max(each):.2f}") for name, each in named]
    table.show(("", "median", "most"), rows)


def _replaced(lab: Lab, switch: Switch, plane: str) -> float:
    plugin = plane.partition("-")[0]
    return _seconds(partial(lab.change_plane, plane), partial(_shows, switch, "cni-plugin", plugin))


def _set_vni(lab: Lab, vni: int) -> None:
    where = "kube-flannel"
    config = lab.api.get("ConfigMap", "kube-flannel-cfg", namespace=where)
    network = json.loads(config["data"]["net-conf.json"])
    network["Backend"]["VNI"] = vni
    lab.api.patch("ConfigMap", "kube-flannel-cfg", {"data": {"net-conf.json": json.dumps(network)}}, namespace=where)


def _shows(switch: Switch, column: str, value: object) -> bool:
    return [row[column] for row in switch.rows("k8s-cni-show")] == [value]


def _seconds(change: Callable[[], None], is_shown: Callable[[], bool]) -> float:
    """Return the time from the end of a change to the answer that shows it."""
    change()
    begun = time.perf_counter()
    while not is_shown():
        if time.perf_counter() - begun > _MOST_SECONDS:
            msg = f"A change was not shown within {_MOST_SECONDS} s."
            raise TimeoutError(msg)
    return time.perf_counter() - begun


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.findings", description="Measure how soon findings follow.")
    parser.add_argument("--times", type=int, default=20, help="changes of each kind (default: %(default)s)")
    main(parser.parse_args().times)
