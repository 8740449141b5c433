//! The store's behaviour, through its public interface, on real files.

mod secrets;
