//! PKCS#12 (RFC 7292): a key, its certificate and the authority's in one file under a password, for browsers, Java and
//! Windows. PBES2 with AES-256 and HMAC-SHA-256; nothing of the forty-bit past.

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use secrecy::{ExposeSecret as _, SecretString};

use crate::key::PASSPHRASE_MIN;
use crate::{Error, Result};

/// Rounds between the password and the keys made of it.
const ROUNDS: u32 = 200_000;

/// The file's content. `serial` tells the key's certificate from the others.
pub(crate) fn bundle(
    label: &str,
    serial: &[u8],
    key: &[u8],
    chain: &[&[u8]],
    password: &SecretString,
) -> Result<Vec<u8>> {
    if password.expose_secret().chars().count() < PASSPHRASE_MIN {
        return Err(Error::refused(format!(
            "the PKCS#12 password is too short: take at least {PASSPHRASE_MIN} characters"
        )));
    }
    let broken = |_| Error::refused("the PKCS#12 file cannot be made");
    let key = PrivateKey::from_der(key).map_err(broken)?;
    let chain: Vec<_> = chain.iter().map(|der| Certificate::from_der(der)).collect::<Result<_, _>>().map_err(broken)?;
    let mut store = KeyStore::new();
    store.add_entry(label, KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(serial, key, chain)));
    store.writer(password.expose_secret()).encryption_iterations(ROUNDS).mac_iterations(ROUNDS).write().map_err(broken)
}
