let observation: [i32; INPUTS] = words.take(INPUTS).try_into().unwrap();
$mask
let logits = words.take(OUTPUTS);
let action = words.take($decisions);
let computed = policy::logits(&observation);
assert_eq!(computed[..], logits, "logits of vector {vector}");
let decided = policy::infer($arguments);
$compare_action
