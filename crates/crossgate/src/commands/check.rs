//! `crossgate check`: everything that `up` would refuse, found without starting.

use std::process::ExitCode;

use anyhow::Context as _;
use crossgate_call::Realm;
use serde_json::json;

use crate::cli::ConfigFile;
use crate::compose::Program;
use crate::log;

/// What to check, and for whom to print.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: ConfigFile,
    /// Checks what a process that serves only these realms would have.
    #[arg(long = "realm", value_name = "NAME", num_args = 1..)]
    realms: Vec<String>,
    /// Print for programs.
    #[arg(long)]
    json: bool,
}

/// Opens every part short of binding listeners, and says what was found.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut loaded = super::configuration(&args.file)?;
    let mut warnings = loaded.config.narrow(&args.realms)?;
    log::check(&loaded.config.log)?;
    let found = super::block_on(async {
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let program = Program::rehearse(&loaded.config, metrics).await?;
        let warnings = crossgate_edge::check(&loaded.config.edge).context("[edge] is not usable")?;
        if let Some(acme) = &loaded.config.edge.acme {
            crate::fetch::Orders::new(acme.roots.as_deref()).context("[edge.acme] roots")?;
        }
        crossgate_edge::check_mounts(&program.mounts(false)).context("[contracts]")?;
        let ready = program.router.ready().await;
        let operations: usize = program.contracts.iter().map(|named| named.contract.operations().len()).sum();
        let contracts = program.contracts.len();
        let realms = loaded.config.open_realms();
        let procedures =
            realms.keys().map(|realm| program.router.procedures(&Realm::new(realm.as_str())).len()).sum::<usize>();
        program.close().await?;
        if let Err(missing) = ready {
            let (part, error) = missing.into_iter().next().context("something is not ready")?;
            return Err(super::local::explained(&error).context(format!("{part} is not ready")));
        }
        Ok((contracts, operations, procedures, warnings))
    })?;
    let (contracts, operations, procedures, of_listeners) = found;
    warnings.extend(of_listeners);
    if args.json {
        super::print_json(
            &json!({"ok": true, "file": loaded.file, "contracts": contracts, "operations": operations, "procedures": procedures, "warnings": warnings}),
        )?;
    } else {
        for warning in &warnings {
            super::say(format_args!("warning: {warning}"))?;
        }
        super::say(format_args!(
            "{} is good: {contracts} contracts, {operations} operations, {procedures} procedures",
            loaded.file.display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
