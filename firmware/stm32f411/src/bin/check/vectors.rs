//! Golden vectors: `vectors.bin` in, `logits.bin` out; both are little-endian 32-bit integers.

use policy::workload::{as_input, as_mask, choose, write_logits, LOGITS, MASKED, VALUES};

use crate::files::File;
use crate::stopwatch::Stopwatch;

const MAGIC: i32 = 0x4751_4C52;
const VERSION: i32 = 1;
const STACK: i32 = 0;
const SCORER: i32 = 1;
/// How many numbers are read or written at a time.
const PIECE: usize = 64;

/// The sizes of one record.
struct Record {
    values: usize,
    logits: usize,
}

/// The header of the file.
struct Header {
    count: i32,
    kind: i32,
    features: usize,
    outputs: usize,
}

impl Header {
    fn read(file: &mut File) -> Header {
        let [magic, version, count, kind, features, outputs, actions] = read(file);
        assert!(
            magic == MAGIC && version == VERSION,
            "vectors.bin: no golden vectors of version 1"
        );
        assert!(
            (kind == STACK || kind == SCORER) && (actions != 0) == MASKED,
            "vectors.bin: made for another network"
        );
        Header {
            count,
            kind,
            features: features as usize,
            outputs: outputs as usize,
        }
    }

    /// Reads the sizes of the next record: of a scorer, they depend on its number of items.
    fn next(&self, file: &mut File) -> Record {
        let record = if self.kind == STACK {
            Record {
                values: self.features,
                logits: self.outputs,
            }
        } else {
            let [items] = read(file);
            Record {
                values: items as usize * self.features,
                logits: items as usize + self.outputs,
            }
        };
        assert!(
            record.values <= VALUES && record.logits <= LOGITS,
            "vectors.bin: a record is too long for this network"
        );
        record
    }
}

/// Computes every vector; returns their number.
pub fn replay(stopwatch: &mut Stopwatch) -> i32 {
    let mut file = File::open(c"vectors.bin");
    let mut out = File::create(c"logits.bin");
    let header = Header::read(&mut file);
    let mut values = [0; VALUES];
    let mut flags = [1; LOGITS];
    let mut expected = [0; LOGITS + 1];
    let mut found = [0; LOGITS + 2];
    for _ in 0..header.count {
        let record = header.next(&mut file);
        read_into(&mut file, &mut values[..record.values]);
        if MASKED {
            read_into(&mut file, &mut flags[..record.logits]);
        }
        // The host compares the results with these, not this program.
        read_into(&mut file, &mut expected[..record.logits + 1]);
        let allowed: [bool; LOGITS] = core::array::from_fn(|i| flags[i] != 0);
        let input = as_input(&values[..record.values]);
        let mask = as_mask(&allowed[..record.logits]);
        write_logits(input, &mut found[..record.logits]);
        let (action, ticks) = stopwatch.measure(|| choose(input, mask));
        found[record.logits] = action as i32;
        found[record.logits + 1] = ticks as i32;
        write(&mut out, &found[..record.logits + 2]);
    }
    header.count
}

fn read<const N: usize>(file: &mut File) -> [i32; N] {
    let mut values = [0; N];
    read_into(file, &mut values);
    values
}

/// Reads in pieces: every call to the host stops the machine.
fn read_into(file: &mut File, values: &mut [i32]) {
    let mut bytes = [0; 4 * PIECE];
    for values in values.chunks_mut(PIECE) {
        let bytes = &mut bytes[..4 * values.len()];
        file.read(bytes);
        for (value, word) in values.iter_mut().zip(bytes.as_chunks().0) {
            *value = i32::from_le_bytes(*word);
        }
    }
}

fn write(file: &mut File, values: &[i32]) {
    let mut bytes = [0; 4 * PIECE];
    for values in values.chunks(PIECE) {
        let bytes = &mut bytes[..4 * values.len()];
        for (value, word) in values.iter().zip(bytes.as_chunks_mut().0) {
            *word = value.to_le_bytes();
        }
        file.write(bytes);
    }
}
