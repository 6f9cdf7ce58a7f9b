const TANH: Tanh<$entry> = Tanh {
    table: &weights::TANH,
    bits: BITS,
    step_bits: $step_bits,
};
