//! Pages that say that something cannot be shown, why, and what to do about it.

use std::time::Duration;

use crossgate_call::{Error, Kind};
use http::StatusCode;
use maud::{Markup, html};

use super::layout::{self, Frame, Section};

/// A page in place of the one that was asked for.
#[derive(Debug)]
pub(crate) struct Notice {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    /// What happened, as a sentence.
    pub(crate) text: String,
    /// The procedure whose grant is missing.
    pub(crate) missing: Option<String>,
    /// Whether the reader should quote the request's trace when reporting it.
    pub(crate) quote: bool,
}

impl Notice {
    /// The page that stands for a failed call of `procedure`.
    pub(crate) fn of(error: &Error, procedure: &str) -> Self {
        let (status, title) = heading(error.kind());
        let mut text = sentence(error.public());
        if let Some(wait) = error.retry_after() {
            text = format!("{text} Try again in {}.", words(wait));
        }
        Self {
            status,
            title,
            text,
            missing: (error.kind() == Kind::Forbidden).then(|| procedure.to_owned()),
            quote: matches!(error.kind(), Kind::Internal | Kind::Unavailable | Kind::Deadline),
        }
    }

    /// The page for a path that leads nowhere.
    pub(crate) fn nowhere() -> Self {
        let text = "There is nothing at this address. It may have been mistyped, or the page was moved.".to_owned();
        Self { status: StatusCode::NOT_FOUND, title: "Page not found", text, missing: None, quote: false }
    }
}

fn heading(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "Please sign in"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "You may not see this"),
        Kind::NoSuchProcedure => (StatusCode::NOT_FOUND, "Not offered here"),
        Kind::NotFound => (StatusCode::NOT_FOUND, "Not found"),
        Kind::Invalid => (StatusCode::BAD_REQUEST, "That does not fit"),
        Kind::Conflict => (StatusCode::CONFLICT, "Not possible now"),
        Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Too large"),
        Kind::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too many attempts"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Not available right now"),
        Kind::Deadline => (StatusCode::GATEWAY_TIMEOUT, "No answer in time"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
    }
}

/// A public sentence (lower case, no full stop) as a page says it.
pub(crate) fn sentence(public: &str) -> String {
    let mut letters = public.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    let end = if public.is_empty() || public.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// A wait in words.
pub(crate) fn words(wait: Duration) -> String {
    let seconds = wait.as_secs().max(1);
    let (count, unit) = if seconds >= 90 { (seconds.div_ceil(60), "minute") } else { (seconds, "second") };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// The page.
pub(crate) fn page(frame: &Frame<'_>, notice: &Notice) -> Markup {
    let visitor = frame.visitor;
    let roles = visitor.roles.iter().map(|role| &**role).collect::<Vec<_>>().join(", ");
    let body = html! {
        div class="narrow notice" {
            p class="status" { (notice.status.as_u16()) }
            h1 { (notice.title) }
            p { (layout::sentence(&notice.text)) }
            @if let Some(procedure) = &notice.missing {
                dl class="facts" {
                    div { dt { "Missing grant" } dd { code { "call" } " on " code { (procedure) } } }
                    div { dt { "Your roles" } dd { (if roles.is_empty() { "none" } else { &roles }) } }
                    div { dt { "Realm" } dd { (visitor.realm) } }
                }
                p class="muted" { "An operator can give the grant to one of your roles in the configuration." }
            }
            @if notice.quote {
                p class="muted" { "When you report this, quote the reference " code { (visitor.trace.to_string()) } "." }
            }
            p class="actions" {
                a class="button" href="/" { "Go to the overview" }
                @if visitor.name.is_none() { a class="button secondary" href="/sign-in" { "Sign in" } }
            }
        }
    };
    layout::page(frame, Section::None, notice.title, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_and_waits_read_like_english() {
        assert_eq!(sentence("no such loan"), "No such loan.");
        assert_eq!(sentence(""), "");
        assert_eq!(words(Duration::from_millis(1)), "1 second");
        assert_eq!(words(Duration::from_secs(61)), "61 seconds");
        assert_eq!(words(Duration::from_secs(120)), "2 minutes");
    }

    #[test]
    fn an_internal_cause_never_reaches_the_page() {
        let notice = Notice::of(&Error::internal("password of db is hunter2"), "loans.list");
        assert!(!format!("{notice:?}").contains("hunter2"));
        assert!(notice.quote && notice.missing.is_none());
    }
}
