//! The console at the edge: each visit becomes a visitor and a door into the router.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use crossgate_call::{Caller, Clock, Outcome, Payload, Trace};
use crossgate_contract::Contract;
use crossgate_edge::{Site, Visit};
use crossgate_identity::{Action, Grants, Identity};
use crossgate_router::{Origin, Router};
use http::{Request, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::docs::{Book, Catalog};
use super::pages::{Ask, Pages};
use super::visitor::{AUDIT_LIST, Door, LOANS_BALANCE, LOANS_HISTORY, LOANS_LIST, Pending, Visitor};

/// What audit records say of calls that pages make.
const DOOR: &str = "console";

/// What a console is made of.
pub(crate) struct Parts {
    /// The door to every procedure.
    pub(crate) router: Arc<Router>,
    /// Sessions, and which links to show.
    pub(crate) identity: Arc<Identity>,
    /// The time; pages speak of today.
    pub(crate) clock: Arc<dyn Clock>,
    /// Every mounted contract: its name, its prefix, itself.
    pub(crate) contracts: Vec<(String, String, Arc<Contract>)>,
    /// What `/swagger.json` answers: a Swagger 2.0 document for clients from before.
    pub(crate) swagger: Option<Bytes>,
    /// The program's version.
    pub(crate) version: &'static str,
}

/// The console. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Console(Arc<Inner>);

struct Inner {
    router: Arc<Router>,
    identity: Arc<Identity>,
    pages: Pages,
}

impl Console {
    /// A console over a router.
    pub(crate) fn new(parts: Parts) -> Self {
        let console = Self(Arc::new(Inner {
            router: parts.router,
            identity: parts.identity,
            pages: Pages::new(parts.version, parts.swagger, parts.clock),
        }));
        console.replace_contracts(&parts.contracts);
        console
    }

    /// Shows other contracts from now on.
    pub(crate) fn replace_contracts(&self, contracts: &[(String, String, Arc<Contract>)]) {
        let books = contracts.iter().map(|(name, prefix, contract)| Book::new(name, prefix, contract.document()));
        self.0.pages.catalog.store(Arc::new(Catalog(books.collect())));
    }
}

impl Site for Console {
    fn serve(&self, request: Request<Bytes>, visit: Visit) -> Pin<Box<dyn Future<Output = Response<Bytes>> + Send>> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move {
            let visitor = visitor(&visit, &inner.identity.grants());
            let door = Live { inner: &inner, caller: visit.caller, source: visit.source, trace: visit.trace };
            let (head, body) = request.into_parts();
            inner.pages.answer(&Ask { head: &head, body: &body, visitor: &visitor, door: &door }).await
        })
    }
}

fn visitor(visit: &Visit, grants: &Grants) -> Visitor {
    let caller = &visit.caller;
    let granted = |procedure: &&'static str| grants.permits(caller.roles(), Action::Call, procedure);
    Visitor {
        name: (!caller.is_anonymous()).then(|| Arc::clone(caller.id())),
        roles: caller.roles().to_vec(),
        realm: caller.realm().as_str().to_owned(),
        proof: caller.proof().as_str(),
        secure: visit.secure,
        trace: visit.trace,
        granted: [LOANS_LIST, LOANS_HISTORY, LOANS_BALANCE, AUDIT_LIST].into_iter().filter(granted).collect(),
    }
}

/// The door in one visitor's name.
struct Live<'a> {
    inner: &'a Inner,
    caller: Arc<Caller>,
    source: Option<IpAddr>,
    trace: Trace,
}

impl Door for Live<'_> {
    fn call<'a>(&'a self, procedure: &'a str, input: Value) -> Pending<'a, Payload> {
        let origin = Origin { door: DOOR, source: self.source, trace: self.trace };
        Box::pin(async move {
            let permit = self.inner.router.admit(&self.caller, procedure, origin).await?;
            match self.inner.router.call(permit, Payload::from_value(input)).await? {
                Outcome::Value(value) | Outcome::Created { value, .. } | Outcome::Accepted { value, .. } => Ok(value),
                Outcome::Empty | Outcome::Bytes { .. } => Ok(Payload::null()),
            }
        })
    }

    fn begin<'a>(&'a self, user: &'a str, password: &'a SecretString) -> Pending<'a, SecretString> {
        Box::pin(async move {
            let session =
                self.inner.identity.begin_session(self.caller.realm(), user, password.expose_secret()).await?;
            Ok(session.cookie_value)
        })
    }

    fn end<'a>(&'a self, cookie: &'a str) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            self.inner.identity.end_session(cookie).await;
        })
    }
}
