//! The salt of a connection: 20 random bytes that no client's string handling can cut short.

use dag::clock::{Entropy, EntropyError};

/// 20 bytes as both methods have it, none of them NUL (clients read it as a C string), `$` (MySQL's own separator) or
/// above 127. 138 bits of chance remain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Salt(pub [u8; 20]);

impl Salt {
    pub fn random(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bytes = [0; 20];
        entropy.fill(&mut bytes)?;
        for byte in &mut bytes {
            *byte &= 0x7f;
            if matches!(*byte, 0 | b'$') {
                *byte += 1;
            }
        }
        Ok(Salt(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
            buffer.fill(self.0);
            Ok(())
        }
    }

    #[test]
    fn no_byte_can_end_or_split_it() {
        for byte in 0..=255 {
            let salt = Salt::random(&Fixed(byte)).unwrap();
            assert!(salt.0.iter().all(|b| (1..=127).contains(b) && *b != b'$'));
        }
    }
}
