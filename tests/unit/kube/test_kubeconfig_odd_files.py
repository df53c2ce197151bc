"""Kubeconfigs that are no plain files, and token files without a token."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from podwire.kube import kubeconfig_files
from podwire.kube.errors import KubeconfigError
from podwire.kube.kubeconfig import KubeconfigSource, load_access

from .conftest import QUICK, write_kubeconfig

SERVER = "http://127.0.0.1:6443"


async def sentence_of(path: Path) -> str:
    with pytest.raises(KubeconfigError) as caught:
        await load_access(KubeconfigSource(str(path)), QUICK)
    return str(caught.value)


async def test_a_pipe_that_somebody_writes_into_is_read(tmp_path: Path) -> None:
    """As in `--kube-config <(ssh master cat /etc/kubernetes/admin.conf)`."""
    text = write_kubeconfig(tmp_path / "config", SERVER, user={"token": "abc"}).read_bytes()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(text))
    writer.start()
    access = await load_access(KubeconfigSource(str(pipe)), QUICK)
    writer.join()
    assert access.authorization == "Bearer abc"


async def test_a_pipe_into_which_nobody_writes_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubeconfig_files, "_PIPE_SECONDS", 0.05)
    os.mkfifo(tmp_path / "pipe")
    assert "a pipe into which nobody writes" in await sentence_of(tmp_path / "pipe")
    path = write_kubeconfig(tmp_path / "config", SERVER, user={"tokenFile": str(tmp_path / "pipe")})
    assert "nobody writes into this pipe" in await sentence_of(path)


@pytest.mark.parametrize("text", ["", "\n", "  \n"])
async def test_an_empty_token_file_is_said_to_be_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / "token").write_text(text)
    path = write_kubeconfig(tmp_path / "config", SERVER, user={"tokenFile": str(tmp_path / "token")})
    assert "is empty: put the token into it" in await sentence_of(path)
    write_kubeconfig(path, SERVER, user={"tokenFile": str(tmp_path / "token"), "token": "abc"})
    assert (await load_access(KubeconfigSource(str(path)), QUICK)).authorization == "Bearer abc"
