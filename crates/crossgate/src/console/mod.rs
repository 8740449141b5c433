//! The console: the pages that people see at every path that no contract has, and the API explorer.
//!
//! It owns markup, the session cookie and what a browser must prove before a form is acted on. It knows no
//! database and decides nobody's rights: what a page shows, it calls for in the visitor's name, through the same
//! `admit` and `call` as everybody, and what the visitor may not call the page says so.
//!
//! `view` and `docs` turn values into markup, `pages` fetches the values and answers requests, `site` joins that
//! to the router, identity and the edge.

mod assets;
mod data;
mod docs;
mod form;
mod guard;
mod money;
mod pages;
mod reply;
mod site;
#[cfg(test)]
mod tests;
mod view;
mod visitor;

pub(crate) use site::{Console, Parts};
