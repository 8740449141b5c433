//! The logbook against a real database.

#[cfg(test)]
mod kit;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod writing;
