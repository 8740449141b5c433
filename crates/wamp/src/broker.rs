//! What a broker knows: who is subscribed to what, which events are retained, and what was published.

mod history;
mod retained;
mod subscriptions;

pub use history::{History, HistoryFilter, HistoryLimits, PastEvent};
pub use retained::{RETAINED_PER_TOPIC_MAX, Retained};
pub use subscriptions::{Subscribed, Subscription, Subscriptions, Unsubscribed};
