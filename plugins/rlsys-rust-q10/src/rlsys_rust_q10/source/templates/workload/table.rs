$about
#[rustfmt::skip]
pub static TABLE: Option<&[i8]> = Some(&[
    $actions
]);
