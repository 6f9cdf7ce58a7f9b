$about
pub static TABLE: Option<&[i8]> = None;
