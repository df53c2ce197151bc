"""Reads the cases of this room with the reader that `podwire k8s-check --objects` uses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from podwire.kube.offline import load_objects
from podwire.model.evidence import Evidence


@pytest.fixture(scope="session")
def load_evidence() -> Callable[..., Evidence]:
    """Reads files of Kubernetes objects into Evidence."""

    def load(*paths: Path) -> Evidence:
        _, evidence = load_objects(paths)
        return evidence

    return load
