//! The one place with `unsafe`: dot products by the dual multiply-accumulate of ARMv7E-M.
//!
//! `SMLAD d, n, m, a` computes `a + n[15:0] * m[15:0] + n[31:16] * m[31:16]` on signed halves. Rust
//! has no stable intrinsic for it, and a compiler that optimizes for size spreads the loads around
//! it over the stack, so the loop is assembly as well: at best 14 instructions for 16 products.
//!
//! Why it is sound: the loop reads each quad of the two slices once, in order, and nothing else;
//! their lengths are checked before it. It writes the named registers alone, no memory and no
//! stack. The flags that it changes are declared (assembly clobbers them by default); Q, which
//! SMLAD may set on overflow, is read by nothing here, and the result then wraps.
//!
//! Elsewhere the same function is written out; both give the same results for all operands.

#![allow(unsafe_code)]

use crate::quad::Quad;

/// Returns, for each of four rows, the dot product with `input` plus the row's bias and the half
/// that rounds: a sum with `2 * F` fractional bits, modulo 2^32.
///
/// `tiles` holds the rows quad by quad: the first of each row, the second of each row, and so on.
///
/// # Panics
///
/// Panics if `tiles` is not four times as long as `input`, or `input` is empty.
#[inline(always)]
pub(crate) fn four_rows<const F: u32>(
    tiles: &[Quad],
    input: &[Quad],
    biases: [i32; 4],
) -> [i32; 4] {
    assert!(
        !input.is_empty() && tiles.len() == 4 * input.len(),
        "four rows: four quads of weights for each quad of a non-empty input"
    );
    sum_tiles::<F>(tiles, input, biases)
}

#[cfg(not(smlad))]
#[inline(always)]
fn sum_tiles<const F: u32>(tiles: &[Quad], input: &[Quad], biases: [i32; 4]) -> [i32; 4] {
    let mut sums = biases.map(crate::rounding::start::<F>);
    for (tile, x) in tiles.chunks_exact(4).zip(input) {
        for (row, sum) in tile.iter().zip(&mut sums) {
            for (&weight, &value) in row.0.iter().zip(&x.0) {
                *sum = sum.wrapping_add(i32::from(weight) * i32::from(value));
            }
        }
    }
    sums
}

/// One quad of the input against one of each row.
#[cfg(smlad)]
macro_rules! tile {
    () => {
        "ldrd {x_1}, {x_2}, [{x}], #8
        ldrd {w_1}, {w_2}, [{w}], #8
        smlad {sum_1}, {w_1}, {x_1}, {sum_1}
        smlad {sum_1}, {w_2}, {x_2}, {sum_1}
        ldrd {w_1}, {w_2}, [{w}], #8
        smlad {sum_2}, {w_1}, {x_1}, {sum_2}
        smlad {sum_2}, {w_2}, {x_2}, {sum_2}
        ldrd {w_1}, {w_2}, [{w}], #8
        smlad {sum_3}, {w_1}, {x_1}, {sum_3}
        smlad {sum_3}, {w_2}, {x_2}, {sum_3}
        ldrd {w_1}, {w_2}, [{w}], #8
        smlad {sum_4}, {w_1}, {x_1}, {sum_4}
        smlad {sum_4}, {w_2}, {x_2}, {sum_4}"
    };
}

#[cfg(smlad)]
#[inline(always)]
fn sum_tiles<const F: u32>(tiles: &[Quad], input: &[Quad], biases: [i32; 4]) -> [i32; 4] {
    let [mut sum_1, mut sum_2, mut sum_3, mut sum_4] = biases;
    let ends = input.as_ptr_range();
    macro_rules! run {
        ($($repeated:expr),+) => {
            // SAFETY: see the module's documentation. The loop ends at the end of `input`, since
            // that holds a positive number of what one turn takes.
            unsafe {
                core::arch::asm!(
                    "mov.w {w_1}, #{half}",
                    "add.w {sum_1}, {w_1}, {sum_1}, lsl #{bits}",
                    "add.w {sum_2}, {w_1}, {sum_2}, lsl #{bits}",
                    "add.w {sum_3}, {w_1}, {sum_3}, lsl #{bits}",
                    "add.w {sum_4}, {w_1}, {sum_4}, lsl #{bits}",
                    "2:",
                    $($repeated,)+
                    "cmp {x}, {end}",
                    "bne 2b",
                    bits = const F,
                    half = const 1 << (F - 1),
                    x = inout(reg) ends.start => _,
                    w = inout(reg) tiles.as_ptr() => _,
                    end = in(reg) ends.end,
                    x_1 = out(reg) _,
                    x_2 = out(reg) _,
                    w_1 = out(reg) _,
                    w_2 = out(reg) _,
                    sum_1 = inout(reg) sum_1,
                    sum_2 = inout(reg) sum_2,
                    sum_3 = inout(reg) sum_3,
                    sum_4 = inout(reg) sum_4,
                    options(pure, readonly, nostack),
                )
            }
        };
    }
    // Lengths are constants where a layer is called with arrays, so one of the two remains.
    if input.len().is_multiple_of(2) {
        run!(tile!(), tile!());
    } else {
        run!(tile!());
    }
    [sum_1, sum_2, sum_3, sum_4]
}
