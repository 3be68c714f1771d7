//! A Bloom filter over ids. Ids are hashes already, so their own bytes pick the bits.

/// Bits per id: with six probes one miss in a hundred still goes to the disk.
const BITS_PER_ID: usize = 10;

/// Answers "certainly not here" for most ids that are not.
pub(super) struct Filter(Vec<u64>);

impl Filter {
    pub fn new(ids: usize) -> Self {
        Filter(vec![0; (ids * BITS_PER_ID).div_ceil(64).max(1)])
    }

    pub fn from_words(words: Vec<u64>) -> Self {
        Filter(words)
    }

    pub fn words(&self) -> &[u64] {
        &self.0
    }

    /// Six probes; the first bytes are left to the index's fanout, so that the two are independent.
    fn probes(&self, id: &[u8; 32]) -> impl Iterator<Item = (usize, u64)> + use<> {
        let bits = self.0.len() as u64 * 64;
        let id = *id;
        (0..6).map(move |probe| {
            let at = 8 + 4 * probe;
            let drawn = u32::from_le_bytes([id[at], id[at + 1], id[at + 2], id[at + 3]]);
            let bit = (u64::from(drawn) * bits) >> 32;
            ((bit / 64) as usize, 1 << (bit % 64))
        })
    }

    pub fn insert(&mut self, id: &[u8; 32]) {
        for (word, bit) in self.probes(id) {
            self.0[word] |= bit;
        }
    }

    pub fn may_hold(&self, id: &[u8; 32]) -> bool {
        self.probes(id).all(|(word, bit)| self.0[word] & bit != 0)
    }
}
