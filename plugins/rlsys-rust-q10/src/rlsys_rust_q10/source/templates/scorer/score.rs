/// Returns the logit of an item.
fn score(code: &$code, context: &$code) -> i32 {
    $layers
    output[0]
}
