/// Observed values of one item.
pub const FEATURES: usize = $features;
/// The most items.
pub const MAX_ITEMS: usize = $max_items;
/// Actions that belong to no item.
pub const REST: usize = $outputs;
/// The most logits.
pub const OUTPUTS: usize = MAX_ITEMS + REST;
