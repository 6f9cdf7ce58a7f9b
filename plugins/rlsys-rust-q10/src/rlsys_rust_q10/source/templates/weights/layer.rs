$about
pub static ${name}_WEIGHTS: [$kind; $count] = [
    $weights
];
$biases
