let count = words.take(1)[0] as usize;
let values = words.take(count * FEATURES);
let (items, _) = values.as_chunks::<FEATURES>();
$mask
let logits = words.take(count + REST);
let action = words.take(1);
let mut computed = vec![0; count + REST];
policy::logits(items, &mut computed);
assert_eq!(computed, logits, "logits of vector {vector}");
let decided = policy::infer($arguments);
assert_eq!([decided as i32], action[..], "action of vector {vector}");
