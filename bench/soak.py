"""A soak of the names: Pods come and go in a lab, its API server fails, and every connection is held against the truth.

python -m bench.soak --minutes 5 (needs root). Addresses are handed from Pod to Pod within moments; Pods are removed
gracefully and by force; the API server goes down, cuts its watches, forgets its history and answers with errors. What
each client did is what the lab says; a row of podwire may have that Pod's name or none.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.run import PODWIRE
from podwire_lab import Lab
from podwire_lab.errors import LabError
from podwire_lab.traffic import Outcome

FIXED = ("pod-A", "pod-B")
"""Pods that stay."""
MOST_PODS = 10
"""Pods that come and go at a time: few, so that addresses are used again soon."""
WARMING_SECONDS = 10.0
"""Memory is compared from then on."""
PLANE = "flannel-vxlan"
_RECORDING_SECONDS = 3.0
"""By then, every ended connection is in the history."""
_PAST = "within-last 12h transition-state ended"
"""Time options ask the history too."""

Row = dict[str, Any]
Key = tuple[str, int, str, int]


@dataclass
class Result:
    """What a soak came to."""

    connections: int = 0
    named: int = 0
    """Sides of connections that have their Pod's name."""
    unnamed: Counter[str] = field(default_factory=Counter)
    """By reason."""
    recorded: int = 0
    """Connections of which history has a record, and sides of them that are named there."""
    recorded_named: int = 0
    recorded_unnamed: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    pods: int = 0
    faults: int = 0
    resident_bytes: list[int] = field(default_factory=list)
    """Memory of the daemon, once a look, from when it had warmed up."""


class Switch:
    """A podwire daemon on the lab's mirror."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._socket = folder / "podwire.sock"
        words = [
            "serve",
            "--interface",
            lab.mirror,
            "--socket",
            str(self._socket),
            "--state-dir",
            str(folder / "state"),
        ]
        self._log = (folder / "serve.log").open("wb")
        self.process = lab.run_in_switch([PODWIRE, *words], stdout=self._log, stderr=self._log)
        until(lambda: self.ask("switch-info-show").returncode == 0)
        self.must(f"k8s-connection-create cluster-name k kube-config {lab.kubeconfig} enable overlay-vxlan-analytics")
        self.must("connection-stats-settings-modify enable")
        until(lambda: self.rows("k8s-connection-show")[0]["state"] == "connected")

    def ask(self, command: str) -> subprocess.CompletedProcess[str]:
        words = [PODWIRE, "cli", "--socket", str(self._socket), *command.split()]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603

    def must(self, command: str) -> str:
        done = self.ask(command)
        if done.returncode:
            raise LabError(done.stderr.strip())
        return done.stdout

    def rows(self, command: str) -> list[Row]:
        return [json.loads(line) for line in self.must(f"{command} --json").splitlines()]

    def resident_bytes(self) -> int:
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in text.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self._log.close()


class Churn:
    """Pods that come and go, and an API server that fails."""

    def __init__(self, lab: Lab, chance: random.Random) -> None:
        self._lab = lab
        self._chance = chance
        self.live: list[str] = []
        self.made = 0
        self.faults = 0

    def step(self) -> None:
        """Do one thing."""
        word = self._chance.choices(("create", "delete", "force", "fault"), (10, 5, 3, 2))[0]
        with contextlib.suppress(LabError):
            if word == "fault":
                self._fail()
            elif word == "create" or not self.live:
                self._create()
            else:
                name = self.live.pop(self._chance.randrange(len(self.live)))
                self._lab.api.delete("Pod", name, grace=0 if word == "force" else None, namespace="default")

    def _create(self) -> None:
        if len(self.live) >= MOST_PODS:
            return
        name = f"web-{self.made}"
        self.made += 1
        node = self._chance.choice(("server1", "server2"))
        body = {"metadata": {"name": name}, "spec": {"nodeName": node}}
        self._lab.api.create("Pod", body, namespace="default")
        self.live.append(name)

    def _fail(self) -> None:
        self.faults += 1
        api = self._lab.api
        word = self._chance.choice(("down", "streams", "forget", "errors"))
        if word == "down":
            api.down()
            self._away()
            api.up()
        elif word == "streams":
            api.drop_streams()
        elif word == "forget":
            # Nothing tells any more what happened in between: only a new list does.
            api.down()
            self._away()
            api.compact()
            api.up()
        else:
            api.fault(self._chance.choice((429, 500, 503, 410)), resource="pods", times=2)
            api.drop_streams()

    def _away(self) -> None:
        for _ in range(self._chance.randrange(1, 6)):
            self.step_quietly()
            time.sleep(self._chance.uniform(0.05, 0.4))

    def step_quietly(self) -> None:
        """Let a Pod come or go while nobody is told."""
        with contextlib.suppress(LabError):
            if self.live and self._chance.random() < 0.6:
                name = self.live.pop(self._chance.randrange(len(self.live)))
                grace = self._chance.choice((0, None))
                self._lab.api.delete("Pod", name, grace=grace, namespace="default")
            else:
                self._create()


class Soak:
    """One run."""

    def __init__(self, lab: Lab, switch: Switch, seed: int) -> None:
        self._lab = lab
        self._switch = switch
        self._churn = Churn(lab, random.Random(seed))  # noqa: S311 - a test's chance
        self._chance = random.Random(seed + 1)  # noqa: S311
        self._truth: dict[Key, Outcome | None] = {}
        """None where the same ends talked twice."""
        self._ending = threading.Event()
        self.result = Result()

    def run(self, seconds: float) -> Result:
        """Let it all happen for so long, look again and again, and once more when all has settled."""
        workers = [threading.Thread(target=self._repeat, args=(do,)) for do in (self._change, self._talk, self._talk)]
        for worker in workers:
            worker.start()
        started = time.monotonic()
        try:
            while (left := started + seconds - time.monotonic()) > 0:
                time.sleep(min(left, 2.0))
                self._look()
                if time.monotonic() - started > min(WARMING_SECONDS, seconds / 2):
                    self.result.resident_bytes.append(self._switch.resident_bytes())
        finally:
            self._ending.set()
            for worker in workers:
                worker.join()
        self._lab.api.clear_faults()
        until(lambda: self._switch.rows("k8s-connection-show")[0]["state"] == "connected")
        time.sleep(1.5)
        self.result.named, self.result.unnamed = 0, Counter()
        self.result.connections = self._look()
        named, unnamed = self.result.named, self.result.unnamed
        # What history kept was judged once, when the connections had ended; what the table has still, is asked there.
        time.sleep(_RECORDING_SECONDS)
        self._switch.must("connection-clear")
        self.result.recorded = self._look(_PAST)
        self.result.recorded_named, self.result.recorded_unnamed = self.result.named, self.result.unnamed
        self.result.named, self.result.unnamed = named, unnamed
        self.result.pods, self.result.faults = self._churn.made, self._churn.faults
        return self.result

    def _repeat(self, do: Callable[[], None]) -> None:
        while not self._ending.is_set():
            do()

    def _change(self) -> None:
        self._churn.step()
        self._ending.wait(self._chance.uniform(0.05, 0.5))

    def _talk(self) -> None:
        names = list(self._churn.live)
        if not names:
            self._ending.wait(0.1)
            return
        pair = [self._chance.choice(names), self._chance.choice(FIXED)]
        self._chance.shuffle(pair)
        try:
            for outcome in self._lab.traffic.short(self._chance.randrange(1, 4), client=pair[0], server=pair[1]):
                key = (outcome.src_ip, outcome.src_port, outcome.dst_ip, outcome.dst_port)
                self._truth[key] = None if key in self._truth else outcome
        except (LabError, OSError):
            # The Pod is not there yet, or not any more.
            self._ending.wait(0.05)

    def _look(self, when: str = "") -> int:
        """Hold every row against the truth; return how many there were to hold."""
        named, unnamed, count = 0, Counter[str](), 0
        columns = "src-ip,src-port,dst-ip,dst-port,src-pod,dst-pod,reason"
        for row in self._switch.rows(f"connection-show {when} format {columns} limit-output 200000"):
            outcome = self._truth.get((row["src-ip"], row["src-port"], row["dst-ip"], row["dst-port"]))
            if outcome is None:
                continue
            count += 1
            for side, true in (("src", outcome.client), ("dst", outcome.server)):
                if row[f"{side}-pod"] is None:
                    unnamed[_kind_of(row["reason"], side)] += 1
                elif row[f"{side}-pod"] == true:
                    named += 1
                else:
                    self.result.wrong.append(f"{outcome.src_ip}:{outcome.src_port} {side}: {row}, but it was {true}")
        self.result.named, self.result.unnamed = named, unnamed
        return count


def _kind_of(reason: str | None, side: str) -> str:
    """Return the reason of one side without its times."""
    texts = [text.removeprefix(f"{side}: ") for text in (reason or "").split("; ") if text.startswith(side)]
    words = " ".join(texts).split()
    return " ".join(word for word in words if not any(each.isdigit() for each in word)) or "no reason"


def until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until it is so. Raises LabError where it does not come about."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            msg = "What was waited for did not come about."
            raise LabError(msg)
        time.sleep(0.2)


@contextlib.contextmanager
def _everything() -> Iterator[tuple[Lab, Switch]]:
    with tempfile.TemporaryDirectory(prefix="podwire-soak-") as folder, Lab(PLANE) as lab:
        switch = Switch(lab, Path(folder))
        try:
            yield lab, switch
        finally:
            switch.stop()


def soak(seconds: float, seed: int) -> Result:
    """Run one soak."""
    with _everything() as (lab, switch):
        return Soak(lab, switch, seed).run(seconds)


def main(words: list[str]) -> int:
    """Run a soak and print what it came to; 1 where a connection had a wrong name, or memory grew."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="Hold every name against the truth.")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(words)
    result = soak(given.minutes * 60, given.seed)
    steps = result.resident_bytes[:: max(1, len(result.resident_bytes) // 4)]
    memory = "..".join(f"{each / 1e6:.0f}" for each in [*steps, result.resident_bytes[-1]])
    sys.stdout.write(
        f"connections={result.connections} pods={result.pods} faults={result.faults} named={result.named} "
        f"recorded={result.recorded} recorded-named={result.recorded_named} wrong={len(result.wrong)} "
        f"resident={memory}MB\n"
    )
    for kind, reasons in (("unnamed", result.unnamed), ("recorded-unnamed", result.recorded_unnamed)):
        for reason, count in reasons.most_common():
            sys.stdout.write(f"{kind}={count}: {reason}\n")
    for text in result.wrong[:20]:
        sys.stdout.write(f"WRONG {text}\n")
    return 1 if result.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
