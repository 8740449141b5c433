//! What the demonstration prints: where it is, and what to type next.

use std::io::Write as _;

use crossgate_edge::Address;

use crate::demo::Demo;

/// Prints the addresses and commands that work as they are.
pub(super) fn print(demo: &Demo, addresses: &[(String, Address)]) -> anyhow::Result<()> {
    let address =
        |tls: bool| addresses.iter().find(|(_, address)| address.tls == tls).map(|(_, address)| address.to_string());
    let (Some(tls), plain) = (address(true), address(false)) else { return Ok(()) };
    let base = format!("https://{}", tls.replace("127.0.0.1", "localhost"));
    let folder = demo.folder.display();
    let (alice, billing) = (demo.secret("alice"), demo.secret("billing"));
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "\nCrossgate is up{}.\n",
        if demo.fresh { " for the first time here; its data is in ./crossgate-data" } else { "" }
    )?;
    writeln!(out, "  console        {base}/")?;
    if let Some(plain) = plain {
        writeln!(out, "                 http://{plain}/   (this machine only; no certificate to trust)")?;
    }
    writeln!(out, "  API explorer   {base}/docs")?;
    if !alice.is_empty() {
        writeln!(out, "  sign in as     alice, password {alice}   (a lender: loans)")?;
        writeln!(
            out,
            "                 auditor, password {}   (reads loans and the record of calls)",
            demo.secret("auditor")
        )?;
    }
    writeln!(out, "\nTry it in another terminal, from this folder:\n")?;
    writeln!(out, "  TOKEN=$(curl -s --cacert {folder}/ca.pem {base}/oauth/token -u billing:{billing} \\")?;
    writeln!(out, "    -d grant_type=client_credentials | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')")?;
    writeln!(
        out,
        "  curl --cacert {folder}/ca.pem -H \"Authorization: Bearer $TOKEN\" {base}/api/v1/loan/1/2020-10-31"
    )?;
    writeln!(out, "  curl -s --cacert {folder}/ca.pem {base}/metrics | grep crossgate_calls")?;
    // As it was called: the program need not be on anybody's path.
    let crossgate = std::env::args().next().unwrap_or_else(|| "crossgate".to_owned());
    for command in ["audit tail", "loans balance 1 2020-10-31", "check"] {
        writeln!(out, "  {crossgate} {command}")?;
    }
    writeln!(out, "\nStop it with Ctrl-C.\n")?;
    Ok(out.flush()?)
}
