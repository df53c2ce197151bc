"""A real REST server on a unix socket over tables that were filled beforehand: python -m bench.switch SOCKET PODS."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from podwire.api.application import make_application
from podwire.api.server import ApiServer
from podwire.capture import Capture
from podwire.commands.dispatch import Commands
from podwire.commands.switch_info import SwitchFacts, SwitchInfoHandler
from podwire.commands.vport import VPortHandler
from podwire.engine.parts import Parts
from podwire.model.pods import Pod
from podwire.support.clock import SystemClock

CLUSTER = "pluribus"


def make_pods(count: int) -> list[Pod]:
    """Make Pods as a Deployment does, spread over nodes of 110 Pods."""
    labels = (("app", "hello-world"), ("pod-template-hash", "6fdd7d45bc"))
    return [
        Pod(
            uid=f"0b8a7e52-0000-4000-8000-{index:012d}",
            namespace=f"team-{index % 40}",
            name=f"hello-world-6fdd7d45bc-{index:05d}",
            node=f"worker-{index // 110}",
            phase="Running",
            power="Running",
            ips=(f"10.{index >> 16}.{index >> 8 & 255}.{index & 255}",),
            labels=labels,
            created_ns=1_700_000_000_000_000_000 + index,
        )
        for index in range(count)
    ]


async def serve(socket: Path, pods: int) -> None:
    """Serve until SIGTERM; says `ready` when it answers."""
    clock = SystemClock()
    capture = Capture(mode="full", max_memory_bytes=1 << 24)
    parts = Parts(capture=capture, clock=clock)
    parts.vports.replace(CLUSTER, make_pods(pods))
    facts = SwitchFacts("switch", "0", clock.now_ns(), "")
    vports = VPortHandler(None, parts, switch_name="switch")
    server = ApiServer(
        make_application(Commands([SwitchInfoHandler(facts, clock=clock), vports], clock=clock), version="0"),
        path=socket,
    )
    server.open()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await server.run()
    server.close()
    capture.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
