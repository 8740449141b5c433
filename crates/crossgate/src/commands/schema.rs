//! `crossgate schema`.

use std::process::ExitCode;

use crate::config::Config;

/// Prints the JSON Schema of the configuration, for editors and reviewers.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    super::print_json(&schemars::schema_for!(Config))?;
    Ok(ExitCode::SUCCESS)
}
