
#[test]
#[should_panic(expected = "more than MAX_ITEMS items")]
fn refuses_too_many_items() {
    policy::logits(&[[0; FEATURES]; MAX_ITEMS + 1], &mut [0; OUTPUTS + 1]);
}
