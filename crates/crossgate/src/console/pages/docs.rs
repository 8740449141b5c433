//! `/docs`: the API explorer.

use http::StatusCode;
use http::header::HOST;

use super::{Ask, Pages};
use crate::console::docs::{self, Reader};
use crate::console::reply::{self, Reply};

impl Pages {
    pub(super) fn docs(&self, ask: &Ask<'_>) -> Reply {
        let origin = origin(ask);
        let reader = Reader { frame: self.frame(ask), origin: &origin };
        reply::page(StatusCode::OK, docs::index(&reader, &self.catalog.load()))
    }

    pub(super) fn contract(&self, ask: &Ask<'_>, name: &str) -> Reply {
        let origin = origin(ask);
        let catalog = self.catalog.load();
        let Some(book) = catalog.find(name) else { return self.nowhere(ask) };
        let reader = Reader { frame: self.frame(ask), origin: &origin };
        reply::page(StatusCode::OK, docs::contract(&reader, &catalog, book))
    }

    pub(super) fn document(&self, ask: &Ask<'_>, name: &str) -> Reply {
        match self.catalog.load().find(name) {
            Some(book) => reply::document(&book.json, &book.etag, &ask.head.headers),
            None => self.nowhere(ask),
        }
    }
}

/// Where this server is, as the visitor reached it. What is no plain authority is not repeated.
fn origin(ask: &Ask<'_>) -> String {
    let host = ask.head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = ask.head.uri.authority().map(http::uri::Authority::as_str).or(host);
    let plain = |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte));
    let scheme = if ask.visitor.secure { "https" } else { "http" };
    format!("{scheme}://{}", authority.filter(plain).unwrap_or("localhost"))
}
