"""The command `podwire-lab`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from podwire_lab.demo import DEMO_PLANES, as_root, demo
from podwire_lab.errors import LabError
from podwire_lab.lab import ControlClient
from podwire_lab.namespaces import enter
from podwire_lab.objects.truth import PLANE_NAMES
from podwire_lab.state import DEFAULT_NAME, LabState, StateDir, default_dir, start_of
from podwire_lab.supervisor import LabSettings, Supervisor
from podwire_lab.traffic import SCENARIOS

_DOWN_SECONDS = 15.0
_DEFAULT_SECONDS = {"dropped": 3.5, "late": 0.5, "long": 600.0}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status is 0, or 1 with a sentence on stderr."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except LabError as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is the console
        return 1
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 1


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is the console


def _folder(options: argparse.Namespace) -> StateDir:
    return StateDir(Path(options.state_dir).absolute() if options.state_dir else default_dir(options.name))


def _control(options: argparse.Namespace) -> ControlClient:
    folder = _folder(options)
    folder.require()
    return ControlClient(folder.control)


def _up(options: argparse.Namespace) -> int:
    folder = _folder(options)
    if options.detach:
        return _detach(options, folder)

    async def serve() -> None:
        settings = LabSettings(
            options.name,
            options.plane,
            folder.path,
            options.bookmark_seconds,
            has_watch_list=not options.no_watch_list,
            has_system_pods=options.system_pods,
        )
        await Supervisor(settings).serve(lambda state: _announce(state, options), options.with_parent)

    asyncio.run(serve())
    return 0


def _announce(state: LabState, options: argparse.Namespace) -> None:
    _say(json.dumps(asdict(state)) if options.json else _page(state, options))


def _page(state: LabState, options: argparse.Namespace) -> str:
    chosen = f" --state-dir {state.state_dir}" if options.state_dir else ""
    chosen = f" --name {state.name}{chosen}" if state.name != DEFAULT_NAME else chosen
    return "\n".join(
        (
            f"The lab {state.name} is up with {state.plane}.",
            f"  mirror port   {state.mirror}, in the switch's namespace {state.switch_ns}",
            f"  kubeconfig    {state.kubeconfig} (token), {state.kubeconfig_cert} (certificate)",
            f"  administrator {state.kubeconfig_admin}",
            f"  API server    {state.server}, inside the switch's namespace and outside",
            f"  namespaces    {', '.join(state.namespaces)}",
            "",
            f"  podwire-lab exec{chosen} -- podwire serve --interface {state.mirror}",
            f"  podwire-lab traffic{chosen} --scenario short --count 3",
            f"  podwire-lab down{chosen}",
        )
    )


def _detach(options: argparse.Namespace, folder: StateDir) -> int:
    command = [sys.executable, "-m", "podwire_lab", "up", "--plane", options.plane, "--name", options.name, "--json"]
    command += ["--state-dir", str(folder.path), "--bookmark-seconds", str(options.bookmark_seconds)]
    command += ["--no-watch-list"] if options.no_watch_list else []
    command += ["--system-pods"] if options.system_pods else []
    with subprocess.Popen(  # noqa: S603 - this very package
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise LabError(process.communicate()[1].strip() or "The lab's process ended before it was up.")
        _announce(LabState(**json.loads(line)), options)
        # The lab goes on by itself: nothing here waits for it.
        process.returncode = 0
    return 0


def _down(options: argparse.Namespace) -> int:
    folder = _folder(options)
    state = folder.running()
    if state is None:
        folder.clean()
        return 0
    try:
        os.kill(state.pid, signal.SIGTERM)
        deadline = time.monotonic() + _DOWN_SECONDS
        while start_of(state.pid) == state.started and time.monotonic() < deadline:
            time.sleep(0.02)
        if start_of(state.pid) == state.started:
            os.kill(state.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    except PermissionError as error:
        raise LabError(f"The lab's process {state.pid} belongs to another user; end it as that user.") from error
    folder.clean()
    return 0


def _exec(options: argparse.Namespace) -> int:
    command = [part for part in options.command if part != "--"] if options.command[:1] == ["--"] else options.command
    if not command:
        raise LabError("Name a command: podwire-lab exec -- COMMAND …")
    found = _control(options).call("status")["namespaces"]
    if options.inside not in found:
        raise LabError(f"The lab has no {options.inside!r}; it has {', '.join(found)}.")
    enter(found[options.inside])
    try:
        os.execvp(command[0], command)  # noqa: S606 - the user's own command
    except OSError as error:
        raise LabError(f"{command[0]} cannot be run: {error.strerror}.") from error


def _traffic(options: argparse.Namespace) -> int:
    control = _control(options)
    if options.stop:
        _print_all(control.call("traffic-stop"))
        return 0
    for scenario in options.scenario or SCENARIOS:
        order: dict[str, Any] = {"count": options.count, "client": options.client, "server": options.server}
        order["seconds"] = _DEFAULT_SECONDS.get(scenario, 0.0) if options.seconds is None else options.seconds
        _print_all(control.call("traffic", scenario=scenario, size=options.size, **order))
    return 0


def _print_all(items: list[dict[str, Any]]) -> None:
    for item in items:
        _say(json.dumps(item))


def _change(options: argparse.Namespace) -> int:
    control = _control(options)
    what, value = options.what, options.value
    if what == "plane":
        control.call("plane", plane=value)
    elif what in {"vni", "port"}:
        if not value.isdigit():
            raise LabError(f"A {what} is a number, not {value!r}.")
        control.call("tune", **{what: int(value)})
    elif what == "pod-add":
        spec = {"nodeName": options.node} if options.node else {}
        labels = {"app": "hello-world"}
        body = {"metadata": {"name": value, "labels": labels}, "spec": spec}
        control.call("object", verb="create", kind="Pod", namespace="default", body=body)
    else:
        control.call("object", verb="delete", kind="Pod", namespace="default", name=value)
    return 0


def _fault(options: argparse.Namespace) -> int:
    control = _control(options)
    if options.what == "clear":
        control.call("faults-clear")
    elif options.what in {"down", "up", "drop-streams", "compact"}:
        control.call("api", do=options.what)
    elif options.what == "hang":
        control.call("fault", hang=True, resource=options.resource, verb=options.verb, times=options.times)
    elif options.what.isdigit():
        fault = {"code": int(options.what), "resource": options.resource, "verb": options.verb}
        control.call("fault", times=options.times, **fault)
    else:
        raise LabError(
            f"There is no fault {options.what!r}: give a status code, hang, down, up, drop-streams, compact or clear."
        )
    return 0


def _demo(options: argparse.Namespace) -> int:
    podwire = shutil.which(options.podwire)
    if podwire is None:
        raise LabError(f"{options.podwire} cannot be found; name it with --podwire, or build it first.")
    podwire = str(Path(podwire).absolute())
    planes = options.plane or DEMO_PLANES
    as_root(["demo", "--podwire", podwire, *(word for plane in planes for word in ("--plane", plane))])
    for plane in planes:
        demo(podwire, plane)
    return 0


def _status(options: argparse.Namespace) -> int:
    _say(json.dumps(_control(options).call("status"), indent=2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="podwire-lab",
        description="A small cluster's network, with a mirror port and an API server, to try podwire on.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--name", default=DEFAULT_NAME, help="which lab, where there is more than one (default: %(default)s)"
    )
    common.add_argument("--state-dir", help="the lab's folder (default: podwire-lab/NAME under /run or the like)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, parents=[common], help=text, description=text)
        command.set_defaults(run=run)
        return command

    _add_up(add("up", _up, "Bring a lab up and stay until Ctrl-C, or return at once with --detach."))
    add("down", _down, "End a lab: its processes, namespaces and files. Ending none is no error.")
    add("status", _status, "Print a running lab's state as JSON.")
    inside = add("exec", _exec, "Run a command in the switch's namespace, or in a node's or Pod's.")
    inside.add_argument("--in", dest="inside", default="switch", metavar="WHERE", help="switch, server1, pod-A, …")
    inside.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    _add_traffic(add("traffic", _traffic, "Make TCP traffic between Pods; prints what each client saw, a line each."))
    change = add("change", _change, "Change the cluster while it runs.")
    change.add_argument("what", choices=("plane", "vni", "port", "pod-add", "pod-delete"))
    change.add_argument("value", help="the new plane, number, or the Pod's name")
    change.add_argument("--node", help="pod-add: the node to put it on (default: the one with fewer Pods)")
    show = add("demo", _demo, "Show podwire's tables on live packets: a lab, its traffic, and podwire reading it.")
    show.add_argument("--podwire", default="podwire", help="the podwire command to run (default: %(default)s)")
    show.add_argument(
        "--plane", action="append", choices=PLANE_NAMES, help=f"may be repeated (default: {', '.join(DEMO_PLANES)})"
    )
    fault = add("fault", _fault, "Make the API server fail.")
    fault.add_argument("what", help="401, 403, 410, 429, 5xx, hang, down, up, drop-streams, compact, clear")
    fault.add_argument("--resource", default="*", help="pods, ippools.crd.projectcalico.org, … (default: all)")
    fault.add_argument("--verb", default="*", help="get, list, watch, … (default: all)")
    fault.add_argument("--times", type=int, help="how many requests it meets (default: until cleared)")
    return parser


def _add_up(up: argparse.ArgumentParser) -> None:
    up.add_argument(
        "--plane", choices=PLANE_NAMES, default=PLANE_NAMES[0], help="the CNI data plane (default: %(default)s)"
    )
    up.add_argument("--detach", action="store_true", help="return once the lab is up; end it with `podwire-lab down`")
    up.add_argument("--json", action="store_true", help="tell where everything is as one line of JSON")
    up.add_argument("--bookmark-seconds", type=float, default=60.0, help="time between a watch's bookmarks")
    up.add_argument("--no-watch-list", action="store_true", help="refuse sendInitialEvents, as older servers do")
    up.add_argument("--system-pods", action="store_true", help="the plugin's DaemonSet has Pods too, one a node")
    up.add_argument("--with-parent", action="store_true", help=argparse.SUPPRESS)


def _add_traffic(traffic: argparse.ArgumentParser) -> None:
    traffic.add_argument("--scenario", action="append", choices=SCENARIOS, help="may be repeated (default: all)")
    traffic.add_argument("--count", type=int, default=1, help="connections a scenario")
    traffic.add_argument("--client", default="pod-B")
    traffic.add_argument("--server", default="pod-A")
    traffic.add_argument("--size", type=int, default=0, help="bytes in each request's body")
    traffic.add_argument(
        "--seconds", type=float, help="dropped: how long to wait; late: how long SYNs are lost; long: life"
    )
    traffic.add_argument("--stop", action="store_true", help="end the long-lived connections and print their counts")
