//! Compiles the WAMP section, with everything that is wrong with it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crossgate_call::Realm;
use crossgate_wamp::auth::ScramDialect;
use crossgate_wamp::uri::{Match as Policy, Rules, is_realm};

use super::cookie::Cookies;
use super::grant::is_reserved;
use super::method::WampMethod;
use super::principal::Principal;
use super::set::{Authenticator, Compiled, DEFAULT, Offer, Procedure, Set};
use crate::config::{self, Action, Config, Match};
use crate::grants::{ANONYMOUS, OPERATOR, Pattern};
use crate::state::Compiler;

/// The longest time that an authenticator or authorizer may take, in milliseconds.
const TIMEOUT_MS_MAX: u64 = 60_000;

/// The longest that a cookie stands for somebody, in seconds: 30 days.
const COOKIE_LIFETIME_S_MAX: u64 = 30 * 86_400;

/// A compilation of the section.
struct Work<'w, 'm> {
    config: &'w Config,
    compiler: &'w mut Compiler<'m>,
    /// The procedures that decide, and where they stand.
    deciding: BTreeMap<String, String>,
}

/// Compiles `[identity.wamp]` and the authorizers of `[identity.roles]`.
pub(crate) fn compile(config: &Config, compiler: &mut Compiler<'_>) -> Compiled {
    let mut work = Work { config, compiler, deciding: BTreeMap::new() };
    let principals = work.principals();
    let mut sets = HashMap::new();
    for (name, auth) in &config.wamp.auth {
        let known =
            principals.iter().filter(|(principal, _)| principal.auth.is_empty() || principal.auth.contains(name));
        let known = known.map(|(_, principal)| Arc::clone(principal)).collect();
        sets.insert(name.clone(), Arc::new(work.set(name, auth, known)));
    }
    if !sets.contains_key(DEFAULT) {
        let known = principals.iter().filter(|(principal, _)| principal.auth.is_empty());
        let known = known.map(|(_, principal)| Arc::clone(principal)).collect();
        sets.insert(DEFAULT.to_owned(), Arc::new(work.implied_set(known)));
    }
    let authorizers = work.authorizers();
    work.check_deciders();
    let deciding = work.deciding.keys().filter_map(|uri| Pattern::parse(uri, Match::Exact).ok()).collect();
    let authorization = &config.wamp.authorization;
    Compiled {
        sets,
        cookies: Cookies::new(),
        authorizers,
        deciding,
        named: config.roles.keys().cloned().collect(),
        cache_ttl: Duration::from_secs(authorization.cache_ttl_s),
        cache_entries_max: authorization.cache_entries_max,
    }
}

impl<'w> Work<'w, '_> {
    fn principals(&mut self) -> Vec<(&'w config::Principal, Arc<Principal>)> {
        let mut compiled = Vec::new();
        for (name, principal) in &self.config.wamp.principals {
            let key = format!("wamp.principals.{name}");
            for realm in principal.realms.iter().filter(|realm| !is_realm(realm)) {
                self.fault(format!("{key}.realms"), format!("`{realm}` cannot be a realm's name"));
            }
            for set in principal.auth.iter().filter(|set| !self.config.wamp.set_names().any(|name| name == *set)) {
                self.compiler.faults.add(format!("{key}.auth"), format!("there is no `wamp.auth.{set}`"));
            }
            let role = self.role(&format!("{key}.role"), &principal.role).unwrap_or_else(|| ANONYMOUS.into());
            compiled.push((principal, Arc::new(Principal::compile(self.compiler, name, principal, role))));
        }
        compiled
    }

    fn set(&mut self, name: &str, auth: &config::WampAuth, known: Vec<Arc<Principal>>) -> Set {
        let key = format!("wamp.auth.{name}");
        let mut offers = HashMap::new();
        for (method, offered) in offered(auth) {
            let Some(offered) = offered else { continue };
            let key = format!("{key}.{}", method.as_str());
            offers.insert(method, self.offer(&key, method, offered));
        }
        if let Some(cookie) = &auth.cookie {
            if cookie.lifetime_s > COOKIE_LIFETIME_S_MAX {
                self.fault(format!("{key}.cookie.lifetime_s"), format!("is at most {COOKIE_LIFETIME_S_MAX}"));
            }
            offers.insert(WampMethod::Cookie, Offer { authenticator: None, role: None });
        }
        if offers.is_empty() {
            self.fault(key.clone(), "offers no method; nobody could join".to_owned());
        }
        let lifetime = auth.cookie.as_ref().map(|cookie| cookie.lifetime_s);
        self.finish(&key, offers, known, (auth.errors, auth.tokens, lifetime), false)
    }

    /// What is offered where nothing is written down: everything that there are credentials for.
    fn implied_set(&mut self, known: Vec<Arc<Principal>>) -> Set {
        let config = self.config;
        let any = |has: &dyn Fn(&Principal) -> bool| known.iter().any(|principal| has(principal));
        let tokens = !config.issuers.is_empty() || !config.tokens.issuer.is_empty();
        let [autobahn, wamp] = [ScramDialect::Autobahn, ScramDialect::Wamp];
        let offered = [
            (WampMethod::Anonymous, true),
            (WampMethod::Ticket, tokens || any(&Principal::has_ticket)),
            (WampMethod::Wampcra, any(&|principal| principal.cra.is_some())),
            (WampMethod::Scram(autobahn), any(&|principal| principal.scram(autobahn).is_some())),
            (WampMethod::Scram(wamp), any(&|principal| principal.scram(wamp).is_some())),
            (WampMethod::Cryptosign, any(&|principal| !principal.keys.is_empty())),
            (WampMethod::Cookie, true),
            (WampMethod::Tls, !config.certificates.is_empty() || any(&|principal| !principal.certificates.is_empty())),
        ];
        let anonymous = self.compiler.grants.role(ANONYMOUS).cloned();
        let offers = offered.into_iter().filter(|(_, offered)| *offered).map(|(method, _)| {
            let role = anonymous.clone().filter(|_| method == WampMethod::Anonymous);
            (method, Offer { authenticator: None, role })
        });
        let lifetime = Some(config::CookieMethod::default().lifetime_s);
        self.finish("wamp", offers.collect(), known, (config::ErrorUris::default(), true, lifetime), true)
    }

    fn finish(
        &mut self,
        key: &str,
        offers: HashMap<WampMethod, Offer>,
        known: Vec<Arc<Principal>>,
        (errors, tokens, cookie_lifetime_s): (config::ErrorUris, bool, Option<u64>),
        implied: bool,
    ) -> Set {
        let mut by_key = HashMap::new();
        let mut by_certificate = HashMap::new();
        for principal in &known {
            for public_key in &principal.keys {
                self.once(key, "public key", by_key.insert(*public_key, Arc::clone(principal)), principal);
            }
            for certificate in &principal.certificates {
                self.once(key, "certificate", by_certificate.insert(*certificate, Arc::clone(principal)), principal);
            }
        }
        let having = |has: &dyn Fn(&Principal) -> bool| {
            known.iter().filter(|principal| has(principal)).cloned().collect::<Vec<_>>()
        };
        Set {
            offers,
            errors,
            tokens,
            cookie_lifetime_s,
            implied,
            by_key,
            by_certificate,
            with_cra: having(&|principal| principal.cra.is_some()),
            with_scram: [ScramDialect::Autobahn, ScramDialect::Wamp]
                .map(|dialect| having(&|principal| principal.scram(dialect).is_some())),
            principals: known.into_iter().map(|principal| (Arc::clone(&principal.authid), principal)).collect(),
        }
    }

    fn once(&mut self, key: &str, what: &str, before: Option<Arc<Principal>>, principal: &Principal) {
        if let Some(before) = before {
            let (one, other) = (&before.authid, &principal.authid);
            self.fault(key.to_owned(), format!("principals `{one}` and `{other}` have the same {what}"));
        }
    }

    fn offer(&mut self, key: &str, method: WampMethod, offered: &config::Method) -> Offer {
        let role = match (&offered.role, method) {
            (Some(role), _) => self.role(&format!("{key}.role"), role),
            (None, WampMethod::Anonymous) if offered.authenticator.is_none() => {
                self.compiler.grants.role(ANONYMOUS).cloned()
            }
            (None, _) => None,
        };
        let authenticator = offered.authenticator.as_ref().map(|uri| {
            let realm = offered.authenticator_realm.as_ref().filter(|realm| {
                let valid = is_realm(realm);
                if !valid {
                    self.compiler
                        .faults
                        .add(format!("{key}.authenticator_realm"), format!("`{realm}` cannot be a realm's name"));
                }
                valid
            });
            let realm = realm.map(|realm| Realm::new(realm.as_str()));
            let key = format!("{key}.authenticator");
            Authenticator {
                procedure: self.procedure(&key, uri, offered.authenticator_role.as_deref(), offered.timeout_ms),
                realm,
            }
        });
        if authenticator.is_none() {
            let wrong = [
                ("role", offered.role.is_some() && method != WampMethod::Anonymous),
                ("authenticator_realm", offered.authenticator_realm.is_some()),
                ("authenticator_role", offered.authenticator_role.is_some()),
            ];
            for (name, _) in wrong.into_iter().filter(|(_, wrong)| *wrong) {
                self.fault(format!("{key}.{name}"), "is of no use without `authenticator`".to_owned());
            }
        }
        Offer { authenticator, role }
    }

    /// A procedure that is asked, by a role that may.
    fn procedure(&mut self, key: &str, uri: &str, role: Option<&str>, timeout_ms: u64) -> Procedure {
        if !Rules::Loose.allow(uri, Policy::Exact) || uri.is_empty() {
            self.fault(key.to_owned(), format!("`{uri}` is no procedure's URI"));
        }
        if !(1..=TIMEOUT_MS_MAX).contains(&timeout_ms) {
            self.fault(key.to_owned(), format!("its `timeout_ms` is 1 to {TIMEOUT_MS_MAX}"));
        }
        let name = role.unwrap_or(OPERATOR);
        let role = self.compiler.grants.role(name).cloned();
        match &role {
            None => self.fault(key.to_owned(), crate::grants::unknown_role(name, &self.compiler.grants)),
            Some(role) if !self.compiler.grants.permits(std::slice::from_ref(role), Action::Call, uri) => {
                self.fault(key.to_owned(), format!("the role `{name}`, in which it is called, may not call `{uri}`"));
            }
            Some(_) if self.is_judged(name) => {
                self.fault(
                    key.to_owned(),
                    format!("the role `{name}`, in which it is called, has an authorizer itself"),
                );
            }
            Some(_) => {}
        }
        self.deciding.entry(uri.to_owned()).or_insert_with(|| key.to_owned());
        Procedure {
            name: uri.into(),
            role: role.unwrap_or_else(|| OPERATOR.into()),
            timeout: Duration::from_millis(timeout_ms.min(TIMEOUT_MS_MAX)),
        }
    }

    fn authorizers(&mut self) -> HashMap<Arc<str>, Procedure> {
        let settings = &self.config.wamp.authorization;
        let mut authorizers = HashMap::new();
        for (name, role) in &self.config.roles {
            let Some(uri) = &role.authorizer else { continue };
            let key = format!("roles.{name}.authorizer");
            let procedure = self.procedure(&key, uri, settings.role.as_deref(), settings.timeout_ms);
            authorizers.insert(name.as_str().into(), procedure);
        }
        authorizers
    }

    /// Somebody must be able to register what decides, by static grants alone.
    fn check_deciders(&mut self) {
        for (uri, key) in &self.deciding {
            let mut free = self.config.roles.keys().filter(|name| !self.is_judged(name));
            let may = free.any(|name| self.compiler.grants.permits(&[Arc::from(name.as_str())], Action::Register, uri));
            if !may {
                self.compiler.faults.add(
                    key,
                    format!(
                        "no role without an authorizer may register `{uri}`; give the role of the programs that answer \
                         it `allow = [{{ uri = \"{uri}\", actions = [\"register\"] }}]`"
                    ),
                );
            }
        }
    }

    fn is_judged(&self, role: &str) -> bool {
        self.config.roles.get(role).is_some_and(|role| role.authorizer.is_some())
    }

    /// A configured role that may be given to somebody.
    fn role(&mut self, key: &str, name: &str) -> Option<Arc<str>> {
        if is_reserved(name) {
            self.fault(key.to_owned(), format!("the role `{name}` is given to nobody over WAMP"));
            return None;
        }
        let role = self.compiler.grants.role(name).cloned();
        if role.is_none() {
            self.fault(key.to_owned(), crate::grants::unknown_role(name, &self.compiler.grants));
        }
        role
    }

    fn fault(&mut self, key: String, message: String) {
        self.compiler.faults.add(key, message);
    }
}

/// The methods of a set that have settings of one form.
fn offered(auth: &config::WampAuth) -> [(WampMethod, Option<&config::Method>); 7] {
    [
        (WampMethod::Anonymous, auth.anonymous.as_ref()),
        (WampMethod::Ticket, auth.ticket.as_ref()),
        (WampMethod::Wampcra, auth.wampcra.as_ref()),
        (WampMethod::Scram(ScramDialect::Autobahn), auth.scram.as_ref()),
        (WampMethod::Scram(ScramDialect::Wamp), auth.wamp_scram.as_ref()),
        (WampMethod::Cryptosign, auth.cryptosign.as_ref()),
        (WampMethod::Tls, auth.tls.as_ref()),
    ]
}
