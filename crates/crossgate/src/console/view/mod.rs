//! The console's pages as functions from values to markup. They fetch nothing and decide nothing.

pub(crate) mod calls;
pub(crate) mod chart;
pub(crate) mod chart_svg;
pub(crate) mod home;
pub(crate) mod layout;
pub(crate) mod loan;
pub(crate) mod loans;
pub(crate) mod logs;
pub(crate) mod notice;
pub(crate) mod realms;
pub(crate) mod sign_in;
