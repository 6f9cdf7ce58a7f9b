#[rustfmt::skip]
pub static JOBS: [&[Job]; M] = [
    $rows
];
