"""Asks every CNI detector: podwire's own, and those that installed packages offer as entry points of `podwire.cni`.

A detector is `detect(evidence: podwire.model.evidence.Evidence) -> podwire.model.findings.CniFinding | None`. One that
cannot be loaded, raises or answers something else is left out and named; the others go on.
"""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Iterable
from functools import cache
from typing import Any, cast

import msgspec

from podwire import cni
from podwire.cni import Detector
from podwire.cni.reading import plain
from podwire.model.evidence import Evidence
from podwire.model.findings import CniFinding

GROUP = "podwire.cni"

_log = logging.getLogger(__name__)


class GuardedDetector:
    """A detector of somebody else's: whatever it does, it answers a finding or None."""

    def __init__(self, name: str, detect: Any) -> None:
        self.name = plain(name)
        self.fault = ""
        """What is wrong with it, in one sentence; empty while it works."""
        self._detect = detect

    def __call__(self, evidence: Evidence) -> CniFinding | None:
        # It is somebody else's code: no exception of it may get further.
        try:
            found = self._detect(evidence)
        except Exception as error:
            self._broken(f"raises {type(error).__name__}: {error}")
            return None
        if found is not None and not _is_finding(found):
            self._broken(f"answers a {type(found).__name__} where a whole CniFinding is expected")
            return None
        self.fault = ""
        return cast("CniFinding | None", found)

    def _broken(self, text: str) -> None:
        fault = plain(f"The CNI detector {self.name} {text}; it is left out.")
        if fault != self.fault:
            _log.warning("%s", fault)
        self.fault = fault


def _is_finding(found: object) -> bool:
    """Whether every field is of its type: a struct of Python's checks none of them when it is made."""
    try:
        msgspec.convert(msgspec.to_builtins(found), CniFinding)
    except (msgspec.ValidationError, TypeError, ValueError):
        return False
    return isinstance(found, CniFinding)


def load(points: Iterable[importlib.metadata.EntryPoint]) -> tuple[GuardedDetector, ...]:
    """Load the detectors behind entry points; one that cannot be loaded tells so when it is asked."""
    loaded = []
    for point in sorted(points, key=lambda each: each.name):
        try:
            detect = point.load()
        except Exception as error:
            detect = _failing(error)
        loaded.append(GuardedDetector(point.name, detect))
    return tuple(loaded)


def _failing(error: Exception) -> Detector:
    def detect(_evidence: Evidence) -> CniFinding | None:
        raise error

    return detect


@cache
def installed() -> tuple[GuardedDetector, ...]:
    """Return the detectors of installed packages, loaded once."""
    return load(importlib.metadata.entry_points(group=GROUP))


def judge(evidence: Evidence) -> tuple[CniFinding, ...]:
    """Return what the cluster runs, surest first, by all detectors."""
    return cni.judge(evidence, (*cni.DETECTORS, *installed()))


def faults() -> str:
    """Say which detectors of installed packages do not work; empty where all do."""
    return " ".join(each.fault for each in installed() if each.fault)
