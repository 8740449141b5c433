//! `crossgate add user`.

use std::process::ExitCode;

use crate::cli::ConfigFile;

/// What to add.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Add a user to the store; the password is read from standard input.
    User {
        /// The user's name.
        name: String,
        /// A role the user holds; may be given several times.
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// Replace the user if there is one of that name.
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        file: ConfigFile,
    },
}

/// Adds it.
pub(crate) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::User { name, roles, replace, file } = command;
    let password = super::read_secret("password")?;
    super::block_on(async {
        let local = super::local::Local::open(file).await?;
        let router = &local.program.router;
        let permit = router
            .admit_task(&local.caller, "identity.add_user", local.origin())
            .await
            .map_err(|error| super::local::explained(&error))?;
        let added = router.perform(permit, local.program.identity.add_user(name, &password, roles, *replace)).await;
        local.close().await?;
        added.map_err(|error| super::local::explained(&error))
    })?;
    super::say(format_args!("user {name} added with {}", roles.join(", ")))?;
    Ok(ExitCode::SUCCESS)
}
