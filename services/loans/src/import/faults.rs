//! What is wrong with a file, line by line.

use std::fmt;

/// The most faults that are kept for one file; the rest are counted.
pub const FAULTS_MAX: usize = 100;

/// One bad line.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The file, as it was named by the caller.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.reason)
    }
}

/// The faults of one file: the first [`FAULTS_MAX`] in full, and how many there are.
#[derive(Clone, Debug)]
pub struct Faults {
    file: String,
    list: Vec<Fault>,
    count: u64,
}

impl Faults {
    pub(super) fn of(file: &str) -> Self {
        Self { file: file.to_owned(), list: Vec::new(), count: 0 }
    }

    pub(super) fn push(&mut self, line: u64, reason: String) {
        self.count += 1;
        if self.list.len() < FAULTS_MAX {
            self.list.push(Fault { file: self.file.clone(), line, reason });
        }
    }

    pub(super) fn sort(&mut self) {
        self.list.sort_by_key(|fault| fault.line);
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The faults that were kept, by line.
    pub fn list(&self) -> &[Fault] {
        &self.list
    }

    /// How many faults there are, kept or not.
    pub fn count(&self) -> u64 {
        self.count
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.list {
            writeln!(f, "{fault}")?;
        }
        match self.count - self.list.len() as u64 {
            0 => Ok(()),
            more => writeln!(f, "{}: and {more} more", self.file),
        }
    }
}
