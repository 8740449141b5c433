//! Descriptions: as much of CommonMark as contracts' sentences use. Paragraphs, lists of one level, `code`,
//! *emphasis* and **strong emphasis**; anything else is shown as it was written. No HTML passes.

use maud::{Markup, PreEscaped, html};

/// A description as paragraphs and lists.
pub(super) fn prose(text: &str) -> Markup {
    if text.trim().is_empty() {
        return PreEscaped(String::new());
    }
    html! {
        div class="prose" {
            @for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) { (paragraph(block)) }
        }
    }
}

fn paragraph(block: &str) -> Markup {
    let items = || block.lines().map(|line| line.trim().strip_prefix("- ").or_else(|| line.trim().strip_prefix("* ")));
    html! {
        @if items().all(|item| item.is_some()) {
            ul { @for item in items().flatten() { li { (inline(item)) } } }
        } @else {
            p { (inline(block)) }
        }
    }
}

/// Code spans first: nothing inside them is emphasis. A mark without its partner is a character like any other.
fn inline(text: &str) -> Markup {
    html! { (between(text, "`", |code| html! { code { (code) } }, strong)) }
}

fn strong(text: &str) -> Markup {
    between(
        text,
        "**",
        |inner| html! { strong { (inner) } },
        |text| between(text, "*", |inner| html! { em { (inner) } }, |text| html! { (text) }),
    )
}

/// Text with what stands between two marks dressed otherwise than the rest.
fn between(text: &str, mark: &str, inside: impl Fn(&str) -> Markup, outside: impl Fn(&str) -> Markup) -> Markup {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(mark) {
        let Some((inner, after)) =
            after.split_once(mark).filter(|(inner, _)| !inner.is_empty() && inner.trim() == *inner)
        else {
            break;
        };
        shown.push_str(&outside(before).into_string());
        shown.push_str(&inside(inner).into_string());
        rest = after;
    }
    shown.push_str(&outside(rest).into_string());
    PreEscaped(shown)
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn sentences_are_dressed_and_everything_is_escaped() {
        for (text, shown) in [
            ("a `b*c*` d", "<p>a <code>b*c*</code> d</p>"),
            ("a *b* and **c**", "<p>a <em>b</em> and <strong>c</strong></p>"),
            ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
            ("one ` and *", "<p>one ` and *</p>"),
            ("`<b>` <i>", "<p><code>&lt;b&gt;</code> &lt;i&gt;</p>"),
            ("one\n\n- two\n- three", "<p>one</p><ul><li>two</li><li>three</li></ul>"),
        ] {
            assert_eq!(prose(text).into_string(), format!("<div class=\"prose\">{shown}</div>"));
        }
        assert_eq!(prose(" \n").into_string(), "");
    }
}
