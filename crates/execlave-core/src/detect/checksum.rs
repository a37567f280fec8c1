//! Check digits, as the issuers of numbers define them. All take digits as values from 0 to 9.

/// The Luhn sum (ISO/IEC 7812-1, annex B): payment cards, Canadian and Swedish numbers.
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit @ 0..=4) => digit.saturating_mul(2),
            (_, digit) => digit.saturating_mul(2).saturating_sub(9),
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The sum of digits times weights, for the shorter of the two lists.
pub(crate) fn weighted(digits: &[u8], weights: &[u8]) -> u32 {
    digits
        .iter()
        .zip(weights)
        .map(|(digit, weight)| u32::from(*digit).saturating_mul(u32::from(*weight)))
        .sum()
}

/// The remainder modulo 97 of a number written in digits and letters, A being 10 (ISO/IEC 7064).
pub(crate) fn remainder_97(characters: impl Iterator<Item = u8>) -> u32 {
    characters.fold(0, |remainder, character| {
        let value = base_36(character);
        let shift = if value > 9 { 100 } else { 10 };
        remainder.saturating_mul(shift).saturating_add(value) % 97
    })
}

/// The value of a digit or letter: 0 to 35.
pub(crate) fn base_36(character: u8) -> u32 {
    char::from(character).to_digit(36).unwrap_or(0)
}

/// ISO/IEC 7064 MOD 11,10, the last digit being the check: German tax numbers, Croatian OIB.
pub(crate) fn mod_11_10(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last() else { return false };
    let product = body.iter().fold(10u32, |product, digit| {
        let sum = product.saturating_add(u32::from(*digit)) % 10;
        if sum == 0 { 20 % 11 } else { sum.saturating_mul(2) % 11 }
    });
    product.saturating_add(u32::from(*check)) % 10 == 1
}

/// The dihedral group of order ten.
const PRODUCTS: [[u8; 10]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
    [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
    [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
    [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
    [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
    [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
    [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
    [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
];

/// The permutation that moves with the place of a digit.
const MOVES: [[u8; 10]; 8] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
    [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
    [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
    [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
    [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
    [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
    [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
];

/// Verhoeff's check (1969): Indian Aadhaar numbers.
pub(crate) fn verhoeff(digits: &[u8]) -> bool {
    let check = digits.iter().rev().enumerate().fold(0u8, |check, (place, digit)| {
        let moved = MOVES.get(place % 8).and_then(|row| row.get(usize::from(*digit)));
        let moved = moved.copied().unwrap_or(0);
        let row = PRODUCTS.get(usize::from(check));
        row.and_then(|row| row.get(usize::from(moved))).copied().unwrap_or(0)
    });
    check == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_pass_and_their_neighbours_do_not() {
        assert!(luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 3]));
        assert!(!luhn(&[7, 9, 9, 2, 7, 3, 9, 8, 7, 1, 0]));
        assert!(verhoeff(&[2, 3, 6, 3]));
        assert!(!verhoeff(&[2, 3, 6, 4]));
        assert!(mod_11_10(&[8, 6, 0, 9, 5, 7, 4, 2, 7, 1, 9]));
        assert!(!mod_11_10(&[8, 6, 0, 9, 5, 7, 4, 2, 7, 1, 8]));
        assert_eq!(remainder_97("3214282912345698765432161182".bytes()), 1);
    }
}
