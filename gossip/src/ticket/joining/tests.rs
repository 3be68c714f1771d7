//! Requests and welcomes: golden bytes, and every kind of forgery.

use super::*;
use data_encoding::HEXLOWER;
use proptest::prelude::*;

const DATABASE: GenesisId = GenesisId([1; 32]);
const TICKET: TicketId = TicketId([2; 16]);

fn secret(n: u8) -> TicketKey {
    TicketKey([n; 32])
}

fn request(key: &AuthorKey, known: &TicketKey) -> JoinRequest {
    JoinRequest::new(DATABASE, (TICKET, known), key, TransportId([4; 32]), "anna")
}

fn founded() -> Genesis {
    Genesis::found(AuthorId([1; 32]), AuthorId([2; 32]), &Zeros).unwrap()
}

struct Zeros;

impl dag::clock::Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), dag::clock::EntropyError> {
        buffer.fill(0);
        Ok(())
    }
}

#[test]
fn golden_bytes() {
    let key = AuthorKey::from_seed([9; 32]);
    let request = request(&key, &secret(3));
    let author = HEXLOWER.encode(key.id().as_bytes());
    let fill = |n: &str, times| n.repeat(times);
    let asked = format!("86015820{}50{}5820{author}5820{}64616e6e61", fill("01", 32), fill("02", 16), fill("04", 32));
    assert_eq!(HEXLOWER.encode(&request.asked()), asked);
    let sealed = format!("{}{}", HEXLOWER.encode(&*request.proof), HEXLOWER.encode(&*request.signature));
    assert_eq!(sealed, include_str!("../../../tests/golden/join-1.txt").trim_end());
    let welcome = Welcome::new(&founded(), CommitId([5; 32]), "anna".to_owned(), &key.id(), &secret(3));
    assert_eq!(HEXLOWER.encode(&*welcome.proof), include_str!("../../../tests/golden/welcome-1.txt").trim_end());
}

#[test]
fn only_the_owner_of_the_key_and_of_the_ticket_is_believed() {
    let key = AuthorKey::from_seed([9; 32]);
    let good = request(&key, &secret(3));
    assert!(good.is_signed() && good.proves(&secret(3)));
    assert!(!good.proves(&secret(4)));
    let stolen = JoinRequest { author: AuthorKey::from_seed([8; 32]).id(), ..good.clone() };
    assert!(!stolen.is_signed() && !stolen.proves(&secret(3)));
    let relayed = JoinRequest { transport: TransportId([7; 32]), ..good.clone() };
    assert!(!relayed.is_signed() && !relayed.proves(&secret(3)));
    let renamed = JoinRequest { name: "eve".to_owned(), ..good };
    assert!(!renamed.is_signed() && !renamed.proves(&secret(3)));
}

#[test]
fn only_the_issuers_welcome_to_the_tickets_database_is_believed() {
    let (author, other) = (AuthorId([6; 32]), AuthorId([7; 32]));
    let genesis = founded();
    let welcome = Welcome::new(&genesis, CommitId([5; 32]), "anna".to_owned(), &author, &secret(3));
    assert_eq!(welcome.check(&genesis.id(), &author, &secret(3)), Ok(genesis.clone()));
    assert_eq!(welcome.check(&genesis.id(), &other, &secret(3)), Err(Foreign::Proof));
    assert_eq!(welcome.check(&genesis.id(), &author, &secret(4)), Err(Foreign::Proof));
    assert_eq!(welcome.check(&DATABASE, &author, &secret(3)), Err(Foreign::Database(genesis.id())));
    let moved = Welcome { admission: CommitId([8; 32]), ..welcome };
    assert_eq!(moved.check(&genesis.id(), &author, &secret(3)), Err(Foreign::Proof));
}

#[test]
fn limits_hold_at_the_limit_and_not_one_past() {
    let named = |n: usize| JoinRequest { name: "x".repeat(n), ..request(&AuthorKey::from_seed([9; 32]), &secret(3)) };
    assert!(named(MAX_MEMBER_NAME).is_bounded() && !named(MAX_MEMBER_NAME + 1).is_bounded());
    let welcome = |n: usize| Welcome {
        genesis: ByteBuf::from(vec![0; n]),
        admission: CommitId([5; 32]),
        name: String::new(),
        proof: ByteArray::default(),
    };
    assert!(welcome(MAX_GENESIS).is_bounded() && !welcome(MAX_GENESIS + 1).is_bounded());
}

proptest! {
    #[test]
    fn a_request_comes_back_from_its_bytes(seed in any::<[u8; 32]>(), name in "[a-z]{0,64}") {
        let key = AuthorKey::from_seed(seed);
        let request = JoinRequest::new(DATABASE, (TICKET, &secret(3)), &key, TransportId([4; 32]), &name);
        let back: JoinRequest = encode::from_bytes("request", &encode::to_bytes(&request)).unwrap();
        prop_assert!(back.is_signed() && back.proves(&secret(3)) && back == request);
    }
}
