//! Who held a place when.
use super::*;

const ADDR: IpAddr = IpAddr::V4(core::net::Ipv4Addr::new(10, 10, 1, 1));

fn place(cluster: u16) -> Place {
    Place { cluster, addr: ADDR, port: None }
}

fn span(endpoint: u32, from_ns: u64, until_ns: Option<u64>) -> Span {
    Span { endpoint, from_ns, until_ns }
}

fn book(told: &[(u16, &[Span])]) -> Book {
    let mut book = Book::new(1000);
    for (cluster, spans) in told {
        assert_eq!(book.set(&place(*cluster), spans), Left::default());
    }
    book
}

fn found(book: &Book, ns: u64) -> (Reason, u32) {
    let answer = book.find(ADDR, ns, |_| true);
    (answer.reason, answer.endpoint)
}

#[test]
fn the_time_decides() {
    let book = book(&[(1, &[span(5, 100, Some(200)), span(6, 300, None)])]);
    assert_eq!(found(&book, 50), (Reason::NotYet, 0));
    assert_eq!(found(&book, 100), (Reason::Named, 5));
    assert_eq!(found(&book, 200), (Reason::Ended, 0));
    assert_eq!(book.find(ADDR, 250, |_| true).since_ns, 200);
    assert_eq!(found(&book, 300), (Reason::Named, 6));
    assert_eq!(book.find("10.9.9.9".parse().unwrap(), 300, |_| true).reason, Reason::NoneClaims);
}

#[test]
fn a_span_of_nobody_is_no_name() {
    let book = book(&[(1, &[span(5, 100, Some(200)), span(0, 200, Some(300)), span(6, 300, None)])]);
    assert_eq!(found(&book, 250), (Reason::Unsure, 0));
    assert_eq!(found(&book, 300), (Reason::Named, 6));
}

#[test]
fn two_at_a_time_name_nobody() {
    let book = book(&[(1, &[span(6, 100, None), span(5, 100, None)])]);
    assert_eq!(found(&book, 120), (Reason::Unsure, 0));
}

#[test]
fn two_clusters_that_mean_the_same_endpoint_agree() {
    let book = book(&[(1, &[span(7, 100, None)]), (2, &[span(7, 110, None)])]);
    let answer = book.find(ADDR, 120, |_| true);
    assert_eq!((answer.reason, answer.endpoint, answer.cluster), (Reason::Named, 7, 1));
}

#[test]
fn two_clusters_are_ambiguous_until_one_is_admitted() {
    let book = book(&[(1, &[span(5, 100, None)]), (2, &[span(9, 100, None)])]);
    assert_eq!(found(&book, 120), (Reason::Ambiguous, 0));
    let admitted = |cluster: u16| book.find(ADDR, 120, |each| each == cluster);
    assert_eq!((admitted(2).reason, admitted(2).endpoint, admitted(2).cluster), (Reason::Named, 9, 2));
    assert_eq!(admitted(3).reason, Reason::NoneClaims);
}

#[test]
fn what_is_told_replaces_what_was_told() {
    let mut book = book(&[(1, &[span(5, 100, None)]), (2, &[span(9, 900, None)])]);
    book.set(&place(1), &[span(5, 100, Some(150)), span(6, 150, None)]);
    assert_eq!((found(&book, 120), found(&book, 150)), ((Reason::Named, 5), (Reason::Named, 6)));
    book.set(&place(1), &[]);
    assert_eq!((found(&book, 120), book.len()), ((Reason::NotYet, 0), 1));
    book.set(&place(2), &[]);
    assert!(book.v4.is_empty() && book.len() == 0);
}

#[test]
fn a_port_is_a_place_of_its_own() {
    let mut book = book(&[(1, &[span(5, 100, None)])]);
    let port = ProtoPort { proto: 6, port: 9100 };
    assert_eq!(book.find_port(ADDR, port, 120, |_| true), None);
    book.set(&Place { port: Some(port), ..place(1) }, &[span(7, 110, None)]);
    assert_eq!(book.find_port(ADDR, port, 120, |_| true).map(|answer| answer.endpoint), Some(7));
    assert_eq!(book.find_port(ADDR, ProtoPort { proto: 17, ..port }, 120, |_| true), None);
    assert_eq!(book.find_port(ADDR, port, 105, |_| true), None);
}

#[test]
fn the_oldest_of_too_many_are_let_go() {
    let mut book = Book::new(1000);
    let spans: Vec<Span> = (0..66).map(|n| span(n + 1, u64::from(n) * 10, Some(u64::from(n) * 10 + 10))).collect();
    assert_eq!(book.set(&place(1), &spans), Left { dropped: 2, refused: 0 });
    assert_eq!((found(&book, 5), found(&book, 25)), ((Reason::NotYet, 0), (Reason::Named, 3)));
}

#[test]
fn a_full_book_refuses() {
    let mut book = Book::new(1);
    book.set(&place(1), &[span(1, 0, None)]);
    let other = Place { addr: "fd00::1".parse().unwrap(), ..place(1) };
    assert_eq!(book.set(&other, &[span(2, 0, None)]), Left { dropped: 0, refused: 1 });
    assert!(book.v6.is_empty());
    assert_eq!(book.set(&place(1), &[span(3, 0, None)]), Left::default());
}
