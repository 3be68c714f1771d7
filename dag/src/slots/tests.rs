//! Slots: nobody owns what another owns, and numbers of a run are consecutive.

use super::*;
use crate::control::Role;
use crate::id::EntityId;
use proptest::prelude::*;

const TABLE: EntityId = EntityId([9; 32]);

fn author(n: u8) -> AuthorId {
    AuthorId([n; 32])
}

/// Eight slots, all of author 1.
fn founded() -> Slots {
    Slots { count: 8, shares: BTreeMap::from([(author(1), Share::whole(8))]) }
}

/// Author `from` hands half of what it has to `to`.
fn halve(slots: &mut Slots, from: u8, to: u8, floor: u64) {
    let half = slots.share(&author(from)).mask.half().to_bytes();
    let record = ControlRecord::HandOver { to: author(to), slots: half, floors: vec![(TABLE, floor)] };
    slots.apply(&author(from), &record);
}

fn owned(slots: &Slots, n: u8) -> Vec<u64> {
    (0..8).filter(|s| slots.share(&author(n)).mask.has(*s)).collect()
}

#[test]
fn halves_are_spread_and_the_last_slot_stays() {
    let mut slots = founded();
    halve(&mut slots, 1, 2, 0);
    assert_eq!((owned(&slots, 1), owned(&slots, 2)), (vec![0, 2, 4, 6], vec![1, 3, 5, 7]));
    halve(&mut slots, 1, 3, 0);
    halve(&mut slots, 1, 4, 0);
    assert_eq!((owned(&slots, 1), owned(&slots, 3), owned(&slots, 4)), (vec![0], vec![2, 6], vec![4]));
    halve(&mut slots, 1, 5, 0);
    assert_eq!((owned(&slots, 1), owned(&slots, 5)), (vec![0], vec![]));
}

#[test]
fn only_ones_own_slots_are_handed_over() {
    let mut slots = founded();
    let all = Mask::all(8).to_bytes();
    slots.apply(&author(2), &ControlRecord::HandOver { to: author(3), slots: all.clone(), floors: vec![] });
    assert_eq!(owned(&slots, 3), []);
    halve(&mut slots, 1, 2, 0);
    slots.apply(&author(2), &ControlRecord::HandOver { to: author(3), slots: all, floors: vec![] });
    assert_eq!((owned(&slots, 2), owned(&slots, 3)), (vec![], vec![1, 3, 5, 7]));
}

#[test]
fn a_renewed_key_keeps_slots_and_floors() {
    let mut slots = founded();
    halve(&mut slots, 1, 2, 70);
    let before = slots.share(&author(2));
    slots.apply(&author(1), &ControlRecord::RenewKey { old: author(2), new: author(3) });
    assert_eq!(slots.share(&author(3)), before);
    assert!(slots.share(&author(2)).mask.is_empty());
}

#[test]
fn floors_only_rise() {
    let mut slots = founded();
    halve(&mut slots, 1, 2, 70);
    halve(&mut slots, 1, 2, 50);
    assert_eq!(slots.share(&author(2)).floor(TABLE), 70);
}

#[test]
fn the_next_own_numbers() {
    let mut slots = founded();
    halve(&mut slots, 1, 2, 0);
    // Blocks of ten: author 1 owns 1 to 10, 21 to 30 ...; author 2 owns 11 to 20, 31 to 40 ...
    for (who, from, count, expected) in [
        (1, 1, 1, Some(1)),
        (1, 0, 10, Some(1)),
        (1, 2, 10, Some(21)),
        (1, 10, 1, Some(10)),
        (1, 11, 1, Some(21)),
        (1, 1, 11, None),
        (2, 1, 1, Some(11)),
        (2, 20, 2, Some(31)),
        (2, u64::MAX, 2, None),
        (3, 1, 1, None),
    ] {
        assert_eq!(slots.share(&author(who)).next(from, count, 10), expected, "{who} from {from}, {count}");
    }
    assert_eq!(founded().share(&author(1)).next(7, u64::MAX - 7, 10), Some(7), "one writer counts as MySQL does");
    assert_eq!(founded().share(&author(1)).next(7, u64::MAX, 10), None);
}

#[test]
fn blocks_by_type() {
    let integer = |bytes| ColumnType::Integer { bytes, unsigned: false, display_width: None };
    let sizes = [1, 2, 3, 4, 8].map(|bytes| block_size(&integer(bytes)));
    assert_eq!(sizes, [1, 1, 16, 4_096, 1_048_576]);
    assert_eq!(block_size(&ColumnType::Double { unsigned: false }), 1_048_576);
}

#[test]
fn a_mask_past_the_limit_hands_over_nothing() {
    assert!(Mask::of_bytes(&ByteBuf::from(vec![0; MAX_SLOTS as usize / 8])).is_ok());
    assert!(Mask::of_bytes(&ByteBuf::from(vec![0; MAX_SLOTS as usize / 8 + 1])).is_err());
    assert_eq!(Mask::all(1_024).len(), 1_024);
    assert_eq!(Mask::all(11).len(), 11);
}

#[test]
fn other_records_move_no_slots() {
    let mut slots = founded();
    let before = slots.clone();
    slots.apply(&author(1), &ControlRecord::Admit { author: author(2), role: Role::Writer, name: String::new() });
    slots.apply(&author(1), &ControlRecord::Remove(author(2)));
    assert_eq!(slots, before);
}

proptest! {
    /// Whatever is handed over by whom, every slot has one owner at most, and numbers that two generate never meet.
    #[test]
    fn no_two_members_share_a_number(
        moves in proptest::collection::vec((1u8..6, 1u8..6), 0..20),
        block in 1u64..30,
        from in 1u64..500,
        count in 1u64..30,
    ) {
        let mut slots = founded();
        for (giver, taker) in moves {
            halve(&mut slots, giver, taker, 0);
        }
        let total: u32 = (1..6).map(|n| slots.share(&author(n)).mask.len()).sum();
        prop_assert_eq!(total, 8);
        let mut used = std::collections::BTreeSet::new();
        for n in 1..6 {
            let share = slots.share(&author(n));
            if let Some(first) = share.next(from, count, block) {
                prop_assert!(first >= from);
                for number in first..first + count {
                    prop_assert!(share.is_whole() || share.mask.has((number - 1) / block % 8));
                    prop_assert!(used.insert(number), "{} twice", number);
                }
            }
        }
    }
}
