//! HTTP: what a call costs over HTTPS, with a token, a validated contract and an audit record, against a bare handler that
//! answers the same bytes over the same TLS stack.

mod bare;
mod compare;
mod load;
mod report;
mod startup;

pub(crate) use self::bare::{Arguments as BareArguments, serve as bare};
pub(crate) use self::load::{Arguments as LoadArguments, run as load};
pub(crate) use self::report::Figures;

/// How long, and how much at once.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Plan {
    /// Seconds of each round of HTTP.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections that ask at the same time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
}

/// Measures, `rounds` times in turn.
pub(crate) async fn run(plan: &Plan, rounds: usize) -> anyhow::Result<Figures> {
    Ok(Figures {
        comparison: compare::run(rounds, plan.seconds, plan.connections).await?,
        startup: startup::run().await?,
    })
}
