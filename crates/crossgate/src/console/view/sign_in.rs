//! The sign-in form.

use maud::{Markup, html};

use super::layout::{self, Frame, Section};

/// What the form shows besides its two fields.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Form<'a> {
    /// The path to go to afterwards; checked already.
    pub(crate) next: &'a str,
    /// The name typed before, after a failed attempt.
    pub(crate) user: &'a str,
    /// Why the last attempt failed: one sentence that does not tell which part was wrong.
    pub(crate) failed: Option<&'a str>,
    /// Whether typing goes into the form at once: where the form is what the page is for.
    pub(crate) at_once: bool,
}

/// The page with the form.
pub(crate) fn page(frame: &Frame<'_>, form: Form<'_>) -> Markup {
    let body = html! { div class="narrow" { (card(form, frame.visitor.realm.as_str())) } };
    layout::page(frame, Section::None, "Sign in", &body)
}

/// The form alone.
pub(crate) fn card(form: Form<'_>, realm: &str) -> Markup {
    html! {
        section class="card sign-in" aria-labelledby="sign-in" {
            @if form.at_once { h1 id="sign-in" { "Sign in" } } @else { h2 id="sign-in" { "Sign in" } }
            p class="muted" { "Realm " strong { (realm) } }
            @if let Some(reason) = form.failed {
                p class="alert" role="alert" id="failed" { (reason) }
            }
            form method="post" action="/sign-in" class="stack" {
                input type="hidden" name="next" value=(form.next);
                label { "User name"
                    input name="user" value=(form.user) autocomplete="username" autocapitalize="none" spellcheck="false"
                        required maxlength="256" autofocus[form.at_once && form.user.is_empty()];
                }
                label { "Password"
                    input type="password" name="password" autocomplete="current-password" required maxlength="1024"
                        aria-describedby=[form.failed.map(|_| "failed")] autofocus[form.at_once && !form.user.is_empty()];
                }
                button type="submit" { "Sign in" }
            }
        }
    }
}
