//! `wamp.registration.*`.

use std::sync::Arc;

use crossgate_wamp::dealer::Registration;
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::{Value, meta};

use super::super::callee::Member;
use super::arguments::Arguments;
use super::{Answer, Asking, Fault, fault};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    List,
    Lookup,
    Match,
    Get,
    ListCallees,
    CountCallees,
    RemoveCallee,
}

impl Asking<'_> {
    pub(super) fn registrations(&self, question: Question, arguments: &Arguments) -> Answer {
        let tables = self.realm.tables.load();
        let registrations = &tables.registrations;
        let id = |found: Option<&Arc<Registration<_>>>| found.map_or(Value::Null, |found| found.id.into());
        Ok(vec![match question {
            Question::List => meta::ids_by_policy(registrations.iter().map(|found| (found.policy, found.id))).into(),
            Question::Lookup => id(registrations.lookup(arguments.policy()?, arguments.text(0, "procedure")?)),
            Question::Match => id(registrations.best(arguments.text(0, "procedure")?)),
            Question::Get => meta::registration_details(&*self.registration(arguments)?).into(),
            Question::ListCallees => {
                let callees = self.registration(arguments)?.callees.iter().map(|(id, _)| id).collect::<Vec<_>>();
                callees.into()
            }
            Question::CountCallees => (self.registration(arguments)?.callees.len() as u64).into(),
            Question::RemoveCallee => return self.remove_callee(arguments),
        }])
    }

    fn registration(&self, arguments: &Arguments) -> Result<Arc<Registration<Arc<Member>>>, Fault> {
        let id = arguments.id(0, "registration")?;
        self.realm.tables.load().registrations.get(id).cloned().ok_or_else(no_such)
    }

    /// Takes a registration away from one callee, and tells it.
    fn remove_callee(&self, arguments: &Arguments) -> Answer {
        let (registration, callee) = (arguments.id(0, "registration")?, arguments.id(1, "callee")?);
        let reason = arguments.reason(Some(2), uri::UNREGISTERED)?;
        let gone = self.realm.change(|tables| tables.registrations.unregister(callee, registration));
        let gone = gone.ok_or_else(no_such)?;
        if let Some(session) = self.realm.session(callee) {
            self.realm.tell_revoked_registration(&session, registration, reason);
        }
        self.realm.tell_unregistered(callee, &gone);
        self.realm.wake(registration);
        Ok(Vec::new())
    }
}

fn no_such() -> Fault {
    fault(uri::NO_SUCH_REGISTRATION, "there is no such registration")
}
