//! Chance of the seed's own. It does not move when ids are made, so that every account has the same people.

use crate::sandbox::env::split_mix;

/// Chance that depends on nothing but the number it was made from.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(random: u64) -> Self {
        Self(random ^ 0x5EED_0F4A_2B0A_7D11)
    }

    /// A number below `n`; 0 where there is none.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).unwrap_or(u64::MAX).max(1);
        usize::try_from(split_mix(&mut self.0) % n).unwrap_or(0)
    }

    /// A number from 0 to `most`; 0 where `most` is not above it.
    pub(super) fn up_to(&mut self, most: i64) -> i64 {
        let most = u64::try_from(most).unwrap_or(0);
        i64::try_from(split_mix(&mut self.0) % most.saturating_add(1)).unwrap_or(0)
    }

    /// Whether it happens to so many of a hundred.
    pub(super) fn percent(&mut self, of_hundred: usize) -> bool {
        self.below(100) < of_hundred
    }

    /// One of some words.
    pub(super) fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words.get(self.below(words.len())).copied().unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_kept_and_the_same_number_gives_the_same_chance() {
        let (mut one, mut other) = (Dice::new(7), Dice::new(7));
        for _ in 0..1_000 {
            assert_eq!(one.below(5), other.below(5));
            assert!(one.below(3) < 3 && (0..=3).contains(&one.up_to(3)));
            other.below(3);
            other.up_to(3);
        }
        assert_eq!((one.below(0), one.up_to(-4), one.pick(&[])), (0, 0, ""));
        assert!(!one.percent(0) && one.percent(100));
    }
}
