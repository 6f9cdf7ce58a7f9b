//! The table's tanh: odd, monotone, and within 1.1 units in the last place of the real one.

use q10::{Activation, Tanh};

/// The table as its documentation defines it.
fn table(bits: u32, step_bits: u32) -> Vec<i32> {
    let one = f64::from(1 << bits);
    let mut entries = Vec::new();
    for k in 0.. {
        let exact = (f64::from(k) / f64::from(1 << step_bits)).tanh();
        entries.push((exact * one + 0.5).floor() as i32);
        if entries.last() == Some(&(1 << bits)) {
            break;
        }
    }
    entries.push(1 << bits);
    entries
}

fn tanh(bits: u32) -> Tanh<i32> {
    let step_bits = bits.div_ceil(2);
    Tanh {
        table: table(bits, step_bits).leak(),
        bits,
        step_bits,
    }
}

#[test]
fn it_is_as_close_as_it_says() {
    // Interpolation is off by step^2 / 8 * max |tanh''| <= 0.097 units, the table and the result
    // are each rounded by half a unit at most.
    for bits in [4, 5, 8, 10, 13, 16, 20] {
        let tanh = tanh(bits);
        let one = f64::from(1 << bits);
        let reach = 12 << bits;
        for x in (0..=reach).step_by(1 + (reach >> 17) as usize) {
            let exact = (f64::from(x) / one).tanh() * one;
            let error = (f64::from(tanh.apply(x)) - exact).abs();
            assert!(error <= 1.1, "{bits} bits: tanh({x}) is off by {error}");
        }
    }
}

#[test]
fn it_is_odd_and_monotone() {
    for bits in [4, 7, 10] {
        let tanh = tanh(bits);
        let mut before = 0;
        for x in 0..12 << bits {
            let y = tanh.apply(x);
            assert!(y >= before, "{bits} bits: falls at {x}");
            assert_eq!(tanh.apply(-x), -y, "{bits} bits: not odd at {x}");
            before = y;
        }
    }
}

#[test]
fn it_is_one_beyond_the_table() {
    let tanh = tanh(10);
    for x in [10 << 10, i32::MAX] {
        assert_eq!(tanh.apply(x), 1 << 10);
        assert_eq!(tanh.apply(-x), -(1 << 10));
    }
    assert_eq!(tanh.apply(i32::MIN), -(1 << 10));
}

#[test]
fn a_table_of_16_bits_gives_the_same() {
    let wide = tanh(10);
    let entries: Vec<i16> = wide.table.iter().map(|&entry| entry as i16).collect();
    let narrow = Tanh {
        table: entries.leak(),
        bits: 10,
        step_bits: 5,
    };
    for x in -6000..6000 {
        assert_eq!(narrow.apply(x), wide.apply(x), "tanh({x})");
    }
}
