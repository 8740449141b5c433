//! The mounted contracts, read once for showing.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::assets::content_hash;
use super::read;

/// One contract.
#[derive(Debug)]
pub(crate) struct Book {
    /// Its name in the configuration, and in addresses: `/docs/NAME`.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) description: String,
    /// By tag, in the order of the tags.
    pub(crate) operations: Vec<Operation>,
    /// The tags' names and descriptions.
    pub(crate) tags: Vec<(String, String)>,
    /// The ways in which a caller may prove itself, as far as a page can send them.
    pub(crate) keys: Vec<Key>,
    /// The document, with `servers` saying where it is mounted here.
    pub(crate) document: Value,
    /// The same as bytes.
    pub(crate) json: Bytes,
    pub(crate) etag: String,
}

/// One operation.
#[derive(Debug, Default)]
pub(crate) struct Operation {
    /// Its place on the page.
    pub(crate) anchor: String,
    /// Upper case.
    pub(crate) method: String,
    /// The template with the contract's prefix.
    pub(crate) path: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) tag: Option<String>,
    pub(crate) deprecated: bool,
    /// Whether the contract wants credentials for it.
    pub(crate) secured: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Vec<Media>,
    pub(crate) body_required: bool,
    pub(crate) responses: Vec<Response>,
}

/// One parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// `path`, `query`, `header` or `cookie`.
    pub(crate) place: String,
    pub(crate) description: String,
    pub(crate) required: bool,
    pub(crate) style: String,
    pub(crate) explode: bool,
    pub(crate) schema: Value,
    /// A value to try, as it would be typed.
    pub(crate) example: String,
}

/// A body in one media type.
#[derive(Debug)]
pub(crate) struct Media {
    pub(crate) media_type: String,
    pub(crate) schema: Value,
    /// A body to try or to expect.
    pub(crate) example: String,
}

/// One documented response.
#[derive(Debug)]
pub(crate) struct Response {
    /// `200`, `4XX`, `default`.
    pub(crate) status: String,
    pub(crate) description: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<Media>,
}

/// A credential that a page can send in a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    /// The header: `Authorization`, `X-API-Key`.
    pub(crate) header: String,
    /// What goes before the credential: `Bearer `.
    pub(crate) scheme: &'static str,
    /// What the contract says of it.
    pub(crate) description: String,
}

impl Book {
    /// The operations in groups of one tag, each with the tag's name and description.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (Option<&(String, String)>, &[Operation])> {
        let groups = self.operations.chunk_by(|one, next| one.tag == next.tag);
        groups.map(|group| {
            let tag = group.first().and_then(|operation| operation.tag.as_ref());
            (self.tags.iter().find(|(name, _)| Some(name) == tag), group)
        })
    }

    /// Reads a contract's document for showing. Whatever the document leaves out is shown as left out.
    pub(crate) fn new(name: &str, prefix: &str, document: &Value) -> Self {
        let mut document = document.clone();
        let server = if prefix.is_empty() { "/" } else { prefix };
        if let Some(members) = document.as_object_mut() {
            members.insert("servers".into(), json!([{"url": server}]));
        }
        let json: Bytes = document.to_string().into();
        Self {
            name: name.to_owned(),
            title: read::text(&document, "/info/title"),
            version: read::text(&document, "/info/version"),
            description: read::text(&document, "/info/description"),
            operations: read::operations(&document, prefix),
            tags: read::tags(&document),
            keys: read::keys(&document),
            etag: format!("\"{}\"", content_hash(&json)),
            json,
            document,
        }
    }
}

/// Every mounted contract, in the order of mounting.
#[derive(Debug, Default)]
pub(crate) struct Catalog(pub(crate) Vec<Book>);

impl Catalog {
    /// The contract of that name.
    pub(crate) fn find(&self, name: &str) -> Option<&Book> {
        self.0.iter().find(|book| book.name == name)
    }
}
