//! What a dynamic authenticator may return: a role, or a dictionary.

use crossgate_wamp::auth::{CraSalt, ScramDialect, ScramSecret, from_hex};
use crossgate_wamp::{Map, Value};
use secrecy::SecretString;

use super::ask::wrong_type;
use super::method::WampMethod;
use super::principal::{Cra, make_scram};

/// The most that PBKDF2 may be asked of a client.
const ITERATIONS_MAX: u32 = 10_000_000;
/// The longest WAMP-CRA key, in bytes.
const KEYLEN_MAX: usize = 256;
/// Crossbar's values where a salt comes without them.
const ITERATIONS: u32 = 1_000;
const KEYLEN: usize = 32;

/// What all methods have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) realm: Option<String>,
    pub(super) authid: Option<String>,
    pub(super) role: Option<String>,
    pub(super) extra: Map,
}

impl Answer {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        let map = match value {
            Value::Text(role) => return Ok(Self { role: some(role), ..Self::default() }),
            Value::Map(map) => map,
            other => return Err(wrong_type("the answer", other)),
        };
        let extra = match map.get("extra") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Map(extra)) => extra.clone(),
            Some(other) => return Err(wrong_type("`extra`", other)),
        };
        Ok(Self { realm: text(map, "realm")?, authid: text(map, "authid")?, role: text(map, "role")?, extra })
    }
}

/// What the method needs of the answer.
pub(super) enum Credential {
    /// Nothing: the authenticator has decided.
    None,
    Cra(Cra),
    Scram(Box<ScramSecret>),
    PublicKey([u8; 32]),
}

impl Credential {
    pub(super) fn read(value: &Value, method: WampMethod) -> Result<Self, String> {
        let map = || value.as_map().ok_or_else(|| wrong_type("the answer", value));
        match method {
            WampMethod::Wampcra => cra(map()?).map(Self::Cra),
            WampMethod::Scram(dialect) => scram(map()?, dialect).map(|secret| Self::Scram(Box::new(secret))),
            WampMethod::Cryptosign => {
                let key = text(map()?, "pubkey")?.ok_or("`pubkey` is missing")?;
                from_hex(&key).map(Self::PublicKey).ok_or_else(|| "`pubkey` is 64 hex digits".to_owned())
            }
            WampMethod::Anonymous | WampMethod::Ticket | WampMethod::Cookie | WampMethod::Tls => Ok(Self::None),
        }
    }
}

fn cra(map: &Map) -> Result<Cra, String> {
    let key = text(map, "secret")?.ok_or("`secret` is missing")?;
    let salt = match text(map, "salt")? {
        None => None,
        Some(salt) => {
            let iterations = number(map, "iterations")?.unwrap_or(ITERATIONS);
            let keylen = number(map, "keylen")?.map_or(KEYLEN, |keylen| keylen as usize);
            if !(1..=ITERATIONS_MAX).contains(&iterations) || !(1..=KEYLEN_MAX).contains(&keylen) {
                return Err("`iterations` or `keylen` is out of range".to_owned());
            }
            Some(CraSalt { salt, iterations, keylen })
        }
    };
    Ok(Cra { key: SecretString::from(key), salt })
}

/// The keys are named with a hyphen in Crossbar's configuration, and with an underscore elsewhere.
fn scram(map: &Map, dialect: ScramDialect) -> Result<ScramSecret, String> {
    let either = |hyphen: &str, underscore: &str| match text(map, hyphen)? {
        Some(found) => Ok(found),
        None => text(map, underscore)?.ok_or_else(|| format!("`{hyphen}` is missing")),
    };
    let (stored, server) = (either("stored-key", "stored_key")?, either("server-key", "server_key")?);
    let salt = text(map, "salt")?.ok_or("`salt` is missing")?;
    let iterations = number(map, "iterations")?.ok_or("`iterations` is missing")?;
    // An authenticator answers for the method that it was asked about, however it spells the function's name.
    let kdf = match (text(map, "kdf")?.as_deref(), dialect) {
        (Some("argon2id-13" | "argon2id13"), ScramDialect::Autobahn) => "argon2id-13",
        (Some("argon2id-13" | "argon2id13"), ScramDialect::Wamp) => "argon2id13",
        (Some("pbkdf2"), _) => "pbkdf2",
        _ => return Err("`kdf` is `pbkdf2` or `argon2id-13`".to_owned()),
    };
    let secret = make_scram(kdf, (iterations, number(map, "memory")?), &salt, (&stored, &server))?;
    Ok(ScramSecret { dialect, ..secret })
}

/// Text that is not empty; nothing is as good as absent.
fn text(map: &Map, key: &str) -> Result<Option<String>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) => Ok(some(text)),
        Some(other) => Err(wrong_type(&format!("`{key}`"), other)),
    }
}

fn number(map: &Map, key: &str) -> Result<Option<u32>, String> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = value.as_unsigned().and_then(|number| u32::try_from(number).ok());
            number.map(Some).ok_or_else(|| format!("`{key}` is no number from 0 to 4294967295"))
        }
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
