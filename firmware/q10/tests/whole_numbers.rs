//! Ratios, means and bounds against the definitions in 128 bits.

mod common;

use common::{quads, Random};
use q10::{accumulate, clamp, clamp_pack, mean, pack, ratio, unpack, Quad};

fn defined_ratio(numerator: i32, denominator: i32, bits: u32) -> i128 {
    let (n, d) = (i128::from(numerator), i128::from(denominator));
    (2 * n * (1 << bits) + d).div_euclid(2 * d)
}

#[test]
fn a_ratio_rounds_half_up() {
    let mut random = Random::new(5);
    for _ in 0..200_000 {
        let bits = random.within(4, 20) as u32;
        // Of every size, so that both ways of dividing are taken, and small enough for ties.
        let size = random.within(1, 31) as u32;
        let most = (1_i64 << size) - 1;
        let numerator = random.within(-most - 1, most) as i32;
        let size = random.within(1, 31) as u32;
        let denominator = random.within(1, (1_i64 << size) - 1) as i32;
        let expected =
            defined_ratio(numerator, denominator, bits).clamp(i32::MIN.into(), i32::MAX.into());
        assert_eq!(
            i128::from(ratio(numerator, denominator, bits)),
            expected,
            "{numerator} / {denominator} with {bits} bits"
        );
    }
}

#[test]
fn ratios_at_the_seams_of_the_fast_way() {
    for bits in [4, 10, 20] {
        let seam = 1 << (29 - bits);
        for numerator in [
            -seam - 1,
            -seam,
            1 - seam,
            seam - 1,
            seam,
            seam + 1,
            i32::MIN,
        ] {
            for denominator in [1, (1 << 30) - 1, 1 << 30, i32::MAX] {
                let expected = defined_ratio(numerator, denominator, bits)
                    .clamp(i32::MIN.into(), i32::MAX.into());
                let found = ratio(numerator, denominator, bits);
                assert_eq!(i128::from(found), expected, "{numerator} / {denominator}");
            }
        }
    }
}

#[test]
fn hand_worked_ratios() {
    assert_eq!(ratio(1, 3, 10), 341);
    assert_eq!(ratio(1, 2048, 10), 1); // exactly half a unit
    assert_eq!(ratio(-1, 2048, 10), 0);
    assert_eq!(ratio(-3, 2048, 10), -1);
    assert_eq!(ratio(7, 2, 10), 3584);
}

#[test]
#[should_panic(expected = "the denominator must be at least 1")]
fn a_ratio_to_nothing_is_refused() {
    ratio(1, 0, 10);
}

#[test]
fn a_mean_rounds_half_up() {
    let mut random = Random::new(6);
    for _ in 0..20_000 {
        let count = random.within(1, 65) as i32;
        let most = if random.word().is_multiple_of(2) {
            100
        } else {
            i32::MAX / 2
        };
        let sums: Vec<i32> = (0..8)
            .map(|_| random.within(-i64::from(most), most.into()) as i32)
            .collect();
        let mut means = sums.clone();
        mean(&mut means, count);
        for (&sum, &found) in sums.iter().zip(&means) {
            let expected = (2 * i64::from(sum) + i64::from(count)).div_euclid(2 * i64::from(count));
            assert_eq!(i64::from(found), expected, "{sum} / {count}");
        }
    }
}

#[test]
#[should_panic(expected = "the mean of no items")]
fn the_mean_of_no_items_is_refused() {
    mean(&mut [1], 0);
}

#[test]
fn absent_items_add_nothing() {
    let mut sums = [10, -20];
    accumulate(&mut sums, &[1, i32::MIN], false);
    assert_eq!(sums, [10, -20]);
    accumulate(&mut sums, &[-3, 4], true);
    assert_eq!(sums, [7, -16]);
}

#[test]
fn inputs_are_brought_within_bounds_and_padded() {
    let mut random = Random::new(7);
    for count in 0..=13_usize {
        for padding in [0, 1, 5] {
            let room = (count + padding).next_multiple_of(4);
            let input: Vec<i32> = (0..count)
                .map(|i| match i % 3 {
                    0 => random.word() as i32,
                    1 => random.within(-1500, 1500) as i32,
                    _ => [i32::MIN, i32::MAX][(random.word() % 2) as usize],
                })
                .collect();
            let low: Vec<i32> = (0..count).map(|i| [0, -1024, -7][i % 3]).collect();
            let high: Vec<i32> = (0..count).map(|i| [1024, 2048, 9][i % 3]).collect();
            let mut expected: Vec<i64> = (0..count)
                .map(|i| i64::from(input[i].clamp(low[i], high[i])))
                .collect();
            expected.resize(room, 0);

            let mut found = vec![77; room];
            clamp(&input, &low, &high, &mut found);
            assert!(found
                .iter()
                .map(|&value| i64::from(value))
                .eq(expected.iter().copied()));

            let mut packed = vec![Quad([77; 4]); room / 4];
            clamp_pack(&input, &low, &high, &mut packed);
            assert_eq!(packed, quads(&expected));
        }
    }
}

#[test]
fn packing_is_undone_by_unpacking() {
    let values: Vec<i32> = vec![i16::MIN.into(), -1, 0, 1, i16::MAX.into(), 7, -7, 1024];
    let mut packed = [Quad::ZERO; 2];
    let mut found = [0; 8];
    pack(&values, &mut packed);
    unpack(&packed, &mut found);
    assert_eq!(found, values[..]);
}
