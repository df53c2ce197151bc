"""The measurements as modules, and the generator, built once."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def bench() -> Iterator[Callable[[str], ModuleType]]:
    """Import a module of `bench`, which is a folder of the checkout and no part of the package."""
    sys.path.insert(0, str(ROOT))
    yield lambda name: importlib.import_module(f"bench.{name}")
    sys.path.remove(str(ROOT))


@pytest.fixture(scope="session")
def make(bench: Callable[[str], ModuleType], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """Make a small capture with the generator's options."""
    if shutil.which("cargo") is None:
        pytest.skip("cargo is not installed")
    captures = bench("captures")
    folder = tmp_path_factory.mktemp("captures")
    return lambda *words: captures.make(*words, folder=folder)
