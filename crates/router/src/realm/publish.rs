//! The messages of events: PUBLISH, SUBSCRIBE and UNSUBSCRIBE.

use crossgate_identity::Action;
use crossgate_wamp::id::Id;
use crossgate_wamp::message::{self, Kind};
use crossgate_wamp::options::{PublishOptions, SubscribeOptions};
use crossgate_wamp::uri::{Match, is_reserved};
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::{Dict, Message, Text, Value};

use super::authorize::Wish;
use super::broker::Publication;
use super::dealer::{At, Breach};
use super::errors;
use super::outbox::Class;
use super::random;
use super::switches::Disclosure;

impl At<'_> {
    /// PUBLISH. Who did not ask for an answer gets none, not even of a refusal.
    pub(crate) async fn publish(self, publish: message::Publish) -> Result<(), Breach> {
        let request = publish.request;
        let options = match PublishOptions::read(&publish.options) {
            Ok(options) => options,
            Err(error) => {
                if wants_answer(&publish.options) {
                    self.refuse(Kind::Publish, request, uri::INVALID_ARGUMENT, error.to_string());
                }
                return Ok(());
            }
        };
        let features = self.session.features.publisher.unwrap_or_default();
        if options.passthru.is_passthru() && !features.payload_passthru_mode {
            return Err(Breach("a payload in passthru mode by a publisher that did not announce it".into()));
        }
        if let Some((error, words)) = self.publish_fault(&publish.topic, &options) {
            if options.acknowledge {
                self.refuse(Kind::Publish, request, error, words);
            }
            return Ok(());
        }
        let wish =
            Wish { action: Action::Publish, uri: &publish.topic, policy: Match::Exact, options: &publish.options };
        let granted = match self.router.judge(self.realm, self.session, wish).await {
            Ok(granted) => granted,
            Err(refused) => {
                if options.acknowledge {
                    self.refused(Kind::Publish, request, &refused);
                }
                return Ok(());
            }
        };
        let publication = Publication {
            id: random::publication(),
            topic: &publish.topic,
            options: &options,
            payload: &publish.payload,
            publisher: Some(self.session.who()),
            discloses: granted.disclose.or(options.disclose_me) == Some(true),
            trustlevel: self.session.trustlevel,
        };
        // Before its own event, should it want that.
        if options.acknowledge {
            self.session.send(&Message::Published { request, publication: publication.id }, Class::Rpc);
        }
        self.realm.publish(&publication);
        Ok(())
    }

    pub(super) fn publish_fault(&self, topic: &str, options: &PublishOptions) -> Option<(&'static str, String)> {
        let config = self.realm.config.load();
        if !config.rules().allow(topic, Match::Exact) || is_reserved(topic) {
            return Some((uri::INVALID_URI, format!("nothing can be published to `{topic}`")));
        }
        if options.disclose_me == Some(true) && config.disclosure == Disclosure::Never {
            return Some((uri::DISCLOSE_ME_DISALLOWED, "this realm discloses nobody".into()));
        }
        None
    }

    /// SUBSCRIBE.
    pub(crate) async fn subscribe(self, request: Id, options: &Dict, topic: &Text) {
        let refuse = |error, words: String| self.refuse(Kind::Subscribe, request, error, words);
        let read = match SubscribeOptions::read(options) {
            Ok(read) => read,
            Err(error) => return refuse(uri::INVALID_ARGUMENT, error.to_string()),
        };
        if !self.realm.config.load().rules().allow(topic, read.policy) {
            return refuse(uri::INVALID_URI, format!("`{topic}` cannot be subscribed to"));
        }
        let wish = Wish { action: Action::Subscribe, uri: topic, policy: read.policy, options };
        if let Err(refused) = self.router.judge(self.realm, self.session, wish).await {
            return self.refused(Kind::Subscribe, request, &refused);
        }
        if self.realm.subscribe(self.session, request, read, topic).is_none() {
            refuse(errors::TOO_MANY, "this session has as many subscriptions as it may".into());
        }
    }

    /// UNSUBSCRIBE.
    pub(crate) fn unsubscribe(self, request: Id, subscription: Id) {
        if !self.realm.unsubscribe(self.session, request, subscription) {
            let words = "this session is not subscribed to that";
            self.refuse(Kind::Unsubscribe, request, uri::NO_SUCH_SUBSCRIPTION, words);
        }
    }
}

/// Whether an answer is wanted to options that cannot be read as a whole.
fn wants_answer(options: &Dict) -> bool {
    options.to_map().is_ok_and(|map| map.get("acknowledge").and_then(Value::as_bool) == Some(true))
}
