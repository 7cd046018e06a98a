//! Computes the CRC of two joined pieces of data from the CRCs of the pieces.
//!
//! A CRC is a remainder of polynomials over GF(2). Appending `n` bytes to a piece multiplies its remainder by
//! x^(8n). With the powers x^(2^k) known, that takes a few products, whatever the length.

use crate::model::ChecksumAlgorithm;

pub struct Combiner {
    /// How many bytes a value has.
    length: usize,
    /// The polynomial. The coefficient of x^0 is its highest bit.
    polynomial: u64,
    /// x^0: the highest bit.
    one: u64,
    /// x^(2^k) for each k.
    powers: [u64; 64],
}

impl Combiner {
    /// `None` for an algorithm that is no CRC: other checksums cannot be combined.
    pub fn new(algorithm: ChecksumAlgorithm) -> Option<Self> {
        let polynomial = match algorithm {
            ChecksumAlgorithm::Crc32 => 0xedb8_8320,
            ChecksumAlgorithm::Crc32c => 0x82f6_3b78,
            ChecksumAlgorithm::Crc64Nvme => 0x9a6c_9329_ac4b_c9b5,
            ChecksumAlgorithm::Sha1 | ChecksumAlgorithm::Sha256 => return None,
        };
        let length = algorithm.length();
        let one = 1 << (8 * length - 1);
        let mut combiner = Self { length, polynomial, one, powers: [0; 64] };
        let mut power = one >> 1;
        for place in 0..combiner.powers.len() {
            combiner.powers[place] = power;
            power = combiner.product(power, power);
        }
        Some(combiner)
    }

    /// The CRC of a piece and the `length` bytes behind it. `None` if a value is not as long as a CRC.
    pub fn combine(&self, first: &[u8], second: &[u8], length: u64) -> Option<Vec<u8>> {
        let (first, second) = (self.read(first)?, self.read(second)?);
        let combined = self.product(first, self.shift(length)) ^ second;
        Some(combined.to_be_bytes()[8 - self.length..].to_vec())
    }

    fn read(&self, value: &[u8]) -> Option<u64> {
        let fits = value.len() == self.length;
        fits.then(|| value.iter().fold(0, |read, &byte| read << 8 | u64::from(byte)))
    }

    /// x^(8 · length).
    fn shift(&self, length: u64) -> u64 {
        let places = (0..61).filter(|place| length >> place & 1 == 1);
        places.fold(self.one, |shift, place| self.product(shift, self.powers[place + 3]))
    }

    /// The product of two polynomials, modulo the polynomial.
    fn product(&self, a: u64, mut b: u64) -> u64 {
        let mut product = 0;
        let mut bit = self.one;
        while bit != 0 {
            if a & bit != 0 {
                product ^= b;
            }
            bit >>= 1;
            b = if b & 1 == 1 { b >> 1 ^ self.polynomial } else { b >> 1 };
        }
        product
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Hasher;
    use super::*;

    const CRCS: [ChecksumAlgorithm; 3] =
        [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc32c, ChecksumAlgorithm::Crc64Nvme];

    fn direct(algorithm: ChecksumAlgorithm, data: &[u8]) -> Vec<u8> {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(data);
        hasher.finish()
    }

    #[test]
    fn only_crcs_can_be_combined() {
        assert!(Combiner::new(ChecksumAlgorithm::Sha1).is_none());
        assert!(Combiner::new(ChecksumAlgorithm::Sha256).is_none());
        for algorithm in CRCS {
            let combiner = Combiner::new(algorithm).unwrap();
            assert!(combiner.combine(&[0; 5], &vec![0; algorithm.length()], 1).is_none());
        }
    }

    #[test]
    fn long_runs_of_zeros() {
        let (zeros, head) = (vec![0; 3 << 20], b"head");
        for algorithm in CRCS {
            let combined = Combiner::new(algorithm).unwrap().combine(
                &direct(algorithm, head),
                &direct(algorithm, &zeros),
                zeros.len() as u64,
            );
            let whole = [head.as_slice(), &zeros].concat();
            assert_eq!(combined, Some(direct(algorithm, &whole)), "{algorithm}");
        }
    }

    /// For lengths that no test can compute over: two ways to combine three pieces give the same.
    #[test]
    fn any_length_is_associative() {
        for algorithm in CRCS {
            let combiner = Combiner::new(algorithm).unwrap();
            let (a, b, c) = (direct(algorithm, b"a"), direct(algorithm, b"b"), direct(algorithm, b"c"));
            for (second, third) in
                [(1, 5 << 40), (5 << 40, 1), (u64::MAX >> 4, 7), (0x1234_5678_9abc, 1 << 43)]
            {
                let left = combiner.combine(&combiner.combine(&a, &b, second).unwrap(), &c, third);
                let right = combiner.combine(&a, &combiner.combine(&b, &c, third).unwrap(), second + third);
                assert_eq!(left, right, "{algorithm} {second} {third}");
            }
        }
    }

    proptest! {
        #[test]
        fn as_computed_over_the_whole(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..6)) {
            for algorithm in CRCS {
                let combiner = Combiner::new(algorithm).unwrap();
                let combined = pieces.iter().fold(direct(algorithm, &[]), |so_far, piece| {
                    combiner.combine(&so_far, &direct(algorithm, piece), piece.len() as u64).unwrap()
                });
                prop_assert_eq!(combined, direct(algorithm, &pieces.concat()));
            }
        }
    }
}
