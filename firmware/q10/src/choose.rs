//! From logits to an action: the greatest one, the lowest index among equals.

/// Returns the index of the greatest logit; 0 where there is none.
#[inline(always)]
pub fn argmax(logits: &[i32]) -> usize {
    let mut best = 0;
    let mut most = i32::MIN;
    for (index, &logit) in logits.iter().enumerate() {
        let better = logit > most;
        best = if better { index } else { best };
        most = if better { logit } else { most };
    }
    best
}

/// Returns the index of the greatest logit whose `mask` is true; 0 where nothing is allowed.
///
/// # Panics
///
/// Panics if there is not one flag for each logit.
#[inline(always)]
pub fn argmax_masked(logits: &[i32], mask: &[bool]) -> usize {
    assert!(
        logits.len() == mask.len(),
        "argmax: one flag for each logit"
    );
    let mut best = 0;
    let mut most = i32::MIN;
    let mut found = false;
    for (index, (&logit, &allowed)) in logits.iter().zip(mask).enumerate() {
        // An allowed logit of i32::MIN still beats none; `&` and `|`, so that nothing is skipped.
        let better = allowed & ((logit > most) | !found);
        found |= allowed;
        best = if better { index } else { best };
        most = if better { logit } else { most };
    }
    best
}
