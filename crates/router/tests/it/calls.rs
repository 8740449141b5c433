//! Whether a call runs, and that however it ends a record says so.

use std::sync::Arc;

use crossgate_call::{Call, Calls as _, Clock as _, Error, Kind, Payload, SystemClock};
use crossgate_router::Handle;
use serde_json::json;

use crate::kit::{Kit, origin};

fn pair(procedure: &str, outcome: &str) -> (String, String) {
    (procedure.to_owned(), outcome.to_owned())
}

#[tokio::test]
async fn a_granted_call_runs_and_is_recorded_with_who_and_where_from() {
    let kit = Kit::new().await;
    kit.call(&kit.operator(), "test.fine").await.unwrap();
    let [record] = &kit.stored().await[..] else { panic!("one call, one record") };
    assert_eq!(
        (&*record.procedure, &*record.outcome, &*record.proof, &*record.door),
        ("test.fine", "ok", "local", "http")
    );
    assert_eq!(record.source.as_deref(), Some("192.0.2.7"));
    assert!(record.caller.contains("olga"), "{}", record.caller);
}

#[tokio::test]
async fn a_stranger_is_refused_alike_whether_the_procedure_exists_or_not() {
    let kit = Kit::new().await;
    let stranger = kit.stranger().await;
    let there = kit.call(&stranger, "test.fine").await.unwrap_err();
    let not_there = kit.call(&stranger, "test.nothing").await.unwrap_err();
    assert_eq!(there.kind(), Kind::Unauthenticated);
    assert_eq!((there.kind(), there.public()), (not_there.kind(), not_there.public()));
    assert_eq!(kit.record().await, [pair("test.fine", "unauthenticated"), pair("test.nothing", "unauthenticated")]);
}

#[tokio::test]
async fn a_known_caller_without_the_grant_is_forbidden_also_from_what_does_not_exist() {
    let kit = Kit::new().await;
    for procedure in ["other.fine", "other.nothing"] {
        assert_eq!(kit.call(&kit.operator(), procedure).await.unwrap_err().kind(), Kind::Forbidden);
    }
    assert_eq!(kit.call(&kit.operator(), "test.nothing").await.unwrap_err().kind(), Kind::NoSuchProcedure);
}

#[tokio::test]
async fn a_panic_fails_one_call_tells_nothing_and_is_recorded() {
    let kit = Kit::new().await;
    let error = kit.call(&kit.operator(), "test.broken").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Internal);
    assert!(!error.public().contains("fault in a service"));
    assert!(error.cause().is_some_and(|cause| cause.to_string().contains("a fault in a service")));
    kit.call(&kit.operator(), "test.fine").await.unwrap();
    assert_eq!(kit.record().await, [pair("test.broken", "internal"), pair("test.fine", "ok")]);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_a_deadline() {
    let kit = Kit::new().await;
    assert_eq!(kit.call(&kit.operator(), "test.endless").await.unwrap_err().kind(), Kind::Deadline);
    assert_eq!(kit.record().await, [pair("test.endless", "deadline")]);
}

#[tokio::test]
async fn the_record_holds_the_callers_sentence_and_never_the_cause() {
    let kit = Kit::new().await;
    kit.call(&kit.operator(), "test.missing").await.unwrap_err();
    let records = kit.stored().await;
    assert_eq!(records[0].detail.as_deref(), Some("there is no such thing"));
    assert!(!format!("{records:?}").contains("row 7"));
}

#[tokio::test]
async fn a_permit_that_is_dropped_is_recorded_as_abandoned() {
    let kit = Kit::new().await;
    drop(kit.router.admit(&kit.operator(), "test.fine", origin()).await.unwrap());
    let permit = kit.router.admit(&kit.operator(), "test.endless", origin()).await.unwrap();
    // The caller hangs up while the procedure runs: the future of the call is dropped.
    let call = kit.router.call(permit, Payload::null());
    futures_util::future::select(Box::pin(call), Box::pin(std::future::ready(()))).await;
    assert_eq!(kit.record().await, [pair("test.fine", "abandoned"), pair("test.endless", "abandoned")]);
}

#[tokio::test]
async fn input_that_is_no_call_is_recorded_as_refused() {
    let kit = Kit::new().await;
    let permit = kit.router.admit(&kit.operator(), "test.fine", origin()).await.unwrap();
    permit.refuse(&Error::invalid("the input does not fit", Vec::new())).await;
    assert_eq!(kit.record().await, [pair("test.fine", "invalid")]);
}

#[tokio::test]
async fn a_quiet_procedure_is_recorded_only_when_it_is_refused() {
    let kit = Kit::new().await;
    kit.call(&kit.operator(), "test.quiet").await.unwrap();
    kit.call(&kit.stranger().await, "test.quiet").await.unwrap_err();
    assert_eq!(kit.record().await, [pair("test.quiet", "unauthenticated")]);
}

#[tokio::test]
async fn a_service_asks_another_in_its_callers_name_and_is_refused_what_the_caller_is() {
    let kit = Kit::new().await;
    let handle = Handle::new(&kit.router);
    let parent = |caller| Call {
        procedure: Arc::from("test.fine"),
        caller,
        payload: Payload::null(),
        deadline: SystemClock.instant() + std::time::Duration::from_secs(5),
        trace: origin().trace,
        source: None,
    };
    handle.call(&parent(kit.operator()), "test.fine", Payload::from_value(json!({}))).await.unwrap();
    let refused = handle.call(&parent(kit.stranger().await), "test.fine", Payload::null()).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Unauthenticated);
    let doors: Vec<_> = kit.stored().await.into_iter().map(|record| record.door).collect();
    assert_eq!(doors, ["service", "service"]);
}

#[tokio::test]
async fn a_task_needs_the_grant_and_leaves_a_record_like_a_call() {
    let kit = Kit::new().await;
    let permit = kit.router.admit_task(&kit.operator(), "test.import", origin()).await.unwrap();
    assert_eq!(kit.router.perform(permit, async { Ok(3) }).await.unwrap(), 3);
    let refused = kit.router.admit_task(&kit.operator(), "elsewhere.import", origin()).await.err().unwrap();
    assert_eq!(refused.kind(), Kind::Forbidden);
    assert_eq!(kit.record().await, [pair("test.import", "ok"), pair("elsewhere.import", "forbidden")]);
}

#[tokio::test]
async fn a_name_has_one_owner() {
    let kit = Kit::new().await;
    let again = crossgate_call::Service {
        name: "again",
        procedures: vec![crossgate_call::Procedure::new("test.fine", None, &Arc::new(()), |_, _, (): ()| async {
            Ok(crossgate_call::Outcome::Empty)
        })],
        ready: Arc::new(|| Box::pin(std::future::ready(Ok(())))),
    };
    let conflict = kit.router.install(&kit.realm, &again).unwrap_err();
    assert_eq!(conflict.to_string(), "procedure `test.fine` is provided twice in realm `test`; a name has one owner");
}
