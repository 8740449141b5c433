//! Contracts that are served, and where.

use std::sync::Arc;

use crossgate_contract::{Contract, Operation};

use crate::Error;
use crate::config::Surface;
use crate::metrics::Requests;

/// The contract extension that puts an operation into a group that listeners can hide.
const SURFACE: &str = "x-crossgate-surface";
/// The contract extension by which an operation also takes requests that are signed in their query.
const SIGNED: &str = "x-crossgate-signed-requests";

/// A contract under a prefix, and the procedures that answer its operations.
#[derive(Clone, Debug)]
pub struct Mount {
    /// The contract.
    pub contract: Arc<Contract>,
    /// Where it is: `""`, or `/partner`.
    pub prefix: String,
    /// The procedure of each operation, in the contract's order. An operation without one is documented, and
    /// answered with 503.
    pub procedures: Vec<Option<Arc<str>>>,
    /// Checks every answer against the contract; an answer that does not fit becomes a 500.
    pub validate_responses: bool,
}

/// An operation, ready to be called.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) operation: Arc<Operation>,
    pub(crate) prefix: String,
    pub(crate) procedure: Option<Arc<str>>,
    pub(crate) validate: bool,
    /// It also takes requests that are signed in their query.
    pub(crate) signed: bool,
    pub(crate) surface: Surface,
    pub(crate) statuses: Statuses,
    pub(crate) requests: Requests,
}

/// The statuses of an operation's outcomes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statuses {
    pub(crate) value: u16,
    pub(crate) created: u16,
    pub(crate) accepted: u16,
    pub(crate) empty: u16,
}

impl Statuses {
    /// An outcome has its natural status unless the contract documents another success and not that one.
    fn of(operation: &Operation) -> Self {
        let success = operation.success_status();
        let fixed =
            |natural| if operation.documents(natural) || !operation.documents(success) { natural } else { success };
        Self { value: success, created: fixed(201), accepted: fixed(202), empty: fixed(204) }
    }
}

/// Makes the targets of all mounts, their counters included.
pub(crate) fn targets(mounts: &[Mount]) -> Result<Vec<Arc<Target>>, Error> {
    let mut targets = Vec::new();
    for mount in mounts {
        let operations = mount.contract.operations();
        if operations.len() != mount.procedures.len() {
            return Err(Error::Mount(format!(
                "`{}` has {} operations and {} procedures were named for them",
                mount.contract.title(),
                operations.len(),
                mount.procedures.len()
            )));
        }
        for (operation, procedure) in operations.iter().zip(&mount.procedures) {
            targets.push(Arc::new(target(mount, operation, procedure.clone())?));
        }
    }
    Ok(targets)
}

fn target(mount: &Mount, operation: &Arc<Operation>, procedure: Option<Arc<str>>) -> Result<Target, Error> {
    let path = format!("{} {}{}", operation.method(), mount.prefix, operation.template());
    let surface = match operation.extension(SURFACE).map(|surface| surface.as_str().unwrap_or_default()) {
        None | Some("api") => Surface::Api,
        Some("probes") => Surface::Probes,
        Some("metrics") => Surface::Metrics,
        Some(_) => return Err(Error::Mount(format!("{path}: {SURFACE} must be `api`, `probes` or `metrics`"))),
    };
    Ok(Target {
        operation: Arc::clone(operation),
        prefix: mount.prefix.clone(),
        procedure,
        validate: mount.validate_responses,
        signed: operation.extension(SIGNED).is_some_and(|signed| signed == true),
        surface,
        statuses: Statuses::of(operation),
        requests: Requests::new(operation.id().unwrap_or(&path)),
    })
}
