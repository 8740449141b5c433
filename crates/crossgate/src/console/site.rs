//! The console at the edge: each visit becomes a visitor and a door into the router.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use crossgate_call::{Caller, Clock, Error, Outcome, Payload, Proof, Trace};
use crossgate_contract::Contract;
use crossgate_edge::{Site, Visit};
use crossgate_identity::{Action, Grants, Identity};
use crossgate_router::audit::Record;
use crossgate_router::{Origin, Router};
use http::{Request, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::docs::{Book, Catalog};
use super::pages::{Ask, Pages};
use super::visitor::{Door, PROCEDURES, Pending, Visitor};

/// What audit records say of calls that pages make.
const DOOR: &str = "console";
/// What audit records call a sign-in with a password.
const SIGN_IN: &str = "identity.sign_in";

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
        granted: PROCEDURES.into_iter().filter(granted).collect(),
    }
}

/// The door in one visitor's name.
struct Live<'a> {
    inner: &'a Inner,
    caller: Arc<Caller>,
    source: Option<IpAddr>,
    trace: Trace,
}

impl Live<'_> {
    /// Whoever signed in, or a stranger: a name that was only typed may be a password in the wrong field.
    fn sign_in_record(&self, user: &str, error: Option<&Error>, started: Instant) -> Record {
        let clock = &self.inner.pages.clock;
        let (caller, proof) = match error {
            None => (user.into(), Proof::Password),
            Some(_) => (Arc::clone(self.caller.id()), self.caller.proof()),
        };
        Record {
            at: clock.now(),
            realm: self.caller.realm().clone(),
            caller,
            proof,
            certificate: self.caller.certificate().cloned(),
            procedure: SIGN_IN.into(),
            door: DOOR,
            source: self.source,
            outcome: error.map_or("ok", |error| error.kind().as_str()),
            detail: error.map(|error| error.public().to_owned()),
            duration: clock.instant().saturating_duration_since(started),
            trace: self.trace,
        }
    }
}

impl Door for Live<'_> {
    fn call<'a>(&'a self, procedure: &'a str, input: Value) -> Pending<'a, Payload> {
        let origin = Origin { door: DOOR, source: self.source, trace: self.trace };
        Box::pin(async move {
            let permit = self.inner.router.admit(&self.caller, procedure, origin).await?;
            match self.inner.router.call(permit, Payload::from_value(input)).await? {
                Outcome::Value(value) | Outcome::Created { value, .. } | Outcome::Accepted { value, .. } => Ok(value),
                Outcome::Empty | Outcome::Bytes { .. } | Outcome::Stream(_) => Ok(Payload::null()),
            }
        })
    }

    fn begin<'a>(&'a self, user: &'a str, password: &'a SecretString) -> Pending<'a, SecretString> {
        Box::pin(async move {
            let started = self.inner.pages.clock.instant();
            // A place in the audit log first: nobody signs in, nor is turned away, who is not on record.
            let slot = self.inner.router.audit().reserve().await?;
            let source = self.source.map(|address| address.to_string());
            let identity = &self.inner.identity;
            let begun = identity
                .begin_session_from(self.caller.realm(), user, password.expose_secret(), source.as_deref())
                .await;
            slot.record(self.sign_in_record(user, begun.as_ref().err(), started));
            Ok(begun?.cookie_value)
        })
    }

    fn end<'a>(&'a self, cookie: &'a str) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(async move {
            self.inner.identity.end_session(cookie).await;
        })
    }
}

#[cfg(test)]
mod tests {
    use crossgate_call::{Realm, SystemClock};
    use crossgate_identity::Credentials;
    use crossgate_router::audit::{Audit, Config, Filter};
    use crossgate_store::Store;
    use http::StatusCode;

    use super::*;
    use crate::fetch::HttpsFetch;

    async fn console() -> (Console, Audit, Arc<Identity>) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let fetch = Arc::new(HttpsFetch::new().expect("a client"));
        let store = Store::temporary().expect("a store");
        let identity = Identity::open(Default::default(), store, fetch, Arc::clone(&clock)).await.expect("identity");
        let store = Store::temporary().expect("a store");
        let audit = Audit::with_store(&Config::default(), store, Arc::clone(&clock)).await.expect("a log");
        let parts = crossgate_router::Parts {
            identity: Arc::clone(&identity),
            audit: audit.clone(),
            clock: Arc::clone(&clock),
        };
        let router = Router::new(parts);
        let parts =
            Parts { router, identity: Arc::clone(&identity), clock, contracts: Vec::new(), swagger: None, version: "" };
        (Console::new(parts), audit, identity)
    }

    async fn sign_in(console: &Console, identity: &Identity, user: &str, password: &str) -> StatusCode {
        let realm = Realm::new("test");
        let nothing =
            Credentials { realm: &realm, authorization: None, api_key: None, session: None, certificate: None };
        let visit = Visit {
            caller: identity.caller(&nothing).await.expect("anybody"),
            trace: Trace::from_random(7),
            source: "192.0.2.9".parse().ok(),
            secure: true,
            listener: "tls".into(),
        };
        let form = format!("user={user}&password={password}");
        let request = Request::post("/sign-in").header("sec-fetch-site", "same-origin").body(form.into());
        console.serve(request.expect("a request"), visit).await.status()
    }

    #[tokio::test]
    async fn who_signs_in_is_on_record_and_so_is_who_fails_to() {
        let (console, audit, identity) = console().await;
        identity.add_user("alice", "wonderland", &[], false).await.expect("a user");
        assert_eq!(sign_in(&console, &identity, "alice", "wonderland").await, StatusCode::SEE_OTHER);
        assert_eq!(sign_in(&console, &identity, "alice", "x").await, StatusCode::UNAUTHORIZED);
        audit.flush().await.expect("written");
        let records = audit.list(Filter::default()).await.expect("records");
        let told: Vec<_> = records
            .iter()
            .map(|record| (&*record.procedure, &*record.outcome, &*record.caller, &*record.proof, &*record.door))
            .collect();
        assert_eq!(
            told,
            [
                ("identity.sign_in", "unauthenticated", "anonymous", "anonymous", "console"),
                ("identity.sign_in", "ok", "alice", "password", "console"),
            ]
        );
        assert!(records.iter().all(|record| record.source.as_deref() == Some("192.0.2.9")));
    }

    #[tokio::test]
    async fn who_tries_one_name_after_the_other_must_wait() {
        let (console, _audit, identity) = console().await;
        let mut last = StatusCode::OK;
        for guess in 0..25 {
            last = sign_in(&console, &identity, &format!("user-{guess}"), "x").await;
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    }
}
