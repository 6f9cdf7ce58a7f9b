//! Writes text to a file on the host, in pieces: every call to the host stops the machine.

use core::ffi::CStr;
use core::fmt;

use crate::files::File;

const ROOM: usize = 4096;

/// A text file that is being written.
pub struct Text {
    file: File,
    bytes: [u8; ROOM],
    used: usize,
}

impl Text {
    /// Creates the file.
    ///
    /// # Panics
    ///
    /// Panics if that fails.
    pub fn create(name: &CStr) -> Text {
        Text {
            file: File::create(name),
            bytes: [0; ROOM],
            used: 0,
        }
    }

    /// Writes numbers with blanks between them.
    pub fn numbers(&mut self, numbers: &[i32]) -> fmt::Result {
        for (index, number) in numbers.iter().enumerate() {
            let blank = if index == 0 { "" } else { " " };
            fmt::Write::write_fmt(self, format_args!("{blank}{number}"))?;
        }
        Ok(())
    }

    fn flush(&mut self) {
        self.file.write(&self.bytes[..self.used]);
        self.used = 0;
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for part in text.as_bytes().chunks(ROOM) {
            if self.used + part.len() > ROOM {
                self.flush();
            }
            self.bytes[self.used..self.used + part.len()].copy_from_slice(part);
            self.used += part.len();
        }
        Ok(())
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        self.flush();
    }
}
