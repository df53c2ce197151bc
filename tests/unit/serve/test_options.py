"""What `podwire serve` is told: on its command line, and in its configuration file."""

from __future__ import annotations

from pathlib import Path
from typing import get_type_hints

import pytest

from podwire.serve import EXPECTED, run_serve
from podwire.settings.serve import ServeSettings
from podwire.support.errors import UsageError


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--ssh", "99999"], "--ssh is a port from 1 to 65535, or 0 for none."),
        (["--ssh=-1"], "--ssh is a port from 1 to 65535, or 0 for none."),
        (["--threads", "0"], "--threads is a number from 1 to 64."),
        (["--interface", "eth0", "--interface", "\udcff"], "'\udcff' is not UTF-8 text"),
    ],
)
def test_an_option_that_does_not_fit_is_one_sentence(words: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        run_serve(words)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('interface = "eth1"', "'interface' is no setting; did you mean 'interfaces'?"),
        ("colour = 7", "'colour' is no setting; there are connection-max-memory, "),
        ('interfaces = "eth1"', 'interfaces is a list such as ["eth1", "eth2"].'),
        ("interfaces = [1]", 'interfaces is a list such as ["eth1", "eth2"].'),
        ("native-vlan = 4096", "native-vlan is a VLAN from 0 to 4095."),
        ('mode = "some"', "mode is full or control."),
        ("connection-max-memory = 1", "connection-max-memory is a number of bytes, at least 1048576."),
        ("= 7", "is not TOML"),
    ],
)
def test_a_file_that_does_not_fit_is_one_sentence_with_its_name(tmp_path: Path, line: str, sentence: str) -> None:
    path = tmp_path / "podwire.toml"
    path.write_text(line)
    with pytest.raises(UsageError) as refused:
        run_serve(["--config", str(path)])
    assert str(path) in str(refused.value)
    assert sentence in str(refused.value)


def test_every_setting_has_its_words() -> None:
    assert set(EXPECTED) == {name.replace("_", "-") for name in get_type_hints(ServeSettings)}
