//! `/realms` and `/realms/NAME`: the realms of WAMP sessions, and ending a session.

use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Ask, Failed, Pages};
use crate::console::data;
use crate::console::form::Fields;
use crate::console::reply::{self, Reply};
use crate::console::view::realms::{self, Inside, Page};
use crate::console::visitor::{
    REALMS_LIST, REALMS_REGISTRATIONS, REALMS_SESSIONS, REALMS_SUBSCRIPTIONS, SESSIONS_KILL,
};
use crossgate_call::Error;

/// Entries of one list on a page.
const PAGE_ENTRIES: u64 = 200;

impl Pages {
    pub(super) async fn realms(&self, ask: &Ask<'_>) -> Result<Reply, Failed> {
        let found: data::Realms = ask.fetch(REALMS_LIST, json!({})).await?;
        Ok(reply::page(StatusCode::OK, realms::list(&self.frame(ask), &found.realms)))
    }

    pub(super) async fn realm(&self, ask: &Ask<'_>, name: &str) -> Result<Reply, Failed> {
        let found: data::Realms = ask.fetch(REALMS_LIST, json!({})).await?;
        let Some(realm) = found.realms.into_iter().find(|realm| realm.realm == name) else {
            let error = Error::not_found("there is no such realm");
            return Err(Failed { error, procedure: REALMS_LIST.to_owned() });
        };
        let after = ask.query().get("after").and_then(|after| after.parse::<u64>().ok());
        let input = |after: Option<u64>| {
            let mut input = json!({"realm": name, "limit": PAGE_ENTRIES});
            if let Some(after) = after {
                input["after"] = after.into();
            }
            input
        };
        let inside = Inside {
            realm,
            sessions: part(ask, REALMS_SESSIONS, input(after), |found: data::Sessions| (found.sessions, found.next))
                .await?,
            registrations: part(ask, REALMS_REGISTRATIONS, input(None), |found: data::Registrations| {
                (found.registrations, found.next)
            })
            .await?,
            subscriptions: part(ask, REALMS_SUBSCRIPTIONS, input(None), |found: data::Subscriptions| {
                (found.subscriptions, found.next)
            })
            .await?,
            kills: ask.visitor.may(SESSIONS_KILL),
            later: after.is_some(),
        };
        Ok(reply::page(StatusCode::OK, realms::page(&self.frame(ask), &inside)))
    }

    pub(super) async fn kill(&self, ask: &Ask<'_>, realm: &str) -> Result<Reply, Failed> {
        if let Some(refusal) = Self::refusal(ask) {
            return Err(refusal);
        }
        let fields = Fields::parse(ask.body);
        let session: Option<u64> = fields.get("session").and_then(|session| session.parse().ok());
        let failed = |error| Failed { error, procedure: SESSIONS_KILL.to_owned() };
        let session = session.ok_or_else(|| failed(Error::invalid("the form names no session", Vec::new())))?;
        let input = json!({"realm": realm, "session": session});
        ask.door.call(SESSIONS_KILL, input).await.map_err(failed)?;
        Ok(reply::redirect(StatusCode::SEE_OTHER, &realms::address(realm)))
    }
}

/// A list, where the visitor may see it.
async fn part<T: DeserializeOwned, R>(
    ask: &Ask<'_>,
    procedure: &'static str,
    input: Value,
    take: impl FnOnce(T) -> (Vec<R>, Option<u64>),
) -> Result<Option<Page<R>>, Failed> {
    if !ask.visitor.may(procedure) {
        return Ok(None);
    }
    let (rows, next) = take(ask.fetch(procedure, input).await?);
    Ok(Some(Page { rows, next }))
}
