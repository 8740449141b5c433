//! A router with a few procedures, and what its audit log says afterwards.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crossgate_call::{
    Audit as Policy, Call, Caller, Clock, Error, Outcome, Payload, Procedure, Realm, Result, Service, SystemClock,
    Trace,
};
use crossgate_identity::{BoxError, Fetch, Identity};
use crossgate_router::audit::{Audit, Config, Filter, Stored};
use crossgate_router::{Origin, Parts, Router};
use crossgate_store::Store;
use serde_json::{Value, json};

struct NoFetch;

impl Fetch for NoFetch {
    fn get(
        &self,
        _: &str,
    ) -> std::pin::Pin<Box<dyn Future<Output = std::result::Result<Bytes, BoxError>> + Send + '_>> {
        Box::pin(std::future::ready(Err("this test fetches nothing".into())))
    }
}

pub(crate) struct Kit {
    pub(crate) router: Arc<Router>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) realm: Realm,
    _folder: tempfile::TempDir,
}

const ROLES: &str = r#"{"roles": {
    "anonymous": {"allow": [{"uri": "test.open"}]},
    "operator": {"allow": [{"uri": "test.", "match": "prefix"}]}
}}"#;

impl Kit {
    pub(crate) async fn new() -> Self {
        Self::with(serde_json::from_str(ROLES).unwrap()).await
    }

    pub(crate) async fn with(identity: Value) -> Self {
        Self::with_clock(identity, Arc::new(SystemClock)).await
    }

    pub(crate) async fn with_clock(identity: Value, clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = serde_json::from_value(identity).unwrap();
        let identity =
            Identity::open(config, Store::temporary().unwrap(), Arc::new(NoFetch), Arc::clone(&clock)).await.unwrap();
        let audit = Config { path: folder.path().join("audit.db"), ..Config::default() };
        let audit = Audit::open(&audit, Arc::clone(&clock)).await.unwrap();
        let router = Router::new(Parts { identity: Arc::clone(&identity), audit, clock });
        let realm = Realm::new("test");
        router.install(&realm, &service()).unwrap();
        Self { router, identity, realm, _folder: folder }
    }

    pub(crate) fn operator(&self) -> Arc<Caller> {
        self.identity.local(&self.realm, "olga")
    }

    pub(crate) async fn stranger(&self) -> Arc<Caller> {
        let nothing = crossgate_identity::Credentials {
            realm: &self.realm,
            authorization: None,
            api_key: None,
            session: None,
            certificate: None,
        };
        self.identity.caller(&nothing).await.unwrap()
    }

    /// Admits and calls.
    pub(crate) async fn call(&self, caller: &Arc<Caller>, procedure: &str) -> Result<Outcome> {
        let permit = self.router.admit(caller, procedure, origin()).await?;
        self.router.call(permit, Payload::from_value(json!({}))).await
    }

    /// Everything that the log holds, oldest first, as (procedure, outcome).
    pub(crate) async fn record(&self) -> Vec<(String, String)> {
        self.stored().await.into_iter().map(|record| (record.procedure, record.outcome)).collect()
    }

    pub(crate) async fn stored(&self) -> Vec<Stored> {
        self.router.audit().flush().await.unwrap();
        let mut records = self.router.audit().list(Filter { limit: 100, ..Filter::default() }).await.unwrap();
        records.reverse();
        records
    }
}

pub(crate) fn origin() -> Origin {
    Origin { door: "http", source: Some([192, 0, 2, 7].into()), trace: Trace::from_random(7) }
}

async fn fine(_: Arc<()>, _: Call, _: Value) -> Result<Outcome> {
    Outcome::value(&"fine")
}

async fn broken(_: Arc<()>, _: Call, _: Value) -> Result<Outcome> {
    panic!("a fault in a service")
}

async fn missing(_: Arc<()>, _: Call, _: Value) -> Result<Outcome> {
    Err(Error::not_found("there is no such thing").because("row 7 is gone"))
}

async fn endless(_: Arc<()>, _: Call, _: Value) -> Result<Outcome> {
    std::future::pending().await
}

fn service() -> Service {
    let state = Arc::new(());
    let procedures = vec![
        Procedure::new("test.open", None, &state, fine),
        Procedure::new("test.fine", None, &state, fine),
        Procedure::new("test.broken", None, &state, broken),
        Procedure::new("test.missing", None, &state, missing),
        Procedure::new("test.endless", None, &state, endless).deadline(Duration::from_millis(20)),
        Procedure::new("test.quiet", None, &state, fine).audit(Policy::Refusals),
    ];
    Service { name: "test", procedures, ready: Arc::new(|| Box::pin(std::future::ready(Ok(())))) }
}
