"""A second cluster with the Pod addresses of the lab's own, as objects only: python other_cluster.py FOLDER PLANE.

Serves until its input ends; FOLDER gets the kubeconfigs.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from podwire_lab.apiserver.alone import standalone
from podwire_lab.objects.cluster import all_objects
from podwire_lab.objects.truth import Cluster, Node, Pod, plane_named

NODES = (Node("other1", 3), Node("other2", 4))
PODS = (Pod("other-A", "other2", "10.10.2.1"), Pod("other-B", "other1", "10.10.1.1"))


async def serve(folder: Path, plane: str) -> None:
    async with standalone(folder) as api:
        api.store.load(all_objects(Cluster(plane_named(plane), NODES, PODS)))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


asyncio.run(serve(Path(sys.argv[1]), sys.argv[2]))
