//! Files on the host, over semihosting.

use core::ffi::CStr;

use cortex_m_semihosting::{nr, syscall};

/// An open file.
pub struct File {
    handle: usize,
}

impl File {
    /// Opens a file for reading.
    ///
    /// # Panics
    ///
    /// Panics if it does not exist.
    pub fn open(name: &CStr) -> File {
        File::with_mode(name, nr::open::R_BINARY)
    }

    /// Creates a file for writing, or empties it.
    ///
    /// # Panics
    ///
    /// Panics if that fails.
    pub fn create(name: &CStr) -> File {
        File::with_mode(name, nr::open::W_TRUNC_BINARY)
    }

    fn with_mode(name: &CStr, mode: usize) -> File {
        // SAFETY: the host reads the name, which has `count_bytes` bytes and then a NUL.
        let handle = unsafe { syscall!(OPEN, name.as_ptr(), mode, name.count_bytes()) };
        assert!(handle != usize::MAX, "cannot open {name:?} on the host");
        File { handle }
    }

    /// Fills `bytes` from the file.
    ///
    /// # Panics
    ///
    /// Panics if the file ends before that.
    pub fn read(&mut self, bytes: &mut [u8]) {
        // SAFETY: the host writes at most `bytes.len()` bytes, into memory that is ours.
        let missing = unsafe { syscall!(READ, self.handle, bytes.as_mut_ptr(), bytes.len()) };
        assert!(missing == 0, "a file of the host ends too early");
    }

    /// Appends `bytes` to the file.
    ///
    /// # Panics
    ///
    /// Panics if the host could not write them.
    pub fn write(&mut self, bytes: &[u8]) {
        // SAFETY: the host reads `bytes.len()` bytes, from memory that is ours.
        let missing = unsafe { syscall!(WRITE, self.handle, bytes.as_ptr(), bytes.len()) };
        assert!(missing == 0, "the host cannot write a file");
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used again.
        unsafe { syscall!(CLOSE, self.handle) };
    }
}
