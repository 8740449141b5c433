//! The API explorer: every mounted contract as pages that people read and try, rendered from the documents
//! themselves. Knows OpenAPI 3.0 and 3.1 as far as showing them goes; checking them is `crates/contract`'s.

mod book;
mod example;
mod facts;
mod prose;
mod read;
mod schema;
mod try_it;
mod view;

pub(crate) use book::{Book, Catalog};
pub(crate) use view::{Reader, contract, index};
