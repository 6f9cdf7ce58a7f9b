/// Returns the logits of the actions of no item.
fn others(context: &$code) -> $logits {
    $layers
    output
}
