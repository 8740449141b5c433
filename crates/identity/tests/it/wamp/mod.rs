//! WAMP authentication and authorization from outside, with clients that compute their answers themselves.

mod authorization;
mod certificate;
mod choice;
mod cookies;
mod dynamic;
mod faults;
mod hostile;
mod kit;
mod methods;
mod returns;
mod scram;
mod strangers;
mod tickets;
