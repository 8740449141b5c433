//! Waiting for something to be true, with a limit.

use std::time::Duration;

/// How long a test waits for anything. Generous: it is reached only when something is broken, or on a machine
/// that does ten other things.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(5);

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none within [`PATIENCE`]; `what` says what was waited for.
pub async fn until<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let wait = async {
        let mut interval = tokio::time::interval(INTERVAL);
        loop {
            interval.tick().await;
            if let Some(answer) = condition().await {
                return answer;
            }
        }
    };
    match tokio::time::timeout(PATIENCE, wait).await {
        Ok(answer) => answer,
        Err(_) => panic!("waited {} s in vain until {what}", PATIENCE.as_secs()),
    }
}
