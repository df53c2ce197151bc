"""Captures to measure with: made once by `bench/traffic`, kept in `build/bench`, and made again when it changes."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parent / "build" / "bench"


@dataclass(frozen=True, slots=True)
class Made:
    """A capture, and what is in it."""

    path: Path
    packets: int
    connections: int
    repeated: int
    """Packets that repeat what the capture has shown before."""

    @property
    def name(self) -> str:
        """The path, as a command takes it."""
        return str(self.path)


def traffic() -> Path:
    """Build the generator, if it has changed, and return its path. Needs cargo."""
    return _built("traffic")


def stages() -> Path:
    """Build the packet core without Python, if it has changed, and return its path. Needs cargo."""
    return _built("stages")


def _built(crate: str) -> Path:
    command = ["cargo", "build", "--release", "--quiet", "--locked"]
    command += ["--manifest-path", str(HERE / crate / "Cargo.toml"), "--target-dir", str(CACHE / "target")]
    subprocess.run(command, check=True)  # noqa: S603
    return CACHE / "target" / "release" / crate


def yardstick() -> Path:
    """Build the yardstick, if it has changed, and return its path. Needs a C compiler."""
    source, program = HERE / "yardstick" / "yardstick.c", CACHE / "yardstick"
    CACHE.mkdir(parents=True, exist_ok=True)
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        command = ["cc", "-O3", "-march=native", "-Wall", "-Wextra", "-o", str(program), str(source)]
        subprocess.run(command, check=True)  # noqa: S603
    return program


def make(*words: str, folder: Path = CACHE) -> Made:
    """Make the capture that the generator's options ask for, or take the one that is there; read it once."""
    folder.mkdir(parents=True, exist_ok=True)
    _drop_outdated(folder)
    digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16]
    path, sums = folder / f"{digest}.pcap", folder / f"{digest}.json"
    if not (path.exists() and sums.exists()):
        unfinished = path.with_suffix(".unfinished")
        made = subprocess.run([traffic(), "write", *words, unfinished], check=True, capture_output=True)  # noqa: S603
        unfinished.rename(path)
        sums.write_bytes(made.stdout)
    _touch(path)
    facts = json.loads(sums.read_bytes())
    return Made(path, facts["packets"], facts["connections"], facts["repeated"])


def forget(made: Sequence[Made]) -> None:
    """Remove captures that are too large to keep."""
    for each in made:
        each.path.unlink()
        each.path.with_suffix(".json").unlink()


def _sources() -> str:
    whole = hashlib.sha256()
    for path in sorted((HERE / "traffic").glob("src/**/*.rs")):
        whole.update(path.read_bytes())
    return whole.hexdigest()


def _drop_outdated(folder: Path) -> None:
    """Remove the captures that another version of the generator made."""
    maker, sources = folder / "generator", _sources()
    if maker.exists() and maker.read_text(encoding="ascii") == sources:
        return
    for old in (*folder.glob("*.pcap"), *folder.glob("*.json"), *folder.glob("*.unfinished")):
        old.unlink()
    maker.write_text(sources, encoding="ascii")


def _touch(path: Path) -> None:
    """Bring a file into the page cache."""
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 22):
            pass
