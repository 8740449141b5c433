//! Bearer tokens: JSON Web Tokens (RFC 7519) in compact serialization, under the rules of RFC 8725.
//!
//! The order is: size and shape, header, issuer by the exact `iss`, key by `kid` and *the key's own*
//! algorithms, signature, claims. Nothing that the token says about how to check it is believed.

mod claims;
mod compact;
mod fault;
mod issuer;
mod jwk;
mod jwks;
mod key;

pub(crate) use claims::{Rules, Typ, text as claim_text};
pub(crate) use compact::{Compact, TOKEN_BYTES_MAX};
pub(crate) use fault::TokenFault;
pub(crate) use issuer::{Issuer, Ring, Trust};
pub use jwks::{BoxError, FETCH_BYTES_MAX, Fetch};
pub(crate) use jwks::{Jwks, JwksSettings};
pub(crate) use key::{Key, KeySet, KeySource, algorithm_name, algorithms_named, significant};
