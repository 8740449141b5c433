//! Signing in and out.

use crossgate_call::{Error, Kind};
use http::StatusCode;
use http::header::{SET_COOKIE, WWW_AUTHENTICATE};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Ask, Failed, Pages};
use crate::console::form::{FORM_BYTES_MAX, Fields};
use crate::console::guard;
use crate::console::reply::{self, Reply};
use crate::console::view::sign_in::{self, Form};

/// Told for a wrong name and a wrong password alike.
const NO_MATCH: &str = "That user name and password do not match. Check both and try again.";
/// Told when either is missing.
const MISSING: &str = "Type your user name and your password.";

impl Pages {
    pub(super) fn sign_in_form(&self, ask: &Ask<'_>) -> Reply {
        let query = ask.query();
        let next = guard::safe_next(query.get("next"));
        if ask.visitor.name.is_some() {
            return reply::redirect(StatusCode::SEE_OTHER, next);
        }
        reply::page(StatusCode::OK, sign_in::page(&self.frame(ask), Form { next, at_once: true, ..Form::default() }))
    }

    pub(super) async fn sign_in(&self, ask: &Ask<'_>) -> Reply {
        if let Some(refusal) = Self::refusal(ask) {
            return self.failed(ask, &refusal);
        }
        let fields = Fields::parse(ask.body);
        let next = guard::safe_next(fields.get("next"));
        let user = fields.get("user").unwrap_or_default();
        // A password may begin or end with a blank.
        let password = SecretString::from(fields.raw("password").unwrap_or_default());
        if user.is_empty() || password.expose_secret().is_empty() {
            return self.again(ask, StatusCode::BAD_REQUEST, Form { next, user, failed: Some(MISSING), at_once: true });
        }
        match ask.door.begin(user, &password).await {
            Ok(cookie) => {
                // The new session takes the place of the one that the browser had, whoever's that was.
                self.end_session(ask).await;
                let mut reply = reply::redirect(StatusCode::SEE_OTHER, next);
                let cookie = guard::cookie_set(ask.visitor.secure, cookie.expose_secret());
                reply::set(&mut reply, SET_COOKIE, &cookie);
                reply
            }
            Err(error)
                if matches!(error.kind(), Kind::Unauthenticated | Kind::Forbidden | Kind::NotFound | Kind::Invalid) =>
            {
                self.again(ask, StatusCode::UNAUTHORIZED, Form { next, user, failed: Some(NO_MATCH), at_once: true })
            }
            Err(error) => self.failed(ask, &Failed { error, procedure: "identity.login".to_owned() }),
        }
    }

    pub(super) async fn sign_out(&self, ask: &Ask<'_>) -> Reply {
        if let Some(refusal) = Self::refusal(ask) {
            return self.failed(ask, &refusal);
        }
        self.end_session(ask).await;
        let mut reply = reply::redirect(StatusCode::SEE_OTHER, "/");
        reply::set(&mut reply, SET_COOKIE, &guard::cookie_clear(ask.visitor.secure));
        reply
    }

    async fn end_session(&self, ask: &Ask<'_>) {
        if let Some(cookie) = crossgate_edge::session_cookie(&ask.head.headers, ask.visitor.secure) {
            ask.door.end(cookie).await;
        }
    }

    /// Why a post is not acted on: it is too large, or does not come from a form of ours.
    pub(super) fn refusal(ask: &Ask<'_>) -> Option<Failed> {
        let error = if ask.body.len() > FORM_BYTES_MAX {
            Error::new(Kind::TooLarge, "the form is larger than it can be")
        } else if !guard::same_origin(ask.head) {
            let text = "the form did not come from this site's own page; open the page here and send it again";
            Error::new(Kind::Conflict, text)
        } else {
            return None;
        };
        Some(Failed { error, procedure: String::new() })
    }

    fn again(&self, ask: &Ask<'_>, status: StatusCode, form: Form<'_>) -> Reply {
        let mut reply = reply::page(status, sign_in::page(&self.frame(ask), form));
        if status == StatusCode::UNAUTHORIZED {
            // A 401 must say how to authenticate (RFC 9110 §15.5.2); this one makes no browser ask by itself.
            reply::set(&mut reply, WWW_AUTHENTICATE, "Bearer");
        }
        reply
    }
}
