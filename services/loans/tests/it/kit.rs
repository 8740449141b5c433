//! What the tests share: a ledger of their own, a clock that stands still, and calls as the router makes them.

use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Call, Caller, Clock, Error, ManualClock, Outcome, Payload, Proof, Realm, Trace, Vouched};
use crossgate_loans::import::{ImportError, ImportReport, Options, Source, import};
use crossgate_loans::{Config, Day, Ledger, service};
use crossgate_store::Store;
use serde_json::Value;

/// The time in every test: the last day of January 2021, at noon.
pub(crate) const NOW: &str = "2021-01-31T12:00:00Z";

/// A ledger, and what is needed to call its service and to look behind it.
pub(crate) struct Kit {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
}

impl Kit {
    pub(crate) async fn new() -> Self {
        let store = Store::temporary().unwrap();
        let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
        let ledger =
            Ledger::open(Config::default(), store.clone(), Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        Self { ledger, store, clock }
    }

    /// With the demo's loans.
    pub(crate) async fn demo() -> Self {
        let kit = Self::new().await;
        crossgate_loans::seed_demo(&kit.ledger).await.unwrap();
        kit
    }

    /// With these loans and events.
    pub(crate) async fn of(loans: &str, events: &str) -> Self {
        let kit = Self::new().await;
        kit.import(loans, events).await.unwrap();
        kit
    }

    pub(crate) async fn import(&self, loans: &str, events: &str) -> Result<ImportReport, ImportError> {
        self.import_with(loans, events, Options::default()).await
    }

    pub(crate) async fn import_with(
        &self,
        loans: &str,
        events: &str,
        options: Options,
    ) -> Result<ImportReport, ImportError> {
        let loans = Source { name: "loans.csv".to_owned(), content: loans.as_bytes() };
        let events = Source { name: "events.csv".to_owned(), content: events.as_bytes() };
        import(&self.ledger, loans, events, options, Arc::new(|_| {})).await
    }

    /// The balance as text, or the sentence that the caller reads.
    pub(crate) async fn balance(&self, loan_id: i64, day: &str) -> String {
        match self.ledger.balance(loan_id, Day::parse(day).unwrap()).await {
            Ok(minor) => self.ledger.scale().show(minor),
            Err(error) => error.to_string(),
        }
    }

    /// Calls a procedure as the lender does.
    pub(crate) async fn call(&self, procedure: &str, input: Value) -> Result<Outcome, Error> {
        self.call_as("lender", procedure, input).await
    }

    pub(crate) async fn call_as(&self, who: &str, procedure: &str, input: Value) -> Result<Outcome, Error> {
        let row = service(&self.ledger).procedures.into_iter().find(|row| row.name == procedure).unwrap();
        let caller = Caller::vouch(Vouched {
            id: who.into(),
            roles: vec!["lender".into()],
            realm: Realm::new("main"),
            proof: Proof::Token,
            expires: None,
            certificate: None,
        });
        let call = Call {
            procedure: procedure.into(),
            caller: Arc::new(caller),
            payload: Payload::from_value(input),
            deadline: self.clock.instant() + Duration::from_secs(30),
            trace: Trace::from_random(1),
            source: None,
        };
        (row.run)(call).await
    }

    /// The value that a procedure answers, which must succeed.
    pub(crate) async fn value(&self, procedure: &str, input: Value) -> Value {
        match self.call(procedure, input).await.unwrap() {
            Outcome::Value(value) | Outcome::Created { value, .. } => value.value().unwrap().clone(),
            other => panic!("{other:?}"),
        }
    }
}
