//! `application/x-www-form-urlencoded`, each name at most once (RFC 6749 section 3.2).

use std::borrow::Cow;

use super::error::OAuthError;

/// The longest body, in bytes; an assertion fits, with room.
const FORM_BYTES_MAX: usize = 32 * 1024;
/// The most parameters.
const PARAMETERS_MAX: usize = 64;

/// The parameters of a request.
pub(crate) struct Form<'f>(Vec<(Cow<'f, str>, Cow<'f, str>)>);

impl<'f> Form<'f> {
    pub(crate) fn parse(body: &'f str) -> Result<Self, OAuthError> {
        if body.len() > FORM_BYTES_MAX {
            return Err(OAuthError::invalid_request("the request is too large"));
        }
        let mut parameters: Vec<(Cow<'f, str>, Cow<'f, str>)> = Vec::new();
        for pair in body.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let malformed = || OAuthError::invalid_request("the body is not application/x-www-form-urlencoded");
            let (name, value) = (decode(name).ok_or_else(malformed)?, decode(value).ok_or_else(malformed)?);
            if parameters.len() == PARAMETERS_MAX || parameters.iter().any(|(known, _)| *known == name) {
                return Err(OAuthError::invalid_request("a parameter is given twice, or there are too many"));
            }
            parameters.push((name, value));
        }
        Ok(Self(parameters))
    }

    /// A parameter; one without a value is as good as absent (RFC 6749 section 3.2).
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| &**value)
    }
}

/// Undoes percent-encoding and `+` for spaces.
pub(crate) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = tail;
        match (byte, tail) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, after @ ..]) => {
                let nibble = |digit: &u8| (*digit as char).to_digit(16);
                decoded.push(u8::try_from(nibble(high)? << 4 | nibble(low)?).ok()?);
                rest = after;
            }
            (b'%', _) => return None,
            _ => decoded.push(*byte),
        }
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_each_comes_once() {
        let form = Form::parse("grant_type=client_credentials&scope=a+b%20c&empty=&%C3%A9=%26").unwrap();
        assert_eq!(form.get("grant_type"), Some("client_credentials"));
        assert_eq!(form.get("scope"), Some("a b c"));
        assert_eq!(form.get("é"), Some("&"));
        assert_eq!((form.get("empty"), form.get("missing")), (None, None));
        for bad in ["a=1&a=2", "a=%", "a=%4", "a=%zz", "a=%ff", &"a".repeat(FORM_BYTES_MAX + 1)] {
            assert_eq!(Form::parse(bad).err().map(|error| error.code), Some("invalid_request"), "{bad}");
        }
    }
}
