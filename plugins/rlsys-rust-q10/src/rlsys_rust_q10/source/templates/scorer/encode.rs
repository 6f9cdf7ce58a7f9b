/// Returns the code of an item.
fn encode(item: &[i32; FEATURES]) -> $code {
    $layers
    output
}
