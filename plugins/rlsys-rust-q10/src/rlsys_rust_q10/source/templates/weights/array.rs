pub static $name: [$kind; $count] = [
    $values
];
