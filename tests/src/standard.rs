//! The configuration that most journeys start the program with, and its callers' secrets.

use crate::Site;

/// The configuration, with `{{...}}` nowhere: it is an ordinary file.
const CONFIGURATION: &str = include_str!("standard.toml");

/// Loans for the ledger, like the files that people import: no header, CRLF.
const LOANS: &str = "1,2019-12-17,362.00\r\n2,2019-12-07,483.00\r\n3,2020-02-01,1000.00\r\n";

/// What happened to them. The first loan owes 423.00 on 2020-10-31.
const EVENTS: &str = "1,payment,2020-08-15,80.00\r\n1,fee,2020-03-26,41.00\r\n1,interest,2020-05-01,100.00\r\n\
    2,payment,2020-03-26,72.00\r\n2,fee,2020-03-25,33.00\r\n3,payment,2020-02-01,0.01\r\n";

/// A client's id and its secret.
pub type Client = (&'static str, &'static str);

impl Site {
    /// May call everything of the loans.
    pub const LENDER: Client = ("billing", "billing-secret-1f0c0e7a9d3b4c55");
    /// May read the audit log, the metrics, and most of the loans.
    pub const AUDITOR: Client = ("auditing", "auditor-secret-5ab1c9d20f7e4463");
    /// Is known, and may call nothing.
    pub const STRANGER: Client = ("stranger", "stranger-secret-77aa41d09be24c10");
    /// The API key of somebody who may call everything of the loans.
    pub const API_KEY: &'static str = "meter-key-9c1de0a4b7f34e218a60";
    /// The common name of the client certificate that may call everything of the loans.
    pub const PARTNER: &'static str = "partner-bank";

    /// An installation with the standard configuration, and nothing in its ledger.
    pub fn standard() -> Self {
        let site = Self::with(CONFIGURATION);
        site.write("token.key", &crate::pki::signing_key());
        site
    }

    /// An installation with the standard configuration and three loans in its ledger.
    pub fn with_loans() -> Self {
        let site = Self::standard();
        site.write("loans.csv", LOANS);
        site.write("events.csv", EVENTS);
        site.run(&["loans", "import", "--loans", "loans.csv", "--events", "events.csv", "--config", "crossgate.toml"])
            .success();
        site
    }

    /// Changes the configuration in one place, which must be there.
    ///
    /// # Panics
    /// When it is not.
    pub fn reconfigure(&self, from: &str, to: &str) {
        let text = self.read("crossgate.toml");
        assert!(text.contains(from), "the configuration does not say `{from}`");
        self.write("crossgate.toml", &text.replacen(from, to, 1));
    }
}
