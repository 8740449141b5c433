//! The table of registrations, and which callee gets a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::id::{Id, Sequence};
use crate::options::{Policy, RegisterOptions};
use crate::table::{Hamt, Patterns, Roster};
use crate::text::Text;
use crate::uri::{Match, is_reserved};

/// One of a registration's callees.
#[derive(Debug, Clone)]
pub struct Callee<C> {
    /// How it registered.
    pub options: RegisterOptions,
    /// What the router keeps about it.
    pub handle: C,
}

/// All who registered one procedure or pattern under one policy.
#[derive(Debug, Clone)]
pub struct Registration<C> {
    /// Its id.
    pub id: Id,
    /// How its procedure stands for others.
    pub policy: Match,
    /// How calls are shared.
    pub invoke: Policy,
    /// Its procedure or pattern.
    pub procedure: Text,
    /// When it came to be: RFC 3339.
    pub created: Text,
    /// The callees in the order in which they registered.
    pub callees: Roster<Callee<C>>,
    /// Whose turn it is; all clones count together.
    turn: Arc<AtomicUsize>,
}

impl<C: Clone> Registration<C> {
    /// The callee for a call, among those that `usable` says can take one. `random` gives a number below its
    /// argument, and `load` how many calls a callee is busy with.
    pub fn pick(
        &self,
        usable: impl Fn(Id, &Callee<C>) -> bool,
        random: impl FnOnce(usize) -> usize,
        load: impl Fn(Id, &Callee<C>) -> usize,
    ) -> Option<(Id, &Callee<C>)> {
        let can = |(session, callee): &(Id, &Callee<C>)| usable(*session, callee);
        match self.invoke {
            Policy::Single | Policy::First => self.callees.iter().find(can),
            Policy::Last => self.callees.iter().rev().find(can),
            Policy::RoundRobin => self.in_turn().find(can),
            Policy::Random => {
                let count = self.callees.iter().filter(can).count();
                let drawn = if count > 1 { random(count) % count } else { 0 };
                self.callees.iter().filter(can).nth(drawn)
            }
            // Of equally busy ones, the next in turn.
            Policy::LeastLoaded => self.in_turn().filter(can).min_by_key(|(session, callee)| load(*session, callee)),
        }
    }

    /// All callees once, beginning with the one whose turn it is; the turn goes on by one.
    fn in_turn(&self) -> impl Iterator<Item = (Id, &Callee<C>)> {
        let start = self.turn.fetch_add(1, Ordering::Relaxed) % self.callees.len().max(1);
        self.callees.iter().skip(start).chain(self.callees.iter().take(start))
    }
}

/// Why a REGISTER is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// It is registered, and not shared: `wamp.error.procedure_already_exists`.
    #[error("the procedure is registered already")]
    AlreadyExists,
    /// It is shared in another way: `wamp.error.procedure_already_exists`, or Autobahn's
    /// `wamp.error.procedure_exists_with_different_invocation_policy`.
    #[error("the procedure is registered with another invocation policy")]
    DifferentPolicy,
}

/// What a REGISTER changed.
#[derive(Debug, Clone)]
pub struct Registered<C> {
    /// The registration.
    pub registration: Arc<Registration<C>>,
    /// It was made for this.
    pub created: bool,
    /// The session was not a callee of it before.
    pub added: bool,
    /// What was taken away for it, with all its callees: each of them is to be told.
    pub displaced: Option<Arc<Registration<C>>>,
}

/// What an UNREGISTER or a leaving session changed.
#[derive(Debug, Clone)]
pub struct Unregistered<C> {
    /// The registration as it is now.
    pub registration: Arc<Registration<C>>,
    /// Nobody is left, and it is gone.
    pub deleted: bool,
}

/// All registrations of a realm. Its clones share its structure: the owner changes its own, readers hold another.
#[derive(Debug, Clone)]
pub struct Registrations<C> {
    patterns: Patterns<Id>,
    by_id: Hamt<Id, Arc<Registration<C>>>,
    by_session: Hamt<Id, Arc<Vec<Id>>>,
    ids: Sequence,
}

impl<C> Default for Registrations<C> {
    fn default() -> Self {
        Self {
            patterns: Patterns::default(),
            by_id: Hamt::default(),
            by_session: Hamt::default(),
            ids: Sequence::default(),
        }
    }
}

impl<C: Clone> Registrations<C> {
    /// Registers a session as a callee. A second time on a shared registration changes nothing.
    ///
    /// # Errors
    /// Another registration is in the way, and `force_reregister` is not set.
    pub fn register(
        &mut self,
        session: Id,
        handle: C,
        options: RegisterOptions,
        procedure: &str,
        created: &str,
    ) -> Result<Registered<C>, RegisterError> {
        let mut displaced = None;
        let mut known = self.lookup(options.policy, procedure).cloned();
        if let Some(registration) = known.take_if(|_| options.force_reregister) {
            self.delete(&registration);
            displaced = Some(registration);
        }
        let mut registration = match known {
            None => self.new_registration(options, procedure, created),
            Some(known) if known.invoke != options.invoke => return Err(RegisterError::DifferentPolicy),
            Some(known) if known.invoke == Policy::Single => return Err(RegisterError::AlreadyExists),
            Some(known) => known,
        };
        let id = registration.id;
        if self.of_session(session).contains(&id) {
            return Ok(Registered { registration, created: false, added: false, displaced });
        }
        let is_new = registration.callees.is_empty();
        Arc::make_mut(&mut registration).callees.push(session, Callee { options, handle });
        self.by_id.insert(id, Arc::clone(&registration));
        self.patterns.insert(options.policy, procedure, id);
        let mut held = self.by_session.get(&session).cloned().unwrap_or_default();
        Arc::make_mut(&mut held).push(id);
        self.by_session.insert(session, held);
        Ok(Registered { registration, created: is_new, added: true, displaced })
    }

    fn new_registration(&mut self, options: RegisterOptions, procedure: &str, created: &str) -> Arc<Registration<C>> {
        Arc::new(Registration {
            id: self.ids.take(),
            policy: options.policy,
            invoke: options.invoke,
            procedure: Text::from(procedure),
            created: Text::from(created),
            callees: Roster::default(),
            turn: Arc::default(),
        })
    }

    /// Takes a registration away from all its callees.
    fn delete(&mut self, registration: &Registration<C>) {
        for (session, _) in registration.callees.iter() {
            self.forget(session, registration.id);
        }
        self.by_id.remove(&registration.id);
        self.patterns.remove(registration.policy, &registration.procedure);
    }

    /// Takes a registration from a session's list; `None` when it was not in.
    fn forget(&mut self, session: Id, registration: Id) -> Option<()> {
        let mut held = self.by_session.get(&session).cloned()?;
        let place = held.iter().position(|id| *id == registration)?;
        Arc::make_mut(&mut held).remove(place);
        if held.is_empty() {
            self.by_session.remove(&session);
        } else {
            self.by_session.insert(session, held);
        }
        Some(())
    }

    /// Unregisters a callee; `None` when it was none.
    pub fn unregister(&mut self, session: Id, registration: Id) -> Option<Unregistered<C>> {
        self.forget(session, registration)?;
        self.take_out(session, registration)
    }

    /// Takes a session out of all its registrations, in the order in which it registered.
    pub fn leave(&mut self, session: Id) -> Vec<Unregistered<C>> {
        let held = self.by_session.remove(&session).unwrap_or_default();
        held.iter().filter_map(|id| self.take_out(session, *id)).collect()
    }

    fn take_out(&mut self, session: Id, id: Id) -> Option<Unregistered<C>> {
        let mut registration = Arc::clone(self.by_id.get(&id)?);
        Arc::make_mut(&mut registration).callees.remove(session)?;
        let deleted = registration.callees.is_empty();
        if deleted {
            self.by_id.remove(&id);
            self.patterns.remove(registration.policy, &registration.procedure);
        } else {
            self.by_id.insert(id, Arc::clone(&registration));
        }
        Some(Unregistered { registration, deleted })
    }

    /// The registration that a call goes to: the exact one, else the longest prefix, else the best wildcard. The
    /// router's own procedures are found by their exact name alone: no pattern catches `wamp.` calls.
    #[must_use]
    pub fn best(&self, procedure: &str) -> Option<&Arc<Registration<C>>> {
        if is_reserved(procedure) {
            return self.lookup(Match::Exact, procedure);
        }
        let (_, id) = self.patterns.matching(procedure).next()?;
        self.by_id.get(id)
    }

    /// The registration with an id.
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&Arc<Registration<C>>> {
        self.by_id.get(&id)
    }

    /// The registration for a procedure and policy.
    #[must_use]
    pub fn lookup(&self, policy: Match, procedure: &str) -> Option<&Arc<Registration<C>>> {
        self.patterns.get(policy, procedure).and_then(|id| self.by_id.get(id))
    }

    /// What a session is registered for, in order.
    #[must_use]
    pub fn of_session(&self, session: Id) -> &[Id] {
        self.by_session.get(&session).map_or(&[], |held| held)
    }

    /// All registrations, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Registration<C>>> {
        self.by_id.iter().map(|(_, registration)| registration)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}
