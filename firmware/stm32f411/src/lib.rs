//! What the programs for the board share: console, pace, failure, and the product itself.

#![no_std]
#![warn(missing_docs)]

pub mod console;
mod failure;
pub mod pace;
mod run;

pub use run::run;
