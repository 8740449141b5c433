//! Bearer tokens as tickets: verified as over HTTP.

use crossgate_call::Proof;
use jsonwebtoken::Algorithm;
use serde_json::json;

use super::kit::*;
use crate::kit::*;

fn config(pair: &Pair, more: &str) -> String {
    format!(
        "{}\n[roles.client]\n[wamp.principals.joe]\nrole = \"client\"\nticket = \"secret-ticket\"\n{more}",
        issuer(&public_key(pair))
    )
}

#[tokio::test]
async fn a_token_says_who_the_session_is_whatever_name_it_came_with() {
    let pair = Pair::make(Algorithm::EdDSA);
    let world = World::open(&config(&pair, "")).await;
    let token = pair.token(&claims_but(&json!({"roles": ["writer", "reader"]})));
    for client in [Client::new(&world, &["ticket"]), Client::new(&world, &["ticket"]).named("joe")] {
        let joined = welcome(client.joined_with(&token).await);
        assert_eq!((&*joined.authid, &*joined.authrole, joined.authprovider), ("alice", "reader", "token"));
        assert_eq!((joined.caller.proof(), joined.caller.roles().len()), (Proof::Token, 2));
        assert_eq!(joined.caller.expires().unwrap().as_second(), NOW_S + 630, "with the issuer's leeway");
        assert_eq!(joined.caller.realm().as_str(), REALM);
    }
    let writer = Client::new(&world, &["ticket"]).role("writer");
    assert_eq!(&*welcome(writer.joined_with(&token).await).authrole, "writer");
    let roleless = pair.token(&claims_but(&json!({"roles": []})));
    assert_eq!(uri(Client::new(&world, &["ticket"]).joined_with(&roleless).await), "wamp.error.no_such_role");
}

#[tokio::test]
async fn a_token_that_does_not_hold_is_refused_like_a_wrong_ticket() {
    let pair = Pair::make(Algorithm::EdDSA);
    let world = World::open(&config(&pair, "")).await;
    let stranger = Pair::make(Algorithm::EdDSA);
    let client = Client::new(&world, &["ticket"]).named("joe");
    let wrong = abort(client.joined_with("wrong-ticket").await);
    for token in [
        stranger.token(&claims()),
        pair.token(&claims_but(&json!({"exp": NOW_S - 1_000}))),
        pair.token(&claims_but(&json!({"aud": "https://elsewhere.example"}))),
        "eyJ.eyJ.x".to_owned(),
    ] {
        assert_eq!(abort(client.joined_with(&token).await), wrong, "{token}");
    }
}

#[tokio::test]
async fn tokens_are_tickets_only_where_the_listener_says_so() {
    let pair = Pair::make(Algorithm::EdDSA);
    let world = World::open(&config(&pair, "[wamp.auth.public]\ntokens = false\n[wamp.auth.public.ticket]\n")).await;
    let token = pair.token(&claims());
    let joe = Client::new(&world, &["ticket"]).named("joe");
    assert_eq!(uri(joe.joined_with(&token).await), "wamp.error.authentication_denied");
    welcome(joe.joined_with("secret-ticket").await);
    assert_eq!(uri(Client::new(&world, &["ticket"]).hello().await), "wamp.error.no_such_principal");
}

#[tokio::test]
async fn a_token_that_is_bound_to_a_certificate_needs_it() {
    let pair = Pair::make(Algorithm::EdDSA);
    let world = World::open(&config(&pair, "")).await;
    let (own, other) = (certificate("a", vec![]), certificate("b", vec![]));
    let token = pair.token(&claims_but(&json!({"cnf": {"x5t#S256": encode(own.thumbprint())}})));
    let client = Client::new(&world, &["ticket"]);
    welcome(client.clone().with_certificate(&own).joined_with(&token).await);
    for client in [client.clone(), client.with_certificate(&other)] {
        assert_eq!(uri(client.joined_with(&token).await), "wamp.error.authentication_denied");
    }
}

#[tokio::test]
async fn while_the_issuers_keys_cannot_be_had_nobody_is_taken_for_a_guesser() {
    let world = World::open(&issuer("jwks_url = \"https://issuer.example/keys\"")).await;
    let pair = Pair::make(Algorithm::EdDSA);
    let client = Client::new(&world, &["ticket"]);
    for _ in 0..8 {
        assert_eq!(
            uri(client.clone().over(transport()).joined_with(&pair.token(&claims())).await),
            "wamp.error.authentication_failed"
        );
    }
    for _ in 0..20 {
        let refused = client.clone().over(transport()).joined_with("eyJ.wrong.token").await;
        assert_eq!(uri(refused), "wamp.error.authentication_denied", "the first twenty are free");
    }
}
