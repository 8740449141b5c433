//! What clients and routers announce.

use crate::dict::{DictWriter, Item, OptionError};

macro_rules! features {
    ($(#[$doc:meta])* $name:ident { $($feature:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[expect(missing_docs, reason = "the names are the specification's")]
        pub struct $name {
            $(pub $feature: bool,)+
        }

        impl $name {
            /// The features that are announced.
            pub fn announced(self) -> impl Iterator<Item = &'static str> {
                [$((stringify!($feature), self.$feature)),+].into_iter().filter(|(_, on)| *on).map(|(name, _)| name)
            }

            fn set(&mut self, name: &str, value: bool) {
                match name {
                    $(stringify!($feature) => self.$feature = value,)+
                    _ => {}
                }
            }
        }
    };
}

features! {
    /// What a client announces under any of its four roles. A feature is asked for under the role that it belongs to.
    Features {
        progressive_call_results, progressive_call_invocations, call_canceling, call_timeout, call_reroute,
        caller_identification, call_trustlevels, pattern_based_registration, shared_registration,
        registration_revocation, payload_passthru_mode, payload_transparency, publisher_identification,
        publication_trustlevels, pattern_based_subscription, subscription_revocation, publisher_exclusion,
        subscriber_blackwhite_listing, event_history, x_acknowledged_event_delivery,
    }
}

features! {
    /// What a router announces under `dealer`.
    DealerFeatures {
        progressive_call_results, progressive_call_invocations, call_canceling, call_timeout, call_reroute,
        caller_identification, call_trustlevels, pattern_based_registration, shared_registration,
        registration_meta_api, registration_revocation, session_meta_api, testament_meta_api,
        payload_passthru_mode, payload_transparency,
    }
}

features! {
    /// What a router announces under `broker`.
    BrokerFeatures {
        publisher_identification, publication_trustlevels, pattern_based_subscription, subscription_meta_api,
        subscription_revocation, publisher_exclusion, subscriber_blackwhite_listing, event_history, event_retention,
        session_meta_api, payload_passthru_mode, payload_transparency, x_acknowledged_event_delivery,
    }
}

/// The roles of a client; a role that is absent was not announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the specification's names")]
pub struct ClientFeatures {
    pub caller: Option<Features>,
    pub callee: Option<Features>,
    pub publisher: Option<Features>,
    pub subscriber: Option<Features>,
}

impl ClientFeatures {
    /// Whether there is a role at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.caller.is_none() && self.callee.is_none() && self.publisher.is_none() && self.subscriber.is_none()
    }

    /// Reads `roles`. Unknown roles and features are ignored.
    pub(crate) fn read(item: Item<'_>) -> Result<Self, OptionError> {
        let mut roles = Self::default();
        item.each("roles", &mut |name, role| {
            let place = match name {
                "caller" => &mut roles.caller,
                "callee" => &mut roles.callee,
                "publisher" => &mut roles.publisher,
                "subscriber" => &mut roles.subscriber,
                _ => return Ok(()),
            };
            *place = Some(read_features(role)?);
            Ok(())
        })?;
        Ok(roles)
    }

    /// Writes `roles`.
    pub(crate) fn write(&self, out: &mut DictWriter<'_>) {
        out.map("roles", |out| {
            for (name, role) in [
                ("caller", self.caller),
                ("callee", self.callee),
                ("publisher", self.publisher),
                ("subscriber", self.subscriber),
            ] {
                if let Some(features) = role {
                    write_role(out, name, features.announced());
                }
            }
        });
    }
}

fn read_features(role: Item<'_>) -> Result<Features, OptionError> {
    let mut features = Features::default();
    role.each("roles", &mut |name, item| match name {
        "features" => item.each("features", &mut |name, value| {
            // The section on progressive invocations spells it differently from all others: both count.
            let name = if name == "call_cancelling" { "call_canceling" } else { name };
            // A value that is no flag says nothing.
            if let Ok(value) = value.boolean("features") {
                features.set(name, value);
            }
            Ok(())
        }),
        _ => Ok(()),
    })?;
    Ok(features)
}

/// Writes the roles of a router.
pub(crate) fn write_router(out: &mut DictWriter<'_>, broker: BrokerFeatures, dealer: DealerFeatures) {
    out.map("roles", |out| {
        write_role(out, "broker", broker.announced());
        write_role(out, "dealer", dealer.announced());
    });
}

/// Reads the roles of a router.
pub(crate) fn read_router(item: Item<'_>) -> Result<(BrokerFeatures, DealerFeatures), OptionError> {
    let (mut broker, mut dealer) = (BrokerFeatures::default(), DealerFeatures::default());
    item.each("roles", &mut |role, item| {
        item.each("roles", &mut |name, item| match name {
            "features" => item.each("features", &mut |name, value| {
                let value = value.boolean("features").unwrap_or(false);
                match role {
                    "broker" => broker.set(name, value),
                    "dealer" => dealer.set(name, value),
                    _ => {}
                }
                Ok(())
            }),
            _ => Ok(()),
        })
    })?;
    Ok((broker, dealer))
}

fn write_role(out: &mut DictWriter<'_>, name: &str, features: impl Iterator<Item = &'static str>) {
    out.map(name, |out| {
        out.map("features", |out| features.for_each(|feature| out.flag(feature, true)));
    });
}
