"""Who had which address when: nothing is claimed that cannot be vouched for."""

from __future__ import annotations

from podwire.tables.claims import MOST_PER_PLACE, AddressPort, ClaimTable, History, Sight

A = "10.0.0.1"


def holder(table: ClaimTable, at_ns: int, cluster: int = 1) -> int:
    """Return who had the address; 0 where that cannot be told, -1 for nobody."""
    spans = table.spans(cluster, A)
    found = [each for each, since, until in spans if since <= at_ns and (until is None or at_ns < until)]
    assert len(found) <= 1, spans
    return found[0] if found else -1


def sight(since_ns: int, at_ns: int) -> Sight:
    return Sight(since_ns, since_ns, at_ns)


def test_the_time_decides() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, sight(100, 110))
    table.end(1, A, 5, until_ns=200)
    table.claim(1, A, 6, sight(300, 310))
    assert [holder(table, at_ns) for at_ns in (99, 100, 199, 200, 299, 300, 999)] == [-1, 5, 5, -1, -1, 6, 6]
    assert table.spans(2, A) == ()


def test_between_two_that_may_have_had_it_nobody_had_it() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, sight(100, 110))
    table.take_changed()
    table.claim(1, A, 6, sight(150, 180))
    assert table.take_changed() == [History(1, A, ((5, 100, 150), (0, 150, 180), (6, 180, None)))]
    # The late removal of the first one changes nothing any more.
    table.end(1, A, 5, until_ns=190)
    assert table.take_changed() == []


def test_who_was_not_seen_to_end_may_have_had_it_until_the_next_was_seen() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, sight(100, 110))
    table.end(1, A, 5, until_ns=200, is_doubtful=True)
    assert table.spans(1, A) == ((5, 100, 200),)
    table.claim(1, A, 6, sight(300, 310))
    assert table.spans(1, A) == ((5, 100, 200), (0, 200, 310), (6, 310, None))


def test_what_is_guessed_only_is_nobodys() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, Sight(maybe_ns=100, sure_ns=150, at_ns=200))
    assert table.spans(1, A) == ((0, 100, 150), (5, 150, None))


def test_ports_of_one_address_are_places_of_their_own() -> None:
    table = ClaimTable()
    port = AddressPort(A, 6, 9100)
    table.claim(1, A, 5, sight(100, 110))
    table.claim(1, port, 6, sight(120, 130))
    assert table.take_changed() == [History(1, A, ((5, 100, None),)), History(1, port, ((6, 120, None),))]


def test_who_began_later_but_was_seen_earlier_is_vouched_for_no_more() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, sight(160, 170))
    table.claim(1, A, 6, sight(150, 180))
    assert [holder(table, at_ns) for at_ns in (149, 150, 159, 160, 179, 180)] == [-1, -1, -1, 0, 0, 6]


def test_who_has_it_again_had_it_all_the_time() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, sight(100, 110))
    table.end(1, A, 5, until_ns=200)
    table.claim(1, A, 5, sight(100, 300))
    assert table.spans(1, A) == ((5, 100, None),)
    assert holder(table, 250) == 5


def test_clusters_are_apart() -> None:
    table = ClaimTable()
    table.claim(1, A, 5, sight(100, 110))
    table.claim(2, A, 6, sight(120, 130))
    assert (holder(table, 140, 1), holder(table, 140, 2)) == (5, 6)
    table.end_cluster(1, 150)
    assert (holder(table, 160, 1), holder(table, 160, 2)) == (-1, 6)


def test_the_history_is_bounded_and_says_so() -> None:
    table = ClaimTable(most_ended=3)
    for number in range(1, 8):
        address = f"10.0.0.{number}"
        table.claim(1, address, number, sight(number, number))
        table.end(1, address, number, until_ns=number * 10)
    assert (table.count(), table.forgotten) == (3, 4)
    # The packet core is told of what is forgotten, too.
    assert History(1, "10.0.0.1", ()) in table.take_changed()


def test_the_claims_of_one_address_are_bounded() -> None:
    table = ClaimTable()
    for number in range(1, 100):
        table.claim(1, A, number, sight(number * 10, number * 10))
    assert len(table.spans(1, A)) == MOST_PER_PLACE
    assert holder(table, 991) == 99
