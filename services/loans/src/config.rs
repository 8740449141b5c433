//! What an operator may say about the ledger.

use schemars::JsonSchema;
use serde::Deserialize;

/// The loan ledger.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How many digits follow the decimal point of an amount, from 0 to 4: 2 for most currencies, 0 for the yen.
    /// It is fixed when the ledger is begun; starting with another number later is refused.
    #[schemars(range(min = 0, max = 4))]
    pub minor_unit_digits: u8,
}

impl Default for Config {
    fn default() -> Self {
        Self { minor_unit_digits: 2 }
    }
}
