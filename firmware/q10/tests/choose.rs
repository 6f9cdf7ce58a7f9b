//! The action: the greatest allowed logit, the lowest index among equals.

mod common;

use common::Random;
use q10::{argmax, argmax_masked};

/// The definition: sort what is allowed by logit, greatest first; the sort keeps the order of
/// equals.
fn first_of_the_greatest(logits: &[i32], mask: &[bool]) -> usize {
    let mut allowed: Vec<usize> = (0..logits.len()).filter(|&i| mask[i]).collect();
    allowed.sort_by_key(|&i| std::cmp::Reverse(logits[i]));
    allowed.first().copied().unwrap_or(0)
}

#[test]
fn it_is_the_first_of_the_greatest() {
    let mut random = Random::new(4);
    for round in 0..20_000 {
        let count = random.within(1, 9) as usize;
        let logits: Vec<i32> = (0..count)
            .map(|_| match round % 3 {
                0 => random.within(-2, 2) as i32,
                1 => random.word() as i32,
                _ => [i32::MIN, i32::MIN + 1, i32::MAX][random.within(0, 2) as usize],
            })
            .collect();
        let mask: Vec<bool> = (0..count)
            .map(|_| random.word().is_multiple_of(2))
            .collect();
        let everything = vec![true; count];
        assert_eq!(argmax(&logits), first_of_the_greatest(&logits, &everything));
        assert_eq!(
            argmax_masked(&logits, &mask),
            first_of_the_greatest(&logits, &mask),
            "{logits:?} under {mask:?}"
        );
    }
}

#[test]
fn nothing_allowed_is_the_first_action() {
    assert_eq!(argmax_masked(&[1, 2, 3], &[false; 3]), 0);
}

#[test]
#[should_panic(expected = "one flag for each logit")]
fn a_mask_of_another_length_is_refused() {
    argmax_masked(&[1, 2], &[true]);
}
