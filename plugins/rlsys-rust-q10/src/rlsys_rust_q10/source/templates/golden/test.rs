//! Compares the policy with the reference on every golden vector. Generated.

use policy::{$names};

/// The numbers of the file, read from front to back.
struct Words(std::vec::IntoIter<i32>);

impl Words {
    fn open() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/vectors.bin");
        let bytes = std::fs::read(path).expect("golden/vectors.bin lies beside this crate");
        let (words, rest) = bytes.as_chunks::<4>();
        assert!(rest.is_empty(), "golden vectors: torn file");
        let words: Vec<i32> = words.iter().map(|&word| i32::from_le_bytes(word)).collect();
        Words(words.into_iter())
    }

    fn take(&mut self, count: usize) -> Vec<i32> {
        let words: Vec<i32> = self.0.by_ref().take(count).collect();
        assert_eq!(words.len(), count, "golden vectors: torn file");
        words
    }
    $read_mask
}

#[test]
fn equals_the_reference_on_every_golden_vector() {
    let mut words = Words::open();
    let header = words.take(7);
    assert_eq!(header[..2], [$magic, $version]);
    let form = [$form];
    assert_eq!(header[3..], form);
    for vector in 0..header[2] {
        $compare
    }
    assert_eq!(words.0.len(), 0, "golden vectors: torn file");
}
$more_tests
