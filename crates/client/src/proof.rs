//! Answers to challenges.

use crossgate_wamp::auth::{
    CraSalt, CryptosignChallenge, ScramAnswer, ScramClient, cra_key, cra_sign, cryptosign_answer, from_hex,
    scram_nonce, to_hex,
};
use crossgate_wamp::session::{HelloDetails, Welcome};
use crossgate_wamp::{Map, Value};
use secrecy::ExposeSecret as _;

use crate::credential::Credential;
use crate::error::Error;
use crate::options::ConnectOptions;

/// The one channel binding that TLS 1.3 has (RFC 9266).
const TLS_EXPORTER: &str = "tls-exporter";

/// The fewest iterations of PBKDF2 that a proof of a password is made with (RFC 7677 §4): a router that asks for less
/// would learn the password from the proof.
const SCRAM_ITERATIONS_MIN: u64 = 4096;

/// The most iterations of PBKDF2: some seconds.
const PBKDF2_ITERATIONS_MAX: u64 = 10_000_000;

/// The most work with Argon2: passes times KiB, some seconds.
const ARGON2_PASS_KIB_MAX: u64 = 1 << 23;

/// The most memory with Argon2, in KiB.
const ARGON2_MEMORY_KIB_MAX: u64 = 1 << 19;

/// One proof, from HELLO to WELCOME.
pub(crate) struct Proof {
    credential: Credential,
    /// The channel that the proof is bound to.
    channel: Option<[u8; 32]>,
    scram: Option<ScramClient>,
    shown: Option<ScramAnswer>,
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Handshake(format!("the router's challenge cannot be answered: {error}"))
}

impl Proof {
    /// Begins. `exporter` is the channel's id, where it has one.
    pub(crate) fn begin(options: &ConnectOptions, exporter: Option<[u8; 32]>) -> Result<Self, Error> {
        let credential = options.credential.clone();
        if matches!(credential, Credential::Tls { .. }) && !(options.target.is_tls() && options.tls.has_identity()) {
            return Err(Error::Usage("the method tls needs TLS and a client certificate with its key".into()));
        }
        let channel = match options.channel_binding {
            true => Some(exporter.ok_or_else(|| {
                Error::Usage("channel binding needs TLS 1.3, which this connection does not have".into())
            })?),
            false => None,
        };
        let scram = match &credential {
            Credential::Scram { dialect, authid, .. } => {
                let client = ScramClient::new(*dialect, authid, &scram_nonce().map_err(broken)?);
                Some(channel.iter().fold(client, |client, channel| client.bound(TLS_EXPORTER, channel)))
            }
            _ => None,
        };
        Ok(Self { credential, channel, scram, shown: None })
    }

    /// What HELLO says about it.
    pub(crate) fn introduce(&self, details: &mut HelloDetails) -> Result<(), Error> {
        details.authmethods = Some(vec![self.credential.method().to_owned()]);
        details.authid = self.credential.authid().map(str::to_owned);
        details.authextra = match (&self.credential, &self.scram) {
            (_, Some(scram)) => scram.authextra(),
            (Credential::Cryptosign { key, .. }, _) => {
                let binding = self.channel.map(|_| TLS_EXPORTER);
                Map::new().with("pubkey", to_hex(&key.public_key()?)).with_some("channel_binding", binding)
            }
            _ => Map::new(),
        };
        Ok(())
    }

    /// AUTHENTICATE's signature and extra. Deriving a key takes long, and other tasks wait for it: see [`Self::answered`].
    fn answer(&mut self, method: &str, extra: &Map) -> Result<(String, Map), Error> {
        if method != self.credential.method() {
            return Err(broken(format_args!(
                "it is for `{}`, and we offered {}",
                method.escape_debug(),
                self.credential.method()
            )));
        }
        let signature = match &self.credential {
            Credential::Ticket { ticket, .. } => ticket.expose_secret().to_owned(),
            Credential::Cra { secret, .. } => cra(secret.expose_secret().as_bytes(), extra)?,
            Credential::Cryptosign { key, .. } => self.sign(key.seed(), extra)?,
            Credential::Scram { password, .. } => {
                bounded(extra)?;
                let client = self.scram.as_ref().ok_or_else(|| broken("there is no exchange"))?;
                let answer = client.answer(password.expose_secret().as_bytes(), extra).map_err(broken)?;
                let said = (answer.signature.clone(), answer.extra.clone());
                self.shown = Some(answer);
                return Ok(said);
            }
            Credential::Anonymous | Credential::Tls { .. } => return Err(broken("this method has none")),
        };
        Ok((signature, Map::new()))
    }

    fn sign(&self, seed: &[u8; 32], extra: &Map) -> Result<String, Error> {
        let text = |key| extra.get(key).and_then(Value::as_text).filter(|text| !text.is_empty());
        let challenge =
            text("challenge").and_then(from_hex::<32>).ok_or_else(|| broken("it is not 32 bytes in hex"))?;
        if text("channel_binding") != self.channel.map(|_| TLS_EXPORTER) {
            return Err(broken("it is bound to the channel in another way than asked"));
        }
        let channel = self.channel.map(|id| (TLS_EXPORTER.to_owned(), id));
        cryptosign_answer(seed, &CryptosignChallenge::new(challenge, channel)).map_err(broken)
    }

    /// The same in a thread where waiting is allowed.
    pub(crate) async fn answered(mut self, method: String, extra: Map) -> Result<(Self, String, Map), Error> {
        let answered = tokio::task::spawn_blocking(move || {
            let (signature, extra) = self.answer(&method, &extra)?;
            Ok((self, signature, extra))
        });
        answered.await.map_err(broken)?
    }

    /// Whether the router has proved itself, where the method asks that of it.
    pub(crate) fn accepts(&self, welcome: &Welcome) -> bool {
        match (&self.credential, &self.shown) {
            (Credential::Scram { dialect, .. }, Some(shown)) => shown.is_server(*dialect, &welcome.auth.authextra),
            (Credential::Scram { .. }, None) => false,
            _ => true,
        }
    }
}

fn cra(secret: &[u8], extra: &Map) -> Result<String, Error> {
    let challenge = extra.get("challenge").and_then(Value::as_text).ok_or_else(|| broken("it has no `challenge`"))?;
    let Some(salt) = extra.get("salt").and_then(Value::as_text) else { return Ok(cra_sign(secret, challenge)) };
    // Autobahn's defaults, for what a router leaves out.
    let number = |key, default: u64| extra.get(key).and_then(Value::as_unsigned).unwrap_or(default);
    let iterations = number("iterations", 1000);
    if iterations > PBKDF2_ITERATIONS_MAX {
        return Err(broken(format_args!("{iterations} iterations are too many")));
    }
    let salt = CraSalt {
        salt: salt.to_owned(),
        iterations: u32::try_from(iterations).unwrap_or(u32::MAX),
        keylen: usize::try_from(number("keylen", 32)).unwrap_or(usize::MAX),
    };
    Ok(cra_sign(cra_key(secret, &salt).map_err(broken)?.as_bytes(), challenge))
}

/// Refuses what would betray the password, or keep this machine busy for minutes.
fn bounded(extra: &Map) -> Result<(), Error> {
    let number = |key| extra.get(key).and_then(Value::as_unsigned);
    let iterations = number("iterations").unwrap_or(0);
    let within = match number("memory") {
        Some(memory) => memory <= ARGON2_MEMORY_KIB_MAX && iterations.saturating_mul(memory) <= ARGON2_PASS_KIB_MAX,
        None => (SCRAM_ITERATIONS_MIN..=PBKDF2_ITERATIONS_MAX).contains(&iterations),
    };
    if within { Ok(()) } else { Err(broken("its key derivation is too weak, or too much work")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossgate_wamp::auth::ScramDialect;

    fn proof(credential: Credential) -> Proof {
        let options = ConnectOptions::new("ws://127.0.0.1:1/".parse().unwrap(), "realm1").credential(credential);
        Proof::begin(&options, None).unwrap()
    }

    #[test]
    fn a_challenge_of_another_method_is_not_answered() {
        let mut proof = proof(Credential::ticket(Some("joe"), "secret".into()));
        assert!(proof.answer("wampcra", &Map::new().with("challenge", "x")).is_err());
        assert_eq!(proof.answer("ticket", &Map::new()).unwrap().0, "secret");
        assert!(self::proof(Credential::Anonymous).answer("anonymous", &Map::new()).is_err());
    }

    #[test]
    fn derivations_that_betray_the_password_or_take_minutes_are_refused() {
        let base = || Map::new().with("kdf", "pbkdf2");
        for (extra, fine) in [
            (base().with("iterations", 4096_u64), true),
            (base().with("iterations", 1_u64), false),
            (base().with("iterations", 100_000_000_u64), false),
            (base().with("iterations", 3_u64).with("memory", 65_536_u64), true),
            (base().with("iterations", 65_536_u64).with("memory", 65_536_u64), false),
            (base().with("iterations", 1_u64).with("memory", 1_u64 << 40), false),
            (base(), false),
        ] {
            assert_eq!(bounded(&extra).is_ok(), fine, "{extra:?}");
        }
    }

    #[test]
    fn a_router_that_welcomes_without_proving_itself_is_not_believed() {
        let scram = proof(Credential::scram(ScramDialect::Wamp, "joe", "secret".into()));
        assert!(!scram.accepts(&Welcome::default()));
        assert!(proof(Credential::Anonymous).accepts(&Welcome::default()));
    }

    #[test]
    fn a_binding_that_the_connection_does_not_have_is_not_pretended() {
        let mut options = ConnectOptions::new("ws://127.0.0.1:1/".parse().unwrap(), "realm1");
        options.channel_binding = true;
        assert!(Proof::begin(&options, None).is_err());
        assert!(Proof::begin(&options, Some([1; 32])).is_ok());
        options.credential = Credential::Tls { authid: None };
        assert!(Proof::begin(&options, Some([1; 32])).is_err(), "there is no certificate");
    }

    #[test]
    fn a_key_signs_for_its_channel_and_for_no_weaker_one() {
        let key = "4ffddd896a530ce5ee8c86b83b0d31835490a97a9cd718cb2f09c9fd31c4a7d7".into();
        let mut options = ConnectOptions::new("ws://127.0.0.1:1/".parse().unwrap(), "realm1");
        options.credential = Credential::cryptosign(None, &key).unwrap();
        options.channel_binding = true;
        let mut proof = Proof::begin(&options, Some([1; 32])).unwrap();
        let mut details = HelloDetails::default();
        proof.introduce(&mut details).unwrap();
        assert_eq!(details.authextra.get("channel_binding").and_then(Value::as_text), Some(TLS_EXPORTER));
        let unbound = Map::new().with("challenge", "ab".repeat(32)).with("channel_binding", Value::Null);
        assert!(proof.answer("cryptosign", &unbound).is_err());
        let bound = unbound.with("channel_binding", TLS_EXPORTER);
        assert_eq!(proof.answer("cryptosign", &bound).unwrap().0.len(), 192);
    }
}
