//! The explorer's pages.

use maud::{Markup, html};

use super::super::view::layout::{self, Frame, Section};
use super::book::{Book, Catalog, Media, Operation, Parameter, Response};
use super::facts::{notes, type_words};
use super::prose::prose;
use super::read::follow;
use super::schema::schema;
use super::try_it;

/// What the explorer's pages are given besides the contracts.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// The page's frame.
    pub(crate) frame: Frame<'a>,
    /// Where this server is, as the visitor reached it: `https://bank.example:8443`.
    pub(crate) origin: &'a str,
}

/// The list of all contracts with all their operations.
pub(crate) fn index(reader: &Reader<'_>, catalog: &Catalog) -> Markup {
    let body = html! {
        (layout::heading("APIs", "Every operation that this server answers, by contract. Open one to read it and to try it.", &layout::nothing()))
        @if catalog.0.is_empty() { div class="card empty" { p { "No contract is mounted." } } }
        @for book in &catalog.0 {
            section class="card api" aria-labelledby={ "api-" (book.name) } {
                div class="card-head" {
                    h2 id={ "api-" (book.name) } { a href={ "/docs/" (book.name) } { (book.title) } }
                    span class="muted small" { "version " (book.version) " · " a href=(json_path(book)) { "OpenAPI document" } }
                }
                (prose(&book.description))
                ul class="operations" {
                    @for operation in &book.operations {
                        li { a class="cover" href={ "/docs/" (book.name) "#" (operation.anchor) } { (method(operation)) code class="path" { (operation.path) } } span class="muted" { (operation.summary) } }
                    }
                }
            }
        }
    };
    layout::page(&reader.frame, Section::Docs, "APIs", &body)
}

/// One contract, with everything it says and a form per operation.
pub(crate) fn contract(reader: &Reader<'_>, catalog: &Catalog, book: &Book) -> Markup {
    let body = html! {
        nav class="crumbs" aria-label="Breadcrumb" { a href="/docs" { "APIs" } span aria-hidden="true" { "/" } span aria-current="page" { (book.title) } }
        div class="docs" {
            (contents(catalog, book))
            div class="docs-body" {
                div class="heading" { div {
                    h1 { (book.title) }
                    p class="muted" { "Version " (book.version) " · " a href=(json_path(book)) { "OpenAPI document" } }
                } }
                (prose(&book.description))
                (credentials(reader, book))
                @if book.operations.is_empty() { div class="card empty" { p { "This contract has no operations." } } }
                @for (tag, operations) in book.groups() {
                    @if let Some((name, description)) = tag { div class="tag" { h2 { (sentence_case(name)) } div class="muted" { (prose(description)) } } }
                    @for operation in operations { (one(reader, book, operation)) }
                }
            }
        }
    };
    layout::page(&reader.frame, Section::Docs, &book.title, &body)
}

fn json_path(book: &Book) -> String {
    format!("/docs/openapi/{}.json", book.name)
}

fn method(operation: &Operation) -> Markup {
    html! { span class={ "method " (operation.method.to_lowercase()) } { (operation.method) } }
}

fn contents(catalog: &Catalog, book: &Book) -> Markup {
    html! {
        nav class="contents" aria-label="APIs" {
            ul {
                @for other in &catalog.0 {
                    li {
                        a href={ "/docs/" (other.name) } aria-current=[(other.name == book.name).then_some("page")] { (other.title) }
                        @if other.name == book.name {
                            ul { @for operation in &book.operations {
                                li { a href={ "#" (operation.anchor) } title=(operation.path) { (method(operation)) span { (label(operation)) } } }
                            } }
                        }
                    }
                }
            }
        }
    }
}

/// What an operation is called in a list: its summary, else its path.
fn label(operation: &Operation) -> &str {
    if operation.summary.is_empty() { &operation.path } else { &operation.summary }
}

fn sentence_case(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Shown by the script: credentials live in the browser's tab and are sent by it.
fn credentials(reader: &Reader<'_>, book: &Book) -> Markup {
    let visitor = reader.frame.visitor;
    let session = visitor.name.as_ref().filter(|_| visitor.proof == "session");
    html! {
        section class="card credentials" data-credentials hidden aria-labelledby="credentials" {
            div class="card-head" { h2 id="credentials" { "Authorize" } button type="button" class="quiet" data-forget { "Forget" } }
            @for (index, key) in book.keys.iter().enumerate() {
                label { span { (if key.scheme.is_empty() { key.header.as_str() } else { "Bearer token" }) }
                    input type="password" data-key=(key.header) data-scheme=(key.scheme) autocomplete="off" spellcheck="false" aria-describedby={ "key-" (index) };
                    span class="muted small" id={ "key-" (index) } { (prose(&key.description)) }
                }
            }
            label { span { "Send requests" }
                select data-as {
                    @if !book.keys.is_empty() { option value="keys" { "with the credentials above" } }
                    @if let Some(name) = session { option value="session" { "as " (name) ", in this session" } }
                    option value="nobody" { "without credentials" }
                }
            }
            p class="muted small" { "Credentials stay in this browser tab until it is closed, and go to this server only." }
        }
    }
}

fn one(reader: &Reader<'_>, book: &Book, operation: &Operation) -> Markup {
    let document = &book.document;
    html! {
        details class="op" {
            summary {
                (method(operation))
                code class="path" { (operation.path) }
                span class="summary" { (operation.summary) }
                @if operation.deprecated { span class="badge warn" { "deprecated" } }
                @if operation.secured { span class="lock" title="Needs credentials" { "needs credentials" } }
            }
            // The place is inside, so that a link to it opens the operation.
            div class="op-body" id=(operation.anchor) {
                div class="op-text" {
                    (prose(&operation.description))
                    @if !operation.parameters.is_empty() {
                        h3 { "Parameters" }
                        ul class="schema params" { @for parameter in &operation.parameters { (parameter_line(book, parameter)) } }
                    }
                    @for media in &operation.body { h3 { "Body " span class="muted small" { (media.media_type) } } (schema(document, &media.schema)) }
                    h3 { "Responses" }
                    @for response in &operation.responses { (response_block(book, response)) }
                }
                div class="op-try" { (try_it::form(document, operation, reader.origin)) }
            }
        }
    }
}

fn parameter_line(book: &Book, parameter: &Parameter) -> Markup {
    let schema = follow(&book.document, &parameter.schema);
    let items = schema.get("items").map(|items| follow(&book.document, items));
    html! {
        li {
            code class="name" { (parameter.name) }
            @if parameter.required { span class="needed" { "required" } }
            span class="type" { (type_words(schema, items)) " in " (parameter.place) }
            (notes(schema))
            (prose(&parameter.description))
        }
    }
}

fn response_block(book: &Book, response: &Response) -> Markup {
    let tone = match response.status.as_bytes().first() {
        Some(b'2') => "good",
        Some(b'4' | b'5') => "bad",
        _ => "plain",
    };
    html! {
        details class="response" open[tone == "good"] {
            summary { span class={ "badge " (tone) } { (response.status) } span class="summary" { (prose(&response.description)) } }
            @if !response.headers.is_empty() {
                ul class="schema" { @for (name, description) in &response.headers { li { code class="name" { (name) } span class="type" { "header" } (prose(description)) } } }
            }
            @for media in &response.body { (response_body(book, media)) }
        }
    }
}

fn response_body(book: &Book, media: &Media) -> Markup {
    html! {
        p class="muted small" { (media.media_type) }
        (schema(&book.document, &media.schema))
        @if !media.example.is_empty() { pre class="example" tabindex="0" { code { (media.example) } } }
    }
}
