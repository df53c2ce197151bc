"""One list of all Pods, read by podwire or by a client library: python -m bench.kube_lists READER KUBECONFIG.

Prints the Pods that it has at the end, the seconds from the first request to the last record, and its memory.
"""

from __future__ import annotations

import asyncio
import importlib
import resource
import sys
import time
from typing import Any

PAGE = 500


async def by_podwire(kubeconfig: str) -> int:
    """Read them as the daemon does."""
    from podwire.kube.client import ApiClient  # noqa: PLC0415 - each reader loads only its own libraries
    from podwire.kube.feeds import Listener, pod_feed  # noqa: PLC0415
    from podwire.kube.follow import Follower  # noqa: PLC0415
    from podwire.kube.kubeconfig import KubeconfigSource, load_access  # noqa: PLC0415
    from podwire.settings.kube import KubeSettings  # noqa: PLC0415
    from podwire.support.clock import SystemClock  # noqa: PLC0415

    class Deaf(Listener[Any]):
        def replaced(self, records: dict[str, Any]) -> None:
            pass

        def phase_changed(self) -> None:
            pass

    settings = KubeSettings()
    follower = Follower(pod_feed(), listener=Deaf(), settings=settings, clock=SystemClock())  # type: ignore[abstract]
    async with ApiClient(await load_access(KubeconfigSource(kubeconfig), settings), settings) as client:
        await follower.list_once(client)
    return len(follower.records)


async def by_asynchronous_client(kubeconfig: str) -> int:
    """Read them with kubernetes_asyncio, whose typed models are generated like those of the official client."""
    config = importlib.import_module("kubernetes_asyncio.config")
    library = importlib.import_module("kubernetes_asyncio.client")
    await config.load_kube_config(kubeconfig)
    pods: list[Any] = []
    async with library.ApiClient() as api:
        core, more = library.CoreV1Api(api), None
        while True:
            page = await core.list_pod_for_all_namespaces(limit=PAGE, _continue=more)
            pods += page.items
            more = page.metadata._continue  # noqa: SLF001 - so the generated model calls it
            if not more:
                return len(pods)


def by_official_client(kubeconfig: str) -> int:
    """Read them with the official client's typed models, in pages, as its documentation advises."""
    library = importlib.import_module("kubernetes")
    library.config.load_kube_config(kubeconfig)
    core, pods, more = library.client.CoreV1Api(), [], None
    while True:
        page = core.list_pod_for_all_namespaces(limit=PAGE, _continue=more)
        pods += page.items
        more = page.metadata._continue  # noqa: SLF001
        if not more:
            return len(pods)


def main(words: list[str]) -> None:
    """Read the list once and print what it took."""
    reader, kubeconfig = words
    started, before = time.perf_counter(), time.process_time()
    if reader == "podwire":
        count = asyncio.run(by_podwire(kubeconfig))
    elif reader == "kubernetes":
        count = by_official_client(kubeconfig)
    else:
        count = asyncio.run(by_asynchronous_client(kubeconfig))
    seconds, cpu = time.perf_counter() - started, time.process_time() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    sys.stdout.write(f"pods={count} seconds={seconds:.3f} cpu={cpu:.3f} peak={peak}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
