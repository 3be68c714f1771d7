//! Letters, lengths, codes and positions: UPPER, CHAR_LENGTH, ASCII, HEX, LOCATE, ELT (MySQL 8.0 manual, 14.8).

use super::result::{Typed, bigint, joined, like_first, long_binary, long_text, nullable, types_of};
use super::string::skip;
use super::{Call, Function, MANY};
use crate::error::SqlError;
use crate::evaluate::settle;
use crate::expression::{Expression, Kind, Type};
use crate::types;
use dag::collation::Collation;
use dag::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("UPPER", (1, 1), like_first, upper),
    Function::new("UCASE", (1, 1), like_first, upper),
    Function::new("LOWER", (1, 1), like_first, lower),
    Function::new("LCASE", (1, 1), like_first, lower),
    Function::new("LENGTH", (1, 1), length_type, |c| Ok(count(c.bytes(0).map(|b| b.len())))),
    Function::new("OCTET_LENGTH", (1, 1), length_type, |c| Ok(count(c.bytes(0).map(|b| b.len())))),
    Function::new("BIT_LENGTH", (1, 1), length_type, |c| Ok(count(c.bytes(0).map(|b| b.len() * 8)))),
    Function::new("CHAR_LENGTH", (1, 1), length_type, |c| Ok(count(c.letters(0).map(|t| t.chars().count())))),
    Function::new("CHARACTER_LENGTH", (1, 1), length_type, |c| Ok(count(c.letters(0).map(|t| t.chars().count())))),
    Function::new(
        "ASCII",
        (1, 1),
        |_| Ok(Type::integer(3)),
        |c| Ok(count(c.bytes(0).map(|b| usize::from(b.first().copied().unwrap_or(0))))),
    ),
    Function::new("ORD", (1, 1), bigint, ord),
    Function::new("CHAR", (1, MANY), |a| Ok(Type { nullable: false, ..Type::binary(4 * a.len() as u32) }), char_of),
    Function::new("HEX", (1, 1), long_text, hex),
    Function::new("UNHEX", (1, 1), long_binary, unhex),
    Function::new("LOCATE", (2, 3), length_type, |c| locate(c, 0, 1)),
    Function::new("POSITION", (2, 2), length_type, |c| locate(c, 0, 1)),
    Function::new("INSTR", (2, 2), length_type, |c| locate(c, 1, 0)),
    Function::new("ELT", (2, MANY), |a| Ok(types::merge(&types_of(&a[1..]))?.nullable(true)), elt),
    Function::new("FIND_IN_SET", (2, 2), length_type, find_in_set),
    Function::new("MAKE_SET", (2, MANY), |a| joined(&a[1..]), make_set),
    Function::new(
        "QUOTE",
        (1, 1),
        |a| like_first(a).map(|t| Type { length: types::MAX_LENGTH, nullable: false, ..t }),
        quote,
    ),
    Function::new("SOUNDEX", (1, 1), long_text, soundex),
];

fn length_type(arguments: &[Expression]) -> Typed {
    Ok(Type::integer(10).nullable(nullable(arguments)))
}

fn count(length: Option<usize>) -> Value {
    length.map_or(Value::Null, |n| Value::Int(n as i64))
}

/// Simple case mapping: one character for one, as MySQL's tables have it; binary strings stay as they are.
fn map_case(call: &Call<'_>, map: fn(char) -> char) -> Value {
    let Some(text) = call.letters(0) else { return Value::Null };
    if call.result.kind == Kind::Binary {
        call.string(&text)
    } else {
        Value::text(text.chars().map(map).collect::<String>())
    }
}

fn upper(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(map_case(call, |c| one(c, c.to_uppercase())))
}

fn lower(call: &mut Call<'_>) -> Result<Value, SqlError> {
    Ok(map_case(call, |c| one(c, c.to_lowercase())))
}

/// A mapping to several characters is none.
fn one(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

/// The bytes of the first character as a big-endian number.
fn ord(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(text) = call.letters(0) else { return Ok(Value::Null) };
    let mut buffer = [0; 4];
    let Some(first) = text.chars().next() else { return Ok(Value::Int(0)) };
    if call.ty(0).kind == Kind::Binary {
        return Ok(Value::Int(i64::from(u32::from(first))));
    }
    let bytes = first.encode_utf8(&mut buffer).bytes();
    Ok(Value::Int(bytes.fold(0, |n, b| n << 8 | i64::from(b))))
}

/// The bytes of the numbers, most significant first, without leading zeros; NULLs are left out.
fn char_of(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let mut out = Vec::new();
    for index in 0..call.count() {
        if let Some(number) = call.bits(index) {
            let bytes = (number as u32).to_be_bytes();
            let first = bytes.iter().position(|b| *b != 0).unwrap_or(3);
            out.extend_from_slice(&bytes[first..]);
        }
    }
    Ok(Value::bytes(out))
}

fn hex(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let number = call.ty(0).is_numeric();
    let text = if number {
        call.bits(0).map(|n| format!("{n:X}"))
    } else {
        call.bytes(0).map(|b| data_encoding::HEXUPPER.encode(&b))
    };
    Ok(text.map_or(Value::Null, Value::text))
}

fn unhex(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(mut text) = call.bytes(0).map(|b| b.to_ascii_uppercase()) else { return Ok(Value::Null) };
    if text.len() % 2 == 1 {
        text.insert(0, b'0');
    }
    Ok(data_encoding::HEXUPPER.decode(&text).map_or(Value::Null, Value::bytes))
}

/// The collation two text arguments are searched under.
fn searching(call: &Call<'_>, a: usize, b: usize) -> Result<Collation, SqlError> {
    let binary = call.ty(a).kind == Kind::Binary || call.ty(b).kind == Kind::Binary;
    let (collation, _) = types::aggregate_collation(&[call.ty(a), call.ty(b)], "locate")?;
    Ok(if binary { Collation::Binary } else { collation })
}

/// Whether the text begins with the other, character by character.
fn begins(text: &str, part: &str, collation: Collation) -> bool {
    let mut letters = text.chars();
    part.chars().all(|p| letters.next().is_some_and(|c| c == p || collation.same_char(c, p)))
}

fn locate(call: &mut Call<'_>, part: usize, text: usize) -> Result<Value, SqlError> {
    let start = if call.count() > 2 { call.int(2) } else { Some(1) };
    let (Some(part_text), Some(whole), Some(start)) = (call.letters(part), call.letters(text), start) else {
        return Ok(Value::Null);
    };
    let length = whole.chars().count() as i64;
    if start < 1 || start > length + 1 {
        return Ok(Value::Int(0));
    }
    let collation = searching(call, part, text)?;
    let mut rest = skip(&whole, start as usize - 1);
    for position in start..=length + 1 {
        if begins(rest, &part_text, collation) {
            return Ok(Value::Int(position));
        }
        rest = skip(rest, 1);
    }
    Ok(Value::Int(0))
}

fn elt(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let chosen = call.int(0).and_then(|n| usize::try_from(n).ok()).filter(|n| (1..call.count()).contains(n));
    let Some(index) = chosen else { return Ok(Value::Null) };
    settle(call.arguments[index].clone(), &call.expressions[index].ty, call.result, call.context)
}

fn find_in_set(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let (Some(wanted), Some(set)) = (call.letters(0), call.letters(1)) else { return Ok(Value::Null) };
    let collation = searching(call, 0, 1)?;
    if set.is_empty() || wanted.contains(',') {
        return Ok(Value::Int(0));
    }
    let found = set.split(',').position(|part| collation.compare(part, &wanted).is_eq());
    Ok(Value::Int(found.map_or(0, |i| i as i64 + 1)))
}

fn make_set(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(bits) = call.bits(0) else { return Ok(Value::Null) };
    let chosen = (1..call.count()).filter(|i| *i <= 64 && bits >> (i - 1) & 1 == 1);
    let parts: Vec<_> = chosen.filter_map(|i| call.letters(i)).collect();
    Ok(call.string(&parts.join(",")))
}

/// A literal that reads back as the text; NULL becomes the word.
fn quote(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(text) = call.letters(0) else { return Ok(call.string("NULL")) };
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\0' => out.push_str("\\0"),
            '\u{1a}' => out.push_str("\\Z"),
            c => out.push(c),
        }
    }
    out.push('\'');
    Ok(call.string(&out))
}

/// The code of a letter in SOUNDEX; vowels have none.
fn soundex_code(c: char) -> Option<char> {
    Some(match c {
        'B' | 'F' | 'P' | 'V' => '1',
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => '2',
        'D' | 'T' => '3',
        'L' => '4',
        'M' | 'N' => '5',
        'R' => '6',
        _ => return None,
    })
}

/// MySQL's original form: of any length, padded with zeros to four (manual, 14.8).
fn soundex(call: &mut Call<'_>) -> Result<Value, SqlError> {
    let Some(text) = call.letters(0) else { return Ok(Value::Null) };
    let mut letters = text.chars().filter(|c| c.is_alphabetic()).map(|c| c.to_ascii_uppercase());
    let Some(first) = letters.next() else { return Ok(Value::text("")) };
    let mut out = String::from(first);
    let mut last = soundex_code(first);
    for c in letters {
        // What has no code is left out first: it does not separate equal codes (MySQL 8.0 manual, 14.8).
        let Some(code) = soundex_code(c).filter(|code| last != Some(*code)) else { continue };
        out.push(code);
        last = Some(code);
    }
    while out.len() < 4 {
        out.push('0');
    }
    Ok(Value::text(out))
}
