"""Several kubeconfigs are read as one, as kubectl does it: kubectl itself is the judge."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podwire.kube.errors import KubeconfigError, NoKubeconfigError
from podwire.kube.kubeconfig import KubeconfigSource, load_access
from podwire.kube.kubeconfig_files import Chosen, read_kubeconfig

from .conftest import QUICK

NAMES = ("one", "two")


def viewed(kubectl: str, files: list[Path], context: str | None = None) -> dict[str, Any] | None:
    """Return the sections that kubectl uses; None where it refuses the files."""
    command = [kubectl, "config", "view", "--minify", "--raw", "-o", "json"]
    environment = os.environ | {"KUBECONFIG": os.pathsep.join(map(str, files))}
    done = subprocess.run(
        [*command, *(["--context", context] if context else [])],
        capture_output=True,
        check=False,
        timeout=60,
        env=environment,
    )
    if done.returncode:
        return None
    view = json.loads(done.stdout)
    users = view["users"] or [{"user": {}}]
    return {"cluster": view["clusters"][0]["cluster"], "user": users[0]["user"]}


def read(files: list[Path], context: str | None = None) -> Chosen | None:
    try:
        return read_kubeconfig(KubeconfigSource(os.pathsep.join(map(str, files)), context))
    except KubeconfigError:
        return None


def section(kind: str, name: str, **values: str) -> dict[str, Any]:
    return {"name": name, kind: values}


DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "current-context": st.sampled_from(NAMES),
        "contexts": st.lists(
            st.builds(
                lambda name, cluster, user: section("context", name, cluster=cluster, user=user),
                *(st.sampled_from(NAMES) for _ in range(3)),
            ),
            max_size=2,
            unique_by=lambda each: each["name"],
        ),
        "clusters": st.lists(
            st.builds(
                lambda name, host: section("cluster", name, server=f"https://{host}:6443"),
                st.sampled_from(NAMES),
                st.sampled_from(("a", "b", "c")),
            ),
            max_size=2,
            unique_by=lambda each: each["name"],
        ),
        "users": st.lists(
            st.builds(
                lambda name, token: section("user", name, token=token),
                st.sampled_from(NAMES),
                st.sampled_from(("t1", "t2", "t3")),
            ),
            max_size=2,
            unique_by=lambda each: each["name"],
        ),
    },
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(DOCUMENTS, min_size=1, max_size=3))
def test_any_files_are_merged_as_kubectl_merges_them(
    tmp_path: Path, kubectl: str, documents: list[dict[str, Any]]
) -> None:
    files = [tmp_path / f"config{number}" for number in range(len(documents))]
    for file, document in zip(files, documents, strict=True):
        file.write_text(yaml.safe_dump(document))
    theirs, ours = viewed(kubectl, files), read(files)
    if theirs is None:
        assert ours is None
    elif ours is not None:
        assert {"cluster": ours.cluster, "user": ours.user} == theirs
    else:
        # kubectl shows a context without a user or server too, and fails with it later.
        assert "server" not in theirs["cluster"] or "token" not in theirs["user"]


def write(path: Path, **parts: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(parts))
    return path


@pytest.fixture
def pair(tmp_path: Path) -> list[Path]:
    """Two files in folders of their own: the first has the context and the cluster, the second the user and more."""
    first = write(
        tmp_path / "a" / "config",
        contexts=[section("context", "one", cluster="c", user="u")],
        clusters=[section("cluster", "c", server="https://first:6443")],
        **{"current-context": "one"},
    )
    second = write(
        tmp_path / "b" / "config",
        contexts=[section("context", "one", cluster="c", user="nobody"), section("context", "two", cluster="d")],
        clusters=[
            section("cluster", "c", server="https://second:6443"),
            section("cluster", "d", server="https://third:6443"),
        ],
        users=[section("user", "u", tokenFile="token")],
        **{"current-context": "two"},
    )
    (tmp_path / "b" / "token").write_text("from-b\n")
    return [first, second]


async def test_paths_start_at_the_folder_of_their_own_file(pair: list[Path]) -> None:
    access = await load_access(KubeconfigSource(f"{pair[0]}:{pair[1]}"), QUICK)
    assert (access.server, access.authorization) == ("https://first:6443", "Bearer from-b")


def test_files_that_are_not_there_and_empty_ones_are_passed_over(pair: list[Path], tmp_path: Path) -> None:
    (tmp_path / "void").touch()
    chosen = read([tmp_path / "none", tmp_path / "void", *reversed(pair)])
    assert chosen is not None
    assert (chosen.context_name, chosen.cluster) == ("two", {"server": "https://third:6443"})
    chosen = read_kubeconfig(KubeconfigSource(f":{pair[0]}::{pair[1]}:"))
    assert chosen.context_name == "one"


def test_no_file_at_all(tmp_path: Path) -> None:
    with pytest.raises(NoKubeconfigError, match="There is no kubeconfig"):
        read_kubeconfig(KubeconfigSource(f"{tmp_path}/x:{tmp_path}/y"))


def test_a_broken_file_among_good_ones_is_told(pair: list[Path], tmp_path: Path, kubectl: str) -> None:
    (tmp_path / "bad").write_text("[1")
    files = [tmp_path / "bad", *pair]
    assert viewed(kubectl, files) is None
    with pytest.raises(KubeconfigError, match="is not YAML"):
        read_kubeconfig(KubeconfigSource(":".join(map(str, files))))


def test_two_entries_of_one_name_in_a_file_are_refused(tmp_path: Path, kubectl: str) -> None:
    entries = [section("cluster", "c", server="https://a"), section("cluster", "c", server="https://b")]
    contexts = [section("context", "one", cluster="c")]
    file = write(tmp_path / "config", contexts=contexts, clusters=entries, **{"current-context": "one"})
    assert viewed(kubectl, [file]) is None
    with pytest.raises(KubeconfigError, match="two clusters of the name"):
        read_kubeconfig(KubeconfigSource(str(file)))


def test_a_file_whose_name_has_a_colon(tmp_path: Path) -> None:
    file = write(
        tmp_path / "my:config",
        contexts=[section("context", "one", cluster="c")],
        clusters=[section("cluster", "c", server="https://a")],
        **{"current-context": "one"},
    )
    assert read_kubeconfig(KubeconfigSource(str(file))).cluster == {"server": "https://a"}


async def test_who_is_acted_for(tmp_path: Path) -> None:
    def document(**user: Any) -> str:
        return str(
            write(
                tmp_path / "config",
                contexts=[section("context", "one", cluster="c", user="u")],
                clusters=[section("cluster", "c", server="https://a")],
                users=[{"name": "u", "user": user}],
                **{"current-context": "one"},
            )
        )

    user = {"as": "reader", "as-uid": "7", "as-groups": ["g1", "g2"], "as-user-extra": {"scope": ["x"]}}
    access = await load_access(KubeconfigSource(document(**user)), QUICK)
    assert access.headers == (
        ("Impersonate-User", "reader"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "g1"),
        ("Impersonate-Group", "g2"),
        ("Impersonate-Extra-scope", "x"),
    )
    for bad in ({"as-groups": ["g"]}, {"as": "a\nb"}, {"as": "a", "as-groups": "g"}):
        with pytest.raises(KubeconfigError):
            await load_access(KubeconfigSource(document(**bad)), QUICK)


async def test_a_token_file_that_is_gone_leaves_the_token_beside_it(tmp_path: Path) -> None:
    file = write(
        tmp_path / "config",
        contexts=[section("context", "one", cluster="c", user="u")],
        clusters=[section("cluster", "c", server="https://a")],
        users=[section("user", "u", token="beside", tokenFile="none")],
        **{"current-context": "one"},
    )
    assert (await load_access(KubeconfigSource(str(file)), QUICK)).authorization == "Bearer beside"
