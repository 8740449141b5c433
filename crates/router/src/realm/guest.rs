//! Somebody without a WAMP connection as a session of its realm: an HTTP request, a stream of events, a webhook.
//!
//! A guest is judged, limited, counted and killed like any session, by the grants and authorizers of its own caller: nobody
//! gets more this way than over WAMP, and nothing of the realm has to know the difference.

use std::sync::Arc;

use crossgate_call::{Caller, Error, Kind, Result};
use crossgate_identity::{WampTransport, WampWelcome};
use crossgate_wamp::Map;
use crossgate_wamp::session::{ClientFeatures, Features};
use crossgate_wamp::wire::Format;

use super::outbox::{Drain, Outbox};
use super::random;
use super::session::{Joining, Session};
use super::state::RealmState;
use crate::permit::Origin;
use crate::router::Router;

/// The format of guests: what they send comes from JSON, and what they get becomes JSON.
pub(super) const FORMAT: Format = Format::Json;

/// A guest that has not joined: good for one request. What is sent to it comes out of the drain.
pub(super) struct Guest {
    pub(super) realm: Arc<RealmState>,
    pub(super) session: Arc<Session>,
    pub(super) drain: Drain,
}

impl Router {
    /// A guest in its caller's realm.
    pub(super) fn guest(&self, caller: &Arc<Caller>, origin: Origin, framing: &'static str) -> Result<Guest> {
        let Some(realm) = self.realms().find(caller.realm()) else {
            return Err(Error::new(Kind::NotFound, format!("there is no realm `{}` here", caller.realm())));
        };
        let config = realm.config.load();
        // Sessions have one role; the first in order stands for all, as in calls from HTTP. Grants look at all of them.
        let authrole = caller.roles().first().cloned().unwrap_or_else(|| Arc::from("anonymous"));
        let welcome = WampWelcome {
            caller: Arc::clone(caller),
            authid: Arc::clone(caller.id()),
            authrole: Arc::clone(&authrole),
            authmethod: caller.proof().as_str(),
            authprovider: origin.door,
            authextra: Map::new(),
        };
        let transport = WampTransport {
            framing,
            channel: "memory",
            peer: origin.source.map_or_else(|| "memory".to_owned(), |source| source.to_string()),
            secure: true,
            ..WampTransport::default()
        };
        let (outbox, drain) = Outbox::new(config.outbox());
        let session = Arc::new(Session::new(Joining {
            id: random::id(),
            limits: config.limits_of(&authrole),
            trustlevel: config.trustlevels.get(&*authrole).copied(),
            client: Arc::new(transport),
            // Whose subscription is taken away learns it: its stream ends.
            features: ClientFeatures {
                subscriber: Some(Features { subscription_revocation: true, ..Features::default() }),
                ..ClientFeatures::default()
            },
            door: origin.door,
            source: origin.source,
            cookie: None,
            format: FORMAT,
            outbox,
            message_bytes_max: usize::MAX,
            since: realm.clock.now(),
            began: realm.clock.instant(),
            trace: origin.trace.bits(),
            welcome,
        }));
        drop(config);
        Ok(Guest { realm, session, drain })
    }
}
