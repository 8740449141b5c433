//! From a method and a path to an operation: a tree of path segments shared by any number of contracts.

mod path;
mod table;
mod template;

pub use path::PathParams;
pub use table::{Match, Table};
pub(crate) use template::{Segment, Template};

/// The largest number of parameters in one path template.
pub const PATH_PARAMETERS_MAX: usize = 16;
