//! # What it finds
//! Addresses of cryptocurrency wallets: Bitcoin (`1…`, `3…`, `bc1…`), Litecoin, Dogecoin, Dash, Tron, Cardano, Ethereum
//! (`0x…`) and the chains that share its form.
//!
//! # How it is checked
//! `Base58Check`: a known version byte and the first four bytes of the double SHA-256. Bech32 and Bech32m: the polynomial
//! checksum. Ethereum: forty hexadecimal digits; in mixed case, the case must be the checksum.
//!
//! # What it leaves alone
//! Hashes of another length, and everything whose checksum is wrong.
//!
//! # References
//! BIP-173, BIP-350, EIP-55, SLIP-0044; the Bitcoin wiki, "`Base58Check` encoding".

use std::ops::Range;

use sha2::{Digest as _, Sha256};
use sha3::Keccak256;

use crate::detect::candidates::detector::{Detector, Hit, Reads};
use crate::detect::source::Source;

pub(super) const DETECTOR: Detector = Detector { reads: &[Reads::Word(look)] };

fn look(source: Source<'_>, word: Range<usize>) -> Option<Hit> {
    let text = source.slice(word.clone());
    let valid = match text {
        [b'0', b'x' | b'X', digits @ ..] if digits.len() == 40 => ethereum(digits)?,
        [b'1' | b'3' | b'L' | b'M' | b'D' | b'T' | b'X' | b'A' | b'9' | b'm' | b'n' | b'2', ..]
            if (26..=35).contains(&text.len()) =>
        {
            base_58(text)
        }
        _ if (14..=108).contains(&text.len()) => bech_32(text),
        _ => false,
    };
    valid.then(|| Hit::proven(word, 0.95))
}

/// `None` when it is not hexadecimal.
fn ethereum(digits: &[u8]) -> Option<bool> {
    digits.iter().all(u8::is_ascii_hexdigit).then_some(())?;
    let upper = digits.iter().any(u8::is_ascii_uppercase);
    let lower = digits.iter().any(u8::is_ascii_lowercase);
    if !(upper && lower) {
        return Some(true);
    }
    let hash = Keccak256::digest(digits.to_ascii_lowercase());
    let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    Some(digits.iter().zip(nibbles).all(|(digit, nibble)| {
        digit.is_ascii_digit() || digit.is_ascii_uppercase() == (nibble >= 8)
    }))
}

const BASE_58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Bitcoin, its test network, Litecoin, Dogecoin, Dash, Tron.
const VERSIONS: [u8; 12] = [0x00, 0x05, 0x6f, 0xc4, 0x30, 0x32, 0x1e, 0x16, 0x4c, 0x10, 0x41, 0x3a];

/// A version byte, twenty bytes and four bytes of checksum.
fn base_58(text: &[u8]) -> bool {
    let mut bytes = [0u8; 25];
    for character in text {
        let Some(digit) = BASE_58.iter().position(|known| known == character) else { return false };
        let mut carry = u32::try_from(digit).unwrap_or(0);
        for byte in bytes.iter_mut().rev() {
            carry = u32::from(*byte).saturating_mul(58).saturating_add(carry);
            *byte = u8::try_from(carry & 0xff).unwrap_or(0);
            carry >>= 8;
        }
        if carry != 0 {
            return false;
        }
    }
    let (body, check) = bytes.split_at(21);
    let hash = Sha256::digest(Sha256::digest(body));
    bytes.first().is_some_and(|version| VERSIONS.contains(version)) && hash.starts_with(check)
}

const BECH_32: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Bitcoin, its test network, Litecoin, Cardano and Cosmos.
const PREFIXES: [&[u8]; 6] = [b"bc", b"tb", b"ltc", b"addr", b"stake", b"cosmos"];

fn bech_32(text: &[u8]) -> bool {
    let Some(one) = text.iter().rposition(|byte| *byte == b'1') else { return false };
    let (prefix, data) = text.split_at(one);
    let prefix = prefix.to_ascii_lowercase();
    let mixed = text.iter().any(u8::is_ascii_uppercase) && text.iter().any(u8::is_ascii_lowercase);
    if !PREFIXES.contains(&prefix.as_slice()) || data.len() < 9 || mixed {
        return false;
    }
    let high = prefix.iter().map(|byte| byte >> 5);
    let low = prefix.iter().map(|byte| byte & 31);
    let mut sum = high.chain([0]).chain(low).fold(1, polymod);
    for character in data.iter().skip(1) {
        let value = BECH_32.iter().position(|known| known.eq_ignore_ascii_case(character));
        let Some(value) = value.and_then(|value| u8::try_from(value).ok()) else { return false };
        sum = polymod(sum, value);
    }
    matches!(sum, 1 | 0x2bc8_30a3)
}

const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];

fn polymod(sum: u32, value: u8) -> u32 {
    let top = sum >> 25;
    let shifted = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
    GENERATOR.iter().enumerate().fold(shifted, |sum, (bit, generator)| {
        if top.checked_shr(u32::try_from(bit).unwrap_or(0)).unwrap_or(0) & 1 == 1 {
            sum ^ generator
        } else {
            sum
        }
    })
}
