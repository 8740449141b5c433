//! What was done, and what to put into the configuration now.

use std::process::ExitCode;

use crossgate_certificates::{Folder, Issued, Kind, Revoked};
use serde_json::json;

use super::shown;
use crate::commands::{print_json, say};

/// Tells of certificates that were issued.
pub(super) fn issued(issued: &[Issued], folder: &Folder, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        let all: Vec<_> =
            issued.iter().map(|one| json!({"issued": one, "configuration": configuration(one, folder)})).collect();
        print_json(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    if issued.is_empty() {
        say("nothing is due")?;
    }
    for one in issued {
        told(one)?;
        say("\nin the configuration:\n")?;
        for line in configuration(one, folder).lines() {
            say(format_args!("  {line}"))?;
        }
        say("")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn told(one: &Issued) -> anyhow::Result<()> {
    let facts = &one.facts;
    say(format_args!("certificate  {}", shown(&one.certificate)))?;
    say(format_args!("key          {} ({}; keep it to yourself)", shown(&one.key), facts.key))?;
    if let Some(bundle) = &one.pkcs12 {
        say(format_args!("PKCS#12      {}", shown(bundle)))?;
    }
    say(format_args!("subject      {}", facts.subject))?;
    if !facts.names.is_empty() {
        say(format_args!("names        {}", facts.names.join(", ")))?;
    }
    say(format_args!("serial       {}", facts.serial))?;
    say(format_args!("valid        {} to {}", facts.not_before, facts.not_after))?;
    say(format_args!("SHA-1        {}", facts.sha1))?;
    say(format_args!("SHA-256      {}", facts.sha256))?;
    say(format_args!("sha256       {}", facts.sha256_hex))
}

/// TOML to copy.
fn configuration(one: &Issued, folder: &Folder) -> String {
    let (ca, list) = (folder.certificate(), folder.list());
    match one.kind {
        Kind::Authority => format!(
            "[edge.listeners.tls]                     # of a listener whose clients it signs\nclient_ca = {}\n\
             client_certificate = \"required\"          # or \"optional\"\ncrls = {}",
            quoted(&ca),
            quoted(&list)
        ),
        Kind::Server => format!(
            "[edge.listeners.tls]\ncertificates = [{{ chain = {}, key = {} }}]\n# clients trust {}",
            quoted(&one.certificate),
            quoted(&one.key),
            shown(&ca)
        ),
        Kind::Client => format!(
            "[[identity.certificates]]\nid = {}\nsha256 = \"{}\"   # {}\nroles = []                               # what it may",
            toml::Value::from(one.name.as_str()),
            one.facts.sha256_hex,
            "this one alone; common_name or a san_ key outlives a renewal. For WAMP: principals.NAME.certificates"
        ),
    }
}

fn quoted(path: &std::path::Path) -> toml::Value {
    toml::Value::from(path.to_string_lossy().as_ref())
}

/// Tells of certificates that were revoked, and of the list.
pub(super) fn revoked(revoked: &Revoked, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        print_json(revoked)?;
        return Ok(ExitCode::SUCCESS);
    }
    for entry in &revoked.revoked {
        say(format_args!("revoked {} (serial {}, sha256 {})", entry.name, entry.serial, entry.sha256))?;
    }
    say(format_args!(
        "{} is list number {}; sign it anew before {} (`crossgate cert crl`)",
        shown(&revoked.list),
        revoked.number,
        revoked.next_update
    ))?;
    say("listeners that name it in `crls` read it on SIGHUP (`systemctl reload crossgate`, or `kill -HUP PID`);")?;
    say("a listener without `crls` does not know of it: add it, or this revokes nothing")?;
    Ok(ExitCode::SUCCESS)
}
