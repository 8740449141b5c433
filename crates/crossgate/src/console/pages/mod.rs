//! From requests to pages: which page a path is, what it needs fetched, and what is shown instead when it
//! cannot be had. Everything is fetched through a [`Door`], in the visitor's name.

mod accept;
mod calls;
mod docs;
mod home;
mod loan;
mod loans;
mod logs;
mod realms;
mod sign;

use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use crossgate_call::{Clock, Error, Kind};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts as Head;
use http::{Method, StatusCode};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::assets::{Assets, content_hash};
use super::docs::Catalog;
use super::form::{self, Fields};
use super::reply::{self, Reply};
use super::view::layout::Frame;
use super::view::notice::{self, Notice};
use super::visitor::{Door, Visitor};

/// Everything that the pages are made of.
pub(crate) struct Pages {
    pub(crate) assets: Assets,
    pub(crate) catalog: ArcSwap<Catalog>,
    pub(crate) version: &'static str,
    /// The Swagger 2.0 document for clients from before, with its entity tag.
    pub(crate) swagger: Option<(Bytes, String)>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// One request for a page.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) head: &'a Head,
    pub(crate) body: &'a Bytes,
    pub(crate) visitor: &'a Visitor,
    pub(crate) door: &'a dyn Door,
}

/// A page that could not be made: the failed call and its procedure.
#[derive(Debug)]
pub(crate) struct Failed {
    error: Error,
    procedure: String,
}

/// What there is, by path.
enum Page<'p> {
    Home,
    SignIn,
    SignOut,
    Loans,
    Loan(&'p str),
    Calls,
    Logs,
    Realms,
    Realm(&'p str),
    Kill(&'p str),
    Docs,
    Contract(&'p str),
    Document(&'p str),
    Asset,
    Icon,
    Swagger,
    /// Where the explorer was in the service that Crossgate replaces.
    ToDocs,
}

impl<'p> Page<'p> {
    fn at(path: &'p str) -> Option<Self> {
        Some(match path {
            "/" => Self::Home,
            "/sign-in" => Self::SignIn,
            "/sign-out" => Self::SignOut,
            "/loans" => Self::Loans,
            "/calls" => Self::Calls,
            "/logbook" => Self::Logs,
            "/realms" => Self::Realms,
            "/docs" | "/docs/" => Self::Docs,
            "/favicon.ico" => Self::Icon,
            "/swagger.json" => Self::Swagger,
            "/api" | "/api/v1" => Self::ToDocs,
            _ => return Self::below(path),
        })
    }

    fn below(path: &'p str) -> Option<Self> {
        if path.starts_with("/assets/") {
            return Some(Self::Asset);
        }
        if let Some(id) = path.strip_prefix("/loans/") {
            return Some(Self::Loan(id));
        }
        if let Some(name) = path.strip_prefix("/realms/") {
            return match name.strip_suffix("/kill") {
                Some(name) => Some(Self::Kill(name)),
                None => Some(Self::Realm(name)),
            };
        }
        let name = path.strip_prefix("/docs/")?;
        match name.strip_prefix("openapi/").and_then(|name| name.strip_suffix(".json")) {
            Some(name) => Some(Self::Document(name)),
            None => Some(Self::Contract(name)),
        }
    }

    fn allow(&self) -> &'static str {
        match self {
            Self::SignIn => "GET, HEAD, POST",
            Self::SignOut | Self::Kill(_) => "POST",
            _ => "GET, HEAD",
        }
    }
}

impl Pages {
    /// New pages without contracts.
    pub(crate) fn new(version: &'static str, swagger: Option<Bytes>, clock: Arc<dyn Clock>) -> Self {
        let swagger = swagger.map(|bytes| {
            let etag = format!("\"{}\"", content_hash(&bytes));
            (bytes, etag)
        });
        Self { assets: Assets::new(), catalog: ArcSwap::default(), version, swagger, clock }
    }

    /// Answers one request. Never fails: what cannot be shown is a page that says so.
    pub(crate) async fn answer(&self, ask: &Ask<'_>) -> Reply {
        let Some(page) = Page::at(ask.head.uri.path()) else { return self.nowhere(ask) };
        let posted = ask.head.method == Method::POST;
        if !page.allow().split(", ").any(|method| method == ask.head.method.as_str()) {
            let detail = "this page does not answer that method";
            let reply = reply::problem(StatusCode::METHOD_NOT_ALLOWED, detail);
            return reply::with_allow(reply, page.allow());
        }
        let made = match page {
            Page::Home => self.home(ask).await,
            Page::SignIn if posted => Ok(self.sign_in(ask).await),
            Page::SignIn => Ok(self.sign_in_form(ask)),
            Page::SignOut => Ok(self.sign_out(ask).await),
            Page::Loans => self.loans(ask).await,
            Page::Loan(id) => self.loan(ask, id).await,
            Page::Calls => self.calls(ask).await,
            Page::Logs => self.logs(ask).await,
            Page::Realms => self.realms(ask).await,
            Page::Realm(name) => self.realm(ask, name).await,
            Page::Kill(name) => self.kill(ask, name).await,
            Page::Docs => Ok(self.docs(ask)),
            Page::Contract(name) => Ok(self.contract(ask, name)),
            Page::Document(name) => Ok(self.document(ask, name)),
            Page::Asset => Ok(self.asset(ask)),
            Page::Icon => Ok(reply::icon(&self.assets.logo, &ask.head.headers)),
            Page::Swagger => Ok(self.swagger(ask)),
            Page::ToDocs => Ok(reply::redirect(StatusCode::FOUND, "/docs")),
        };
        made.unwrap_or_else(|failed| self.failed(ask, &failed))
    }

    fn asset(&self, ask: &Ask<'_>) -> Reply {
        match self.assets.find(ask.head.uri.path()) {
            Some(asset) => reply::asset(asset, &ask.head.headers),
            None => self.nowhere(ask),
        }
    }

    fn swagger(&self, ask: &Ask<'_>) -> Reply {
        match &self.swagger {
            Some((bytes, etag)) => reply::document(bytes, etag, &ask.head.headers),
            None => self.nowhere(ask),
        }
    }

    /// Nothing at this path: a page for people, a problem document for programs.
    fn nowhere(&self, ask: &Ask<'_>) -> Reply {
        if accept::prefers_html(&ask.head.headers) {
            return self.notice(ask, &Notice::nowhere());
        }
        reply::problem(StatusCode::NOT_FOUND, "there is nothing at this path")
    }

    /// A failed call as a page; a stranger is asked to sign in first.
    fn failed(&self, ask: &Ask<'_>, failed: &Failed) -> Reply {
        let refused = matches!(failed.error.kind(), Kind::Unauthenticated | Kind::Forbidden);
        if refused && ask.visitor.name.is_none() {
            let here = ask.head.uri.path_and_query().map(http::uri::PathAndQuery::as_str);
            return reply::redirect(StatusCode::SEE_OTHER, &form::link("/sign-in", &[("next", here)]));
        }
        let mut reply = self.notice(ask, &Notice::of(&failed.error, &failed.procedure));
        if let Some(wait) = failed.error.retry_after() {
            reply::set(&mut reply, RETRY_AFTER, &wait.as_secs().max(1).to_string());
        }
        reply
    }

    fn notice(&self, ask: &Ask<'_>, notice: &Notice) -> Reply {
        let mut reply = reply::page(notice.status, notice::page(&self.frame(ask), notice));
        if notice.status == StatusCode::UNAUTHORIZED {
            reply::set(&mut reply, WWW_AUTHENTICATE, "Bearer");
        }
        reply
    }

    fn frame<'a>(&'a self, ask: &Ask<'a>) -> Frame<'a> {
        Frame { assets: &self.assets, visitor: ask.visitor, version: self.version }
    }

    /// The day, UTC.
    fn today(&self) -> Date {
        self.clock.now().to_zoned(TimeZone::UTC).date()
    }
}

impl Ask<'_> {
    /// Calls a procedure in the visitor's name and reads its answer.
    async fn fetch<T: DeserializeOwned>(&self, procedure: &str, input: Value) -> Result<T, Failed> {
        let failed = |error| Failed { error, procedure: procedure.to_owned() };
        let payload = self.door.call(procedure, input).await.map_err(failed)?;
        payload.parse().map_err(|cause| {
            tracing::error!(procedure, %cause, "the answer does not have the shape that the console knows");
            failed(Error::internal(cause))
        })
    }

    fn query(&self) -> Fields {
        Fields::parse(self.head.uri.query().unwrap_or_default().as_bytes())
    }
}
