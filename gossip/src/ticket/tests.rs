//! Tickets: golden bytes, and what happens to mistyped ones.

use super::*;
use proptest::prelude::*;

fn sample() -> Ticket {
    Ticket {
        genesis: GenesisId([1; 32]),
        addresses: vec!["/ip4/192.0.2.1/tcp/4316".to_owned()],
        id: TicketId([2; 16]),
        secret: [3; 32],
        role: Role::Writer,
        name: "n".to_owned(),
        expires: 1_800_000_000_000,
    }
}

/// A text whose checksum fits.
fn summed(bytes: &[u8]) -> String {
    format!("{PREFIX}{}", BASE32_NOPAD.encode(&[bytes, &checksum(bytes)].concat()).to_ascii_lowercase())
}

#[test]
fn golden_bytes() {
    let (genesis, secret) = ("01".repeat(32), "03".repeat(32));
    let (address, id) = (HEXLOWER.encode(b"/ip4/192.0.2.1/tcp/4316"), "02".repeat(16));
    let golden = format!("88015820{genesis}8177{address}50{id}5820{secret}8102616e1b000001a3185c5000");
    assert_eq!(HEXLOWER.encode(&sample().to_bytes()), golden);
}

#[test]
fn golden_text() {
    let text = sample().to_text();
    assert_eq!(text, include_str!("../../tests/golden/ticket-1.txt").trim_end());
    assert_eq!(Ticket::parse(&text), Ok(sample()));
}

#[test]
fn what_people_paste_is_read() {
    let text = sample().to_text();
    let wrapped: String =
        text.chars().enumerate().flat_map(|(i, c)| if i % 60 == 59 { vec![c, '\r', '\n'] } else { vec![c] }).collect();
    assert_eq!(Ticket::parse(&format!("  {}\n", wrapped.to_ascii_uppercase())), Ok(sample()));
}

#[test]
fn what_is_no_ticket_says_why() {
    let good = sample().to_text();
    let newer = {
        let mut bytes = sample().to_bytes();
        bytes[1] = 2;
        bytes
    };
    let other = encode::to_bytes(&(9u32, "new fields"));
    let cases = [
        (String::new(), "begins with"),
        ("https://example.org".to_owned(), "begins with"),
        (good.replacen("ticket-", "ticket-1", 1), "'1' at place 19"),
        (good[..good.len() - 3].to_owned(), "cut short"),
        (good.clone() + "aa", "checksum"),
        (summed(&newer), "version 2"),
        (summed(&other), "version 9"),
        (summed(b"x"), "malformed"),
        ("x".repeat(MAX_TICKET_TEXT + 1), "more than any ticket"),
    ];
    for (text, expected) in cases {
        let error = Ticket::parse(&text).expect_err(&text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn the_largest_ticket_fits_and_one_past_each_limit_is_refused() {
    let sized = |addresses: usize, address: usize, name: usize| Ticket {
        addresses: vec!["x".repeat(address); addresses],
        name: "n".repeat(name),
        ..sample()
    };
    let reads = |ticket: Ticket| Ticket::parse(&ticket.to_text()).is_ok();
    assert!(reads(sized(MAX_ADDRESSES, MAX_ADDRESS, MAX_MEMBER_NAME)));
    assert!(!matches!(Ticket::parse(&"x".repeat(MAX_TICKET_TEXT)), Err(TicketError::Long(_))));
    assert!(matches!(Ticket::parse(&"x".repeat(MAX_TICKET_TEXT + 1)), Err(TicketError::Long(_))));
    assert!(!reads(sized(MAX_ADDRESSES + 1, 1, 1)));
    assert!(!reads(sized(1, MAX_ADDRESS + 1, 1)));
    assert!(!reads(sized(1, 1, MAX_MEMBER_NAME + 1)));
}

#[test]
fn the_secret_is_not_printed() {
    let shown = format!("{:?} {:?}", sample(), sample().key());
    assert!(!shown.contains("0303") && !shown.contains("3, 3"), "{shown}");
}

proptest! {
    #[test]
    fn any_ticket_comes_back_and_any_one_wrong_character_is_noticed(
        secret in any::<[u8; 32]>(),
        addresses in proptest::collection::vec("[ -~]{0,40}", 0..4),
        expires in any::<u64>(),
        at in any::<prop::sample::Index>(),
        by in 1u8..32,
    ) {
        let ticket = Ticket { secret, addresses, expires, ..sample() };
        let text = ticket.to_text();
        prop_assert_eq!(Ticket::parse(&text), Ok(ticket));
        let mut wrong = text.into_bytes();
        let at = PREFIX.len() + at.index(wrong.len() - PREFIX.len());
        let digits = b"abcdefghijklmnopqrstuvwxyz234567";
        let was = digits.iter().position(|d| *d == wrong[at]).unwrap();
        wrong[at] = digits[(was + usize::from(by)) % 32];
        prop_assert!(Ticket::parse(&String::from_utf8(wrong).unwrap()).is_err());
    }
}
