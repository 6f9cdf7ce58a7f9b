//! What the programs for the board share: console, pace, failure.

#![no_std]
#![warn(missing_docs)]

pub mod console;
mod failure;
pub mod pace;
