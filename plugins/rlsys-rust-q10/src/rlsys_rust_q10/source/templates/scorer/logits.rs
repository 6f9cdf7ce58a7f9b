/// Writes the logits of the items, then those of the actions of no item, before mask and decoding.
/// The first value of an item tells whether it is present.
///
/// # Panics
///
/// Panics if there are more than `MAX_ITEMS` items, or `output` is not as long as there are logits.
#[inline(never)]
pub fn logits(items: &[[i32; FEATURES]], output: &mut [i32]) {
    assert!(
        items.len() <= MAX_ITEMS,
        "policy: more than MAX_ITEMS items",
    );
    assert!(
        output.len() == items.len() + REST,
        "policy: one logit for each item and each action of no item"
    );
    $split
    let mut codes = [$stored; MAX_ITEMS];
    let mut context = $context;
    let mut count = 0;
    for (item, code) in items.iter().zip(&mut codes) {
        let present = item[0] > 0;
        let words = encode(item);
        q10::accumulate(&mut context, &words, present);
        count += i32::from(present);
        $store
    }
    q10::mean(&mut context, count.max(1));
    $pack
    for (code, score) in codes.iter().zip(scores) {
        *score = self::score(code, $shared);
    }
    $rest
}
