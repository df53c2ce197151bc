"""Who had which address when: nothing is claimed that cannot be vouched for."""

from __future__ import annotations

from podwire.tables.claims import MOST_PER_ADDRESS, ClaimTable, Interval, Standing
from podwire.tables.clusters import ClusterTable, Scope

A = "10.0.0.1"


def holder(table: ClaimTable, at_ns: int, cluster: int = 1) -> int:
    """Return who had the address, or 0."""
    verdict = table.judge(cluster, A, at_ns)
    return verdict.endpoint if verdict.standing is Standing.HELD else 0


def test_the_time_decides() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, since_ns=100, at_ns=110)
    table.end(1, A, 5, until_ns=200)
    table.claim(1, A, 6, since_ns=300, at_ns=310)
    assert [holder(table, at_ns) for at_ns in (99, 100, 199, 200, 299, 300, 999)] == [0, 5, 5, 0, 0, 6, 6]
    assert table.judge(1, A, 250)[:3] == (Standing.ENDED, 5, 200)
    assert table.judge(1, A, 50).standing is Standing.NOT_YET
    assert table.judge(2, A, 250).standing is Standing.UNKNOWN


def test_between_two_that_may_have_had_it_nobody_had_it() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, since_ns=100, at_ns=110)
    changed = table.claim(1, A, 6, since_ns=150, at_ns=180)
    assert changed == [Interval(1, A, 5, 100, 150), Interval(1, A, 6, 180, None)]
    assert [holder(table, at_ns) for at_ns in (149, 150, 179, 180)] == [5, 0, 0, 6]
    assert table.judge(1, A, 160).standing is Standing.CONTESTED
    # The late removal of the first one changes nothing any more.
    assert table.end(1, A, 5, until_ns=190) == []


def test_who_was_seen_with_it_had_it() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, since_ns=100, at_ns=170)
    table.claim(1, A, 6, since_ns=150, at_ns=180)
    assert [holder(table, at_ns) for at_ns in (169, 170, 179, 180)] == [5, 0, 0, 6]


def test_a_newcomer_that_did_not_have_it_until_the_others_end_takes_nothing() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, since_ns=100, at_ns=110)
    table.end(1, A, 5, until_ns=200)
    assert table.claim(1, A, 6, since_ns=150, at_ns=300, without_ns=200) == [Interval(1, A, 6, 200, None)]
    assert [holder(table, at_ns) for at_ns in (199, 200)] == [5, 6]


def test_who_has_it_again_had_it_all_the_time() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, since_ns=100, at_ns=110)
    table.end(1, A, 5, until_ns=200)
    assert table.claim(1, A, 5, since_ns=100, at_ns=300) == [Interval(1, A, 5, 100, None)]
    assert holder(table, 250) == 5


def test_clusters_are_apart() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, since_ns=100, at_ns=110)
    table.claim(2, A, 6, since_ns=120, at_ns=130)
    assert (holder(table, 140, 1), holder(table, 140, 2)) == (5, 6)
    table.end_cluster(1, 150)
    assert (holder(table, 160, 1), holder(table, 160, 2)) == (0, 6)


def test_the_history_is_bounded_and_says_so() -> None:
    table = ClaimTable(most_ended=3)
    for number in range(1, 8):
        address = f"10.0.0.{number}"
        table.claim(1, address, number, since_ns=number, at_ns=number)
        table.end(1, address, number, until_ns=number * 10)
    assert (table.count(), table.forgotten, table.floor_ns) == (3, 4, 40)


def test_the_claims_of_one_address_are_bounded() -> None:
    table = ClaimTable()
    for number in range(1, 100):
        table.claim(1, A, number, since_ns=number * 10, at_ns=number * 10)
    assert len(list(table.rows(A))) == MOST_PER_ADDRESS
    assert holder(table, 991) == 99


def test_bare_packets_belong_to_the_cluster_of_their_place() -> None:
    clusters = ClusterTable()
    a, b, c = (clusters.number(name) for name in "abc")
    assert clusters.seen_at("eth1", 10) == (a, b, c)
    clusters.set_scopes({"a": Scope("eth1", 10), "b": Scope("eth1")})
    assert clusters.seen_at("eth1", 10) == (a,)
    assert clusters.seen_at("eth1", 20) == (b,)
    assert clusters.seen_at("eth2", 10) == (c,)
