//! The hash of features: part of the model's format, so it is written out here and never changes
//! without a new feature version.

use std::hash::{BuildHasherDefault, Hasher};

/// A 64-bit FNV-1a state.
pub type Hash = u64;

/// The empty text.
pub const START: Hash = 0xcbf2_9ce4_8422_2325;

const PRIME: u64 = 0x0100_0000_01b3;

/// Appends one byte.
pub fn byte(state: Hash, byte: u8) -> Hash {
    (state ^ u64::from(byte)).wrapping_mul(PRIME)
}

/// Hash of a text.
pub fn text(text: &str) -> Hash {
    text.bytes().fold(START, byte)
}

/// Hash of one thing after another; order matters.
pub fn join(first: Hash, second: Hash) -> Hash {
    (first.rotate_left(23) ^ second).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (second >> 29)
}

/// Spreads a state over `bits` bits.
pub fn index(state: Hash, bits: u32) -> u32 {
    let mixed = (state ^ (state >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (mixed >> (64 - bits)) as u32
}

/// For maps whose keys are such hashes already.
pub type Plain = BuildHasherDefault<AsIs>;

/// A hasher that takes a 64-bit key as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |state, next| byte(state, *next));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
