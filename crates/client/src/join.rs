//! From a connection to a session.

use std::future::poll_fn;

use crossgate_wamp::Message;
use crossgate_wamp::client::{Join, JoinStep};
use crossgate_wamp::session::{ClientFeatures, Features, HelloDetails};
use crossgate_wamp::uri::is_realm;
use tokio::time::timeout;

use crate::dial::dial;
use crate::error::Error;
use crate::options::ConnectOptions;
use crate::proof::Proof;
use crate::run;
use crate::session::{Details, Session};
use crate::transport::{Incoming, Transport};

/// Connects and joins.
///
/// # Errors
/// Nobody answers, who answers speaks something else, or the router refuses.
pub async fn connect(options: &ConnectOptions) -> Result<Session, Error> {
    if !is_realm(&options.realm) {
        return Err(Error::Usage(format!("`{}` is not the name of a realm", options.realm.escape_debug())));
    }
    let dialed = dial(options).await?;
    let joining = async {
        let exporter = dialed.exporter;
        let mut transport = Transport::open(options, dialed).await?;
        let details = join(options, exporter, &mut transport).await?;
        Ok::<_, Error>((transport, details))
    };
    let limit = options.limits.join;
    let late = |_| Error::Handshake(format!("the router did not let us join within {} s", limit.as_secs_f32()));
    let (transport, details) = timeout(limit, joining).await.map_err(late)??;
    Ok(run::start(transport, details, &options.limits))
}

async fn join(
    options: &ConnectOptions,
    exporter: Option<[u8; 32]>,
    transport: &mut Transport,
) -> Result<Details, Error> {
    let mut proof = Proof::begin(options, exporter)?;
    let mut hello = HelloDetails {
        roles: roles(),
        authrole: options.authrole.clone(),
        agent: Some(options.agent.clone()),
        ..HelloDetails::default()
    };
    proof.introduce(&mut hello)?;
    let (mut join, message) = Join::begin(transport.format(), &options.realm, &hello);
    say(transport, &message).await?;
    loop {
        match join.receive(hear(transport).await?).map_err(violated)? {
            JoinStep::Challenge { method, extra } => {
                let (next, signature, extra) = proof.answered(method.to_string(), extra).await?;
                proof = next;
                say(transport, &join.authenticate(&signature, &extra)).await?;
            }
            JoinStep::Welcome { session, welcome } if proof.accepts(&welcome) => {
                let (transport, form) = (transport.name, transport.form);
                return Ok(Details { session, welcome: *welcome, transport, serializer: form });
            }
            JoinStep::Welcome { .. } => {
                return Err(Error::Handshake("the router did not prove that it knows the password".to_owned()));
            }
            JoinStep::Refused { reason, message } => return Err(Error::Refused { reason, message }),
        }
    }
}

fn violated(fault: impl std::fmt::Display) -> Error {
    Error::Handshake(format!("the router broke the protocol: {fault}"))
}

async fn say(transport: &mut Transport, message: &Message) -> Result<(), Error> {
    transport.send(message).map_err(Error::Handshake)?;
    poll_fn(|cx| transport.poll_flush(cx)).await.map_err(|why| Error::Handshake(format!("the connection broke: {why}")))
}

async fn hear(transport: &mut Transport) -> Result<Message, Error> {
    loop {
        let incoming = poll_fn(|cx| transport.poll_receive(cx)).await;
        match incoming.map_err(|why| Error::Handshake(format!("the connection broke: {why}")))? {
            Incoming::Frame(frame) => {
                // Nothing may come before the next step, so a batch has one message.
                let mut messages = transport.messages(frame);
                let message = messages.next().ok_or_else(|| violated("an empty batch"))?.map_err(violated)?;
                return if messages.next().is_none() { Ok(message) } else { Err(violated("messages out of turn")) };
            }
            Incoming::Life => {}
            Incoming::Closed(why) => return Err(Error::Handshake(format!("the router let nobody join: {why}"))),
        }
    }
}

/// What is announced is what is done.
fn roles() -> ClientFeatures {
    let caller = Features {
        progressive_call_results: true,
        call_canceling: true,
        call_timeout: true,
        caller_identification: true,
        ..Features::default()
    };
    let callee = Features {
        progressive_call_results: true,
        call_canceling: true,
        caller_identification: true,
        call_trustlevels: true,
        pattern_based_registration: true,
        shared_registration: true,
        registration_revocation: true,
        ..Features::default()
    };
    let publisher = Features {
        publisher_identification: true,
        publisher_exclusion: true,
        subscriber_blackwhite_listing: true,
        ..Features::default()
    };
    let subscriber = Features {
        publisher_identification: true,
        publication_trustlevels: true,
        pattern_based_subscription: true,
        subscription_revocation: true,
        ..Features::default()
    };
    ClientFeatures {
        caller: Some(caller),
        callee: Some(callee),
        publisher: Some(publisher),
        subscriber: Some(subscriber),
    }
}
