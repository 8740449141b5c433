//! The token endpoint.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use crossgate_identity::{
    IssueRequest, OAuthError, PeerCertificate, TokenRequest, TokenResponse, hash_client_secret, hash_password,
};
use crossgate_store::Store;
use jsonwebtoken::Algorithm;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::kit::*;

const GRANT: &str = "grant_type=client_credentials";
const ASSERTION_TYPE: &str = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

fn config(key: &Pair, client_key: &Pair) -> String {
    let clients = format!(
        r#"
[roles.reader]
[roles.writer]
[clients.billing]
secret_hash = "{}"
roles = ["reader", "writer"]
scopes = ["offline"]
lifetime_s = 60
[clients."by people"]
secret_hash = '{}'
[clients.signer]
public_key = '''{}'''
roles = ["reader"]
[clients.box]
tls = {{ san_dns = "box.example" }}
roles = ["reader"]
"#,
        hash_client_secret("s3cret"),
        hash_password("p:w d%").unwrap(),
        client_key.public_pem(),
    );
    issuing(key, &clients)
}

struct Endpoint {
    world: World,
    key: Pair,
    client_key: Pair,
}

impl Endpoint {
    async fn open() -> Self {
        Self::open_with(Store::temporary().unwrap()).await
    }

    async fn open_with(store: Store) -> Self {
        let (key, client_key) = (Pair::make(Algorithm::EdDSA), Pair::make(Algorithm::ES256));
        Self { world: World::open_with(&config(&key, &client_key), store).await, key, client_key }
    }

    async fn ask(
        &self,
        authorization: Option<&str>,
        form: &str,
        certificate: Option<&Arc<PeerCertificate>>,
    ) -> Result<TokenResponse, OAuthError> {
        self.world.identity.token(TokenRequest { authorization, form, certificate, source: None }).await
    }

    async fn asserting(&self, assertion: &str) -> Result<TokenResponse, OAuthError> {
        self.ask(None, &format!("{GRANT}&{ASSERTION_TYPE}&client_assertion={assertion}"), None).await
    }

    /// An assertion in order, but for the changes.
    fn assertion(&self, changes: &Value) -> String {
        let mut claims = json!({"iss": "signer", "sub": "signer", "aud": "https://gate.example/oauth/token", "exp": NOW_S + 300, "jti": "1"});
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        self.client_key.token_with(&json!({"alg": "ES256"}), &claims.to_string())
    }
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")))
}

/// The claims of a token of ours, unverified: that they hold is asked elsewhere.
fn claims_of(response: &TokenResponse) -> (Value, Value) {
    let part = |index| {
        let part = response.access_token.expose_secret().split('.').nth(index).unwrap().to_owned();
        serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    (part(0), part(1))
}

#[tokio::test]
async fn a_secret_in_the_header_or_in_the_body_gives_a_token_as_rfc_9068_writes_it() {
    let endpoint = Endpoint::open().await;
    let in_body = format!("{GRANT}&client_id=billing&client_secret=s3cret");
    for (authorization, form) in [(Some(basic("billing", "s3cret")), GRANT), (None, in_body.as_str())] {
        let response = endpoint.ask(authorization.as_deref(), form, None).await.unwrap();
        let (header, claims) = claims_of(&response);
        assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("EdDSA")));
        for (claim, expected) in [
            ("iss", json!("https://gate.example")),
            ("aud", json!("https://gate.example")),
            ("sub", json!("billing")),
            ("client_id", json!("billing")),
            ("iat", json!(NOW_S)),
            ("exp", json!(NOW_S + 60)),
            ("roles", json!(["reader", "writer"])),
            ("scope", json!("reader writer offline")),
        ] {
            assert_eq!(claims[claim], expected, "{claim}");
        }
        assert!(claims["jti"].as_str().unwrap().len() >= 16 && claims.get("cnf").is_none());
        let body = response.body();
        assert_eq!(
            (&body["token_type"], &body["expires_in"], &body["scope"]),
            (&json!("Bearer"), &json!(60), &json!("reader writer offline"))
        );
        let caller = endpoint.world.bearer(response.access_token.expose_secret()).await.unwrap();
        assert_eq!(&**caller.id(), "billing");
        assert!(caller.has_role("writer"));
        assert!(!format!("{response:?}").contains(response.access_token.expose_secret()));
    }
}

#[tokio::test]
async fn a_secret_that_people_thought_up_is_compared_with_argon2_after_undoing_the_encoding() {
    let endpoint = Endpoint::open().await;
    let response = endpoint.ask(Some(&basic("by+people", "p%3Aw+d%25")), GRANT, None).await.unwrap();
    assert_eq!(response.scope, None);
}

#[tokio::test]
async fn a_scope_narrows_what_the_token_may_do_and_never_widens_it() {
    let endpoint = Endpoint::open().await;
    let authorization = basic("billing", "s3cret");
    for (scope, expected) in [
        ("reader", Some((vec!["reader"], "reader"))),
        ("offline", Some((vec![], "offline"))),
        ("writer+reader+reader", Some((vec!["reader", "writer"], "reader writer"))),
        ("admin", None),
        ("reader+admin", None),
        ("+", None),
    ] {
        let response = endpoint.ask(Some(&authorization), &format!("{GRANT}&scope={scope}"), None).await;
        match expected {
            None => assert_eq!(response.unwrap_err().code, "invalid_scope", "{scope}"),
            Some((roles, given)) => {
                let response = response.unwrap();
                assert_eq!(response.scope.as_deref(), Some(given));
                let caller = endpoint.world.bearer(response.access_token.expose_secret()).await.unwrap();
                assert_eq!(caller.roles().iter().map(|role| &**role).collect::<Vec<_>>(), roles, "{scope}");
            }
        }
    }
}

#[tokio::test]
async fn requests_that_are_not_in_order_get_the_error_that_the_standard_names() {
    let endpoint = Endpoint::open().await;
    let good = basic("billing", "s3cret");
    let certificate = certificate("x", vec![dns("other.example")]);
    for (authorization, form, certificate, code, status) in [
        (Some(good.as_str()), "", None, "invalid_request", 400),
        (Some(&good), "grant_type=password", None, "unsupported_grant_type", 400),
        (Some(&good), "grant_type=client_credentials&grant_type=client_credentials", None, "invalid_request", 400),
        (Some(&good), "grant_type=client_credentials&x=%zz", None, "invalid_request", 400),
        (Some(&good), &format!("{GRANT}&client_id=other"), None, "invalid_request", 400),
        (Some(&good), &format!("{GRANT}&client_id=billing&client_secret=s3cret"), None, "invalid_request", 400),
        (None, GRANT, None, "invalid_client", 401),
        (None, &format!("{GRANT}&client_id=billing"), None, "invalid_client", 401),
        (None, &format!("{GRANT}&client_id=billing"), Some(&certificate), "invalid_client", 401),
        (None, &format!("{GRANT}&client_id=box"), Some(&certificate), "invalid_client", 401),
        (None, &format!("{GRANT}&client_id=nobody&client_secret=x"), None, "invalid_client", 401),
        (None, &format!("{GRANT}&client_id=signer&client_secret="), None, "invalid_client", 401),
        (None, &format!("{GRANT}&client_assertion=x"), None, "invalid_request", 400),
        (None, &format!("{GRANT}&{ASSERTION_TYPE}&client_assertion=x"), None, "invalid_client", 401),
    ] {
        let error = endpoint.ask(authorization, form, certificate).await.unwrap_err();
        assert_eq!((error.code, error.status), (code, status), "{form}");
        assert_eq!(error.body()["error"], code);
    }
    for header in [
        &basic("billing", "wrong"),
        &basic("nobody", "s3cret"),
        "Basic",
        "Basic !",
        "Bearer x",
        "Basic eA==",
        &basic("signer", "s3cret"),
    ] {
        let error = endpoint.ask(Some(header), GRANT, None).await.unwrap_err();
        assert_eq!(
            (error.code, error.status, error.challenge.as_deref()),
            ("invalid_client", 401, Some("Basic realm=\"token\"")),
            "{header}"
        );
    }
}

#[tokio::test]
async fn an_assertion_proves_a_client_once() {
    let store = Store::temporary().unwrap();
    let endpoint = Endpoint::open_with(store.clone()).await;
    for (index, audience) in ["https://gate.example/oauth/token", "https://gate.example"].into_iter().enumerate() {
        let assertion = endpoint.assertion(&json!({"aud": audience, "jti": index.to_string()}));
        let response = endpoint.asserting(&assertion).await.unwrap();
        assert_eq!(claims_of(&response).1["sub"], "signer");
        assert_eq!(endpoint.asserting(&assertion).await.unwrap_err().code, "invalid_client", "used before");
        let restarted = World::open_with(&config(&endpoint.key, &endpoint.client_key), store.clone()).await;
        let form = format!("{GRANT}&{ASSERTION_TYPE}&client_assertion={assertion}");
        let request = TokenRequest { authorization: None, form: &form, certificate: None, source: None };
        assert_eq!(
            restarted.identity.token(request).await.unwrap_err().code,
            "invalid_client",
            "used before the restart"
        );
    }
}

#[tokio::test]
async fn an_assertion_that_is_not_quite_right_proves_nothing() {
    let endpoint = Endpoint::open().await;
    let own = endpoint.assertion(&json!({"iss": "billing", "sub": "billing", "jti": "own"}));
    for (name, assertion) in [
        ("another issuer", endpoint.assertion(&json!({"iss": "billing"}))),
        ("another subject", endpoint.assertion(&json!({"sub": "billing"}))),
        ("a client without a key", own),
        ("another audience", endpoint.assertion(&json!({"aud": "https://other.example"}))),
        ("no audience", endpoint.assertion(&json!({"aud": null}))),
        ("no jti", endpoint.assertion(&json!({"jti": null}))),
        ("an empty jti", endpoint.assertion(&json!({"jti": ""}))),
        ("a huge jti", endpoint.assertion(&json!({"jti": "j".repeat(300)}))),
        ("no exp", endpoint.assertion(&json!({"exp": null}))),
        ("expired", endpoint.assertion(&json!({"exp": NOW_S - 31}))),
        ("valid for too long", endpoint.assertion(&json!({"exp": NOW_S + 301}))),
        ("from the future", endpoint.assertion(&json!({"iat": NOW_S + 31}))),
        ("signed by us", endpoint.key.token_with(&json!({"alg": "EdDSA"}), &json!({"iss": "signer", "sub": "signer", "aud": "https://gate.example", "exp": NOW_S + 60, "jti": "x"}).to_string())),
        ("an access token", endpoint.client_key.token_with(&json!({"alg": "ES256", "typ": "at+jwt"}), &json!({"iss": "signer", "sub": "signer", "aud": "https://gate.example", "exp": NOW_S + 60, "jti": "x"}).to_string())),
    ] {
        let error = endpoint.asserting(&assertion).await.err().unwrap_or_else(|| panic!("{name} was accepted"));
        assert_eq!(error.code, "invalid_client", "{name}");
    }
    endpoint.asserting(&endpoint.assertion(&json!({"jti": "last"}))).await.unwrap();
}

#[tokio::test]
async fn a_certificate_proves_a_client_and_binds_its_tokens() {
    let endpoint = Endpoint::open().await;
    let (mine, other) = (certificate("x", vec![dns("box.example")]), certificate("x", vec![dns("box.example")]));
    let response = endpoint.ask(None, &format!("{GRANT}&client_id=box"), Some(&mine)).await.unwrap();
    assert_eq!(claims_of(&response).1["cnf"], json!({"x5t#S256": encode(mine.thumbprint())}));
    let authorization = format!("Bearer {}", response.access_token.expose_secret());
    let with = |certificate| {
        endpoint.world.caller(Given { authorization: Some(&authorization), certificate, ..Given::default() })
    };
    assert_eq!(&**with(Some(&mine)).await.unwrap().id(), "box");
    assert!(with(Some(&other)).await.is_err(), "another certificate, although of the same name");
    assert!(with(None).await.is_err());
}

#[tokio::test]
async fn a_client_that_asks_too_often_must_use_the_token_it_has() {
    let endpoint = Endpoint::open().await;
    let authorization = basic("billing", "s3cret");
    for _ in 0..20 {
        endpoint.ask(Some(&authorization), GRANT, None).await.unwrap();
    }
    let error = endpoint.ask(Some(&authorization), GRANT, None).await.unwrap_err();
    assert_eq!((error.status, error.retry_after), (429, Some(Duration::from_secs(1))));
    endpoint.asserting(&endpoint.assertion(&json!({}))).await.unwrap();
    endpoint.world.clock.advance(Duration::from_secs(1));
    endpoint.ask(Some(&authorization), GRANT, None).await.unwrap();
}

#[tokio::test]
async fn a_source_that_guesses_is_slowed_down_and_the_client_is_not() {
    let endpoint = Endpoint::open().await;
    let guess = |secret: &'static str, source| {
        let authorization = basic("billing", secret);
        let identity = &endpoint.world.identity;
        async move {
            identity
                .token(TokenRequest { authorization: Some(&authorization), form: GRANT, certificate: None, source })
                .await
        }
    };
    for _ in 0..21 {
        assert_eq!(guess("wrong", Some("192.0.2.1")).await.unwrap_err().status, 401);
    }
    assert_eq!(guess("s3cret", Some("192.0.2.1")).await.unwrap_err().status, 429);
    guess("s3cret", Some("192.0.2.2")).await.unwrap();
}

#[tokio::test]
async fn tokens_of_a_previous_key_are_accepted_until_it_is_taken_out() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::ES384, Algorithm::RS256] {
        let (old, new) = (Pair::make(algorithm), Pair::make(Algorithm::EdDSA));
        let world = World::open(&issuing(&old, "[roles.reader]")).await;
        let roles = ["reader".to_owned()];
        let request = IssueRequest { subject: "alice", roles: &roles, ..IssueRequest::default() };
        let token = world.identity.issue(&request).unwrap().access_token.expose_secret().to_owned();
        assert!(world.bearer(&token).await.unwrap().has_role("reader"), "{algorithm:?}");
        for kept in [old.private_pem(), old.public_pem()] {
            let config = format!("{}previous_keys = ['''{kept}''']", issuing(&new, "[roles.reader]"));
            world.identity.reload(parsed(&config)).unwrap();
            world.bearer(&token).await.unwrap();
            let kids: Vec<Value> =
                world.identity.jwks()["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect();
            assert_eq!(kids.len(), 2);
            assert_ne!(kids[0], kids[1]);
        }
        world.identity.reload(parsed(&issuing(&new, "[roles.reader]"))).unwrap();
        assert!(world.bearer(&token).await.is_err());
    }
}

#[tokio::test]
async fn others_can_check_our_tokens_with_the_published_keys() {
    for algorithm in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::ES384, Algorithm::RS256] {
        let key = Pair::make(algorithm);
        let world = World::open(&issuing(&key, "")).await;
        let published = world.identity.jwks();
        for private in ["d", "p", "q", "k"] {
            assert!(published["keys"][0].get(private).is_none());
        }
        let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(published).unwrap();
        let token = world.identity.issue(&IssueRequest { subject: "alice", ..IssueRequest::default() }).unwrap();
        let token = token.access_token.expose_secret();
        let jwk = set.find(&jsonwebtoken::decode_header(token).unwrap().kid.unwrap()).unwrap();
        let thumbprint = jwk.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap();
        assert_eq!(jwk.common.key_id.as_deref(), Some(thumbprint.as_str()), "{algorithm:?}");
        let (message, signature) = token.rsplit_once('.').unwrap();
        let key = jsonwebtoken::DecodingKey::from_jwk(jwk).unwrap();
        assert!(jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm).unwrap());
    }
}

#[tokio::test]
async fn the_metadata_names_the_endpoints_and_the_methods() {
    let endpoint = Endpoint::open().await;
    let metadata = endpoint.world.identity.metadata().unwrap();
    for (name, expected) in [
        ("issuer", json!("https://gate.example")),
        ("token_endpoint", json!("https://gate.example/oauth/token")),
        ("jwks_uri", json!("https://gate.example/.well-known/jwks.json")),
        ("scopes_supported", json!(["offline", "reader", "writer"])),
        ("grant_types_supported", json!(["client_credentials"])),
    ] {
        assert_eq!(metadata[name], expected, "{name}");
    }
    let silent = World::open("").await;
    assert_eq!((silent.identity.metadata(), silent.identity.jwks()), (None, json!({"keys": []})));
    let request = TokenRequest { authorization: None, form: GRANT, certificate: None, source: None };
    assert_eq!(silent.identity.token(request).await.unwrap_err().code, "unsupported_grant_type");
    let nobody = silent.identity.issue(&IssueRequest { subject: "a", ..IssueRequest::default() });
    assert_eq!(nobody.unwrap_err().kind(), crossgate_call::Kind::NoSuchProcedure);
}

#[tokio::test]
async fn an_operator_issues_what_the_configuration_knows_and_nothing_else() {
    let key = Pair::make(Algorithm::EdDSA);
    let world = World::open(&issuing(&key, "[roles.reader]")).await;
    let roles = ["raeder".to_owned()];
    let error = world
        .identity
        .issue(&IssueRequest { subject: "", roles: &roles, lifetime_s: Some(90_000), certificate: None })
        .unwrap_err();
    let pointers: Vec<&str> = error.fields().iter().map(|field| field.pointer.as_str()).collect();
    assert_eq!(pointers, ["/subject", "/lifetime_s", "/roles/0"]);
    let token =
        world.identity.issue(&IssueRequest { subject: "ci", lifetime_s: Some(5), ..IssueRequest::default() }).unwrap();
    assert_eq!(token.expires_in_s, 5);
    let inspection = world.identity.inspect(token.access_token.expose_secret()).await;
    assert_eq!((inspection.valid, inspection.issuer.as_deref()), (true, Some("tokens")));
    world.clock.advance(Duration::from_secs(10));
    let inspection = world.identity.inspect(token.access_token.expose_secret()).await;
    assert!(inspection.reason.is_some_and(|reason| reason.contains("expired")));
}

#[test]
fn arbitrary_requests_never_panic_and_never_get_a_token() {
    let runtime = runtime();
    let endpoint = Shared(runtime.block_on(World::open(&issuing(&Pair::make(Algorithm::EdDSA), "[roles.reader]"))));
    bolero::check!().with_iterations(500).with_type::<(Option<String>, String, bool)>().for_each(
        |(authorization, form, grant)| {
            let form = if *grant { format!("{GRANT}&{form}") } else { form.clone() };
            let request = TokenRequest {
                authorization: authorization.as_deref(),
                form: &form,
                certificate: None,
                source: Some("fuzz"),
            };
            let error = runtime.block_on(endpoint.identity.token(request)).unwrap_err();
            assert!([400, 401, 429].contains(&error.status), "{error:?}");
        },
    );
}
