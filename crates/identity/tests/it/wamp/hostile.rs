//! Whatever is sent or returned: nobody who is nobody gets in, and nothing panics.

use crossgate_identity::{WampStep, WampVerdict};
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Map, Value};

use super::dynamic::CONFIG;
use super::kit::*;
use crate::kit::{Shared, World, runtime};

const STATIC: &str = r#"
[roles.client]
[wamp.principals.joe]
role = "client"
ticket = "secret-ticket"
secret = "shared-secret"
public_keys = ["8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"]
[wamp.principals.joe.scram]
kdf = "pbkdf2"
iterations = 4096
salt = "00112233445566778899aabbccddeeff"
stored_key = "1111111111111111111111111111111111111111111111111111111111111111"
server_key = "2222222222222222222222222222222222222222222222222222222222222222"
"#;

const METHODS: [&str; 5] = ["ticket", "wampcra", "scram", "wamp-scram", "cryptosign"];

#[test]
fn arbitrary_answers_to_a_challenge_never_open_a_session() {
    let runtime = runtime();
    let world = Shared(runtime.block_on(World::open(STATIC)));
    bolero::check!().with_iterations(2_000).with_type::<(u8, String, Vec<u8>)>().for_each(|(method, answer, extra)| {
        let method = METHODS[usize::from(*method) % METHODS.len()];
        // Nobody is slowed down: this is about what is sent.
        let over = crossgate_identity::WampTransport { source: None, ..transport() };
        let client = Client::new(&world, &[method]).named("joe").extra("nonce", "abc").over(over);
        let extra = Value::read(Format::Cbor, extra).ok().and_then(|value| value.as_map().cloned()).unwrap_or_default();
        let step = runtime.block_on(async {
            let (_, attempt) = client.challenged().await;
            client.world.identity.wamp_answer(attempt, answer, &extra).await
        });
        assert!(matches!(step, WampStep::Abort { .. }), "{method} {answer:?}");
        world.clock.advance(std::time::Duration::from_secs(60));
    });
}

#[test]
fn arbitrary_greetings_never_panic_and_only_challenge() {
    let runtime = runtime();
    let world = Shared(runtime.block_on(World::open(STATIC)));
    bolero::check!().with_iterations(600).with_type::<(String, String, Vec<u8>)>().for_each(|(name, role, extra)| {
        for method in METHODS {
            let mut client = Client::new(&world, &[method]).named(name).role(role);
            if let Some(extra) = Value::read(Format::Cbor, extra).ok().and_then(|value| value.as_map().cloned()) {
                client.details.authextra = extra;
            }
            let step = runtime.block_on(client.hello());
            assert!(matches!(step, WampStep::Abort { .. } | WampStep::Challenge { .. }), "{method} {step:?}");
        }
    });
}

#[test]
fn arbitrary_answers_of_an_authenticator_give_no_role_that_it_may_not_give() {
    let runtime = runtime();
    let world = Shared(runtime.block_on(World::open(CONFIG)));
    bolero::check!().with_iterations(2_000).with_type::<(Vec<u8>, String)>().for_each(|(bytes, role)| {
        let over = || crossgate_identity::WampTransport { source: None, ..transport() };
        let mut answers = vec![Value::from(role.as_str()), Map::new().with("role", role.as_str()).into()];
        answers.extend(Value::read(Format::Cbor, bytes).ok());
        for answer in answers {
            let client = Client::new(&world, &["anonymous"]).over(over());
            match runtime.block_on(client.decided(Ok(answer.clone()))) {
                WampStep::Welcome(welcome) => {
                    let given = ["server", "authenticator", "guest", "asker"].contains(&&*welcome.authrole);
                    assert!(given, "{answer:?} gave {}", welcome.authrole);
                }
                step => assert!(matches!(step, WampStep::Abort { .. }), "{step:?}"),
            }
        }
    });
}

#[test]
fn arbitrary_answers_of_an_authorizer_permit_only_by_saying_so() {
    bolero::check!().with_iterations(5_000).for_each(|bytes: &[u8]| {
        let Ok(answer) = Value::read(Format::Cbor, bytes) else { return };
        let said = match &answer {
            Value::Bool(allow) => *allow,
            Value::Map(map) => map.get("allow") == Some(&Value::Bool(true)),
            _ => false,
        };
        if WampVerdict::read(&answer).is_ok_and(|verdict| verdict.allow) {
            assert!(said, "{answer:?}");
        }
    });
}
