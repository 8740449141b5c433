//! The account with the authority: made once, kept in the store.

use std::sync::Arc;

use crossgate_store::Store;
use instant_acme::{Account, AccountCredentials, Error, ExternalAccountKey, NewAccount};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::config::mail;
use super::http::{Client, Http};
use super::{Config, records};

/// What a server says when it does not know the account (any more).
const UNKNOWN_ACCOUNT: &str = "urn:ietf:params:acme:error:accountDoesNotExist";

/// The account of the directory; it is made when the store has none.
pub(super) async fn open(
    config: &Config,
    store: &Store,
    http: &Arc<dyn Http>,
    now: Timestamp,
) -> Result<Account, String> {
    let directory = config.directory();
    let contacts: Vec<String> = config.contacts.iter().map(|contact| format!("mailto:{}", mail(contact))).collect();
    let contacts: Vec<&str> = contacts.iter().map(String::as_str).collect();
    let written = contacts.join(" ");
    let builder = || Account::builder_with_http(Box::new(Client(Arc::clone(http))));
    let broken = |error: crossgate_store::Error| format!("the store does not serve: {error}");
    if let Some((known, credentials)) = records::account(store, directory).await.map_err(broken)? {
        let parsed: AccountCredentials =
            serde_json::from_str(&credentials).map_err(|_| "the account in the store is not readable".to_owned())?;
        let account = builder().from_credentials(parsed).await.map_err(|error| said(&error))?;
        if known != written {
            account.update_contacts(&contacts).await.map_err(|error| said(&error))?;
            records::keep_account(store, directory, &written, &credentials, now).await.map_err(broken)?;
        }
        return Ok(account);
    }
    let external = external(config)?;
    let wanted =
        NewAccount { contact: &contacts, terms_of_service_agreed: config.terms_agreed, only_return_existing: false };
    let (account, credentials) =
        builder().create(&wanted, directory.to_owned(), external.as_ref()).await.map_err(|error| said(&error))?;
    let credentials = serde_json::to_string(&credentials).map_err(|error| error.to_string())?;
    records::keep_account(store, directory, &written, &credentials, now).await.map_err(broken)?;
    tracing::info!(directory, account = account.id(), "an ACME account was made");
    Ok(account)
}

fn external(config: &Config) -> Result<Option<ExternalAccountKey>, String> {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    let Some(external) = &config.external_account else { return Ok(None) };
    let key = crossgate_store::secrets::resolve(external.hmac_key.expose_secret())
        .map_err(|error| format!("acme.external_account.hmac_key: {error}"))?;
    // Some authorities hand it out with padding, or in the other alphabet.
    let text = key.expose_secret().trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| "acme.external_account.hmac_key is not base64url".to_owned())?;
    Ok(Some(ExternalAccountKey::new(external.key_id.clone(), &bytes)))
}

/// Forgets an account that the authority does not know, so that the next order makes another.
pub(super) async fn forget_unknown(store: &Store, directory: &str, error: &str) {
    if error.contains(UNKNOWN_ACCOUNT)
        && let Err(error) = records::forget_account(store, directory).await
    {
        tracing::warn!("an ACME account that is no more could not be forgotten: {error}");
    }
}

/// What the authority said, or what kept it from saying anything; the cause too, which libraries keep apart.
pub(super) fn said(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    if let Error::Api(problem) = error
        && let Some(kind) = &problem.r#type
        && !text.contains(kind.as_str())
    {
        text = format!("{text} ({kind})");
    }
    text
}
