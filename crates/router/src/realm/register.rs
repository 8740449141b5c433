//! REGISTER and UNREGISTER.

use std::sync::Arc;

use crossgate_identity::Action;
use crossgate_wamp::dealer::RegisterError;
use crossgate_wamp::id::Id;
use crossgate_wamp::message::{Kind, Removed};
use crossgate_wamp::options::RegisterOptions;
use crossgate_wamp::uri::{Match, is_reserved};
use crossgate_wamp::uris::{error as uri, topic as meta_topic};
use crossgate_wamp::{Dict, Message, Text, meta};

use super::authorize::Wish;
use super::callee::Member;
use super::dealer::At;
use super::errors;
use super::outbox::Class;
use super::session::Session;
use super::state::RealmState;
use super::switches::Disclosure;

impl At<'_> {
    /// REGISTER. Whether it may is settled before whether the URI is taken: a refusal tells nothing about others.
    pub(crate) async fn register(self, request: Id, options: &Dict, procedure: &Text) {
        let refuse = |error, words: String| self.refuse(Kind::Register, request, error, words);
        let read = match RegisterOptions::read(options) {
            Ok(read) => read,
            Err(error) => return refuse(uri::INVALID_ARGUMENT, error.to_string()),
        };
        let config = self.realm.config.load();
        if !config.rules().allow(procedure, read.policy) || is_reserved(procedure) {
            return refuse(uri::INVALID_URI, format!("`{procedure}` cannot be registered"));
        }
        if read.disclose_caller == Some(true) && config.disclosure == Disclosure::Never {
            return refuse(uri::DISCLOSE_ME_DISALLOWED, "this realm discloses nobody".into());
        }
        drop(config);
        let wish = Wish { action: Action::Register, uri: procedure, policy: read.policy, options };
        if let Err(refused) = self.router.judge(self.realm, self.session, wish).await {
            return self.refused(Kind::Register, request, &refused);
        }
        if read.policy == Match::Exact && self.router.has_row(&self.realm.name, procedure) {
            return refuse(uri::PROCEDURE_ALREADY_EXISTS, "the router answers this procedure itself".into());
        }
        // A place in the audit log is taken first: what cannot be recorded is not done.
        let slot = match self.router.audit().reserve().await {
            Ok(slot) => slot,
            Err(full) => return refuse(uri::UNAVAILABLE, full.public().to_owned()),
        };
        match self.realm.register(self.session, request, read, procedure) {
            Ok(()) => {
                let origin = self.router.origin(self.session);
                let detail = Some(procedure.as_str().to_owned());
                self.router.note_in(slot, &self.session.caller, ("wamp.register", origin), "ok", detail);
            }
            Err((error, words)) => refuse(error, words.to_owned()),
        }
    }

    /// UNREGISTER.
    pub(crate) fn unregister(self, request: Id, registration: Id) {
        let gone = self.realm.change(|tables| tables.registrations.unregister(self.session.id, registration));
        let Some(gone) = gone else {
            let words = "this session has no such registration";
            return self.refuse(Kind::Unregister, request, uri::NO_SUCH_REGISTRATION, words);
        };
        self.session.send(&Message::Unregistered(Removed::Asked(request)), Class::Control);
        self.realm.tell_unregistered(self.session.id, &gone);
        self.realm.wake(registration);
    }
}

impl RealmState {
    /// Registers a session and sends REGISTERED before any INVOCATION can come.
    fn register(
        &self,
        session: &Arc<Session>,
        request: Id,
        options: RegisterOptions,
        procedure: &str,
    ) -> Result<(), (&'static str, &'static str)> {
        let created = self.now();
        let done = self.change(|tables| {
            let held = tables.registrations.of_session(session.id).len();
            if session.has_ended() || held >= session.limits.registrations_max {
                return Err((errors::TOO_MANY, "this session has as many registrations as it may"));
            }
            let member = Arc::new(Member::new(session, options.concurrency));
            let done = tables
                .registrations
                .register(session.id, member, options, procedure, &created)
                .map_err(|error| (uri::PROCEDURE_ALREADY_EXISTS, already(error)))?;
            let registration = done.registration.id;
            session.send(&Message::Registered { request, registration }, Class::Control);
            Ok(done)
        })?;
        if let Some(displaced) = &done.displaced {
            for (callee, member) in displaced.callees.iter() {
                self.tell_revoked_registration(&member.handle.session, displaced.id, uri::UNREGISTERED);
                self.emit(meta_topic::REGISTRATION_ON_UNREGISTER, || meta::changed(callee, displaced.id));
            }
            self.emit(meta_topic::REGISTRATION_ON_DELETE, || meta::changed(session.id, displaced.id));
            self.wake(displaced.id);
        }
        let registration = &done.registration;
        if done.created {
            let details = || meta::created(session.id, meta::registration_details(registration));
            self.emit(meta_topic::REGISTRATION_ON_CREATE, details);
        }
        if done.added {
            self.emit(meta_topic::REGISTRATION_ON_REGISTER, || meta::changed(session.id, registration.id));
            // It may have a place for calls that wait.
            self.wake(registration.id);
        }
        Ok(())
    }
}

const fn already(error: RegisterError) -> &'static str {
    match error {
        RegisterError::AlreadyExists => "the procedure is registered already",
        RegisterError::DifferentPolicy => "the procedure is registered with another invocation policy",
    }
}
