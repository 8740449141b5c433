//! "Did you mean": the known key nearest to an unknown one.

/// Farther than this, a suggestion would be a guess.
const DISTANCE_MAX: usize = 3;

/// Adds a suggestion to serde's complaint about an unknown name, when a known one is near.
pub(crate) fn with_suggestion(message: &str) -> String {
    match suggestion(message) {
        Some(known) => format!("{}\ndid you mean `{known}`?", message.trim_end()),
        None => message.trim_end().to_owned(),
    }
}

/// serde writes: unknown field `x`, expected one of `a`, `b` (and likewise for variants).
fn suggestion(message: &str) -> Option<&str> {
    let complaint = message.lines().find(|line| line.contains("unknown field") || line.contains("unknown variant"))?;
    let mut quoted = complaint.split('`').skip(1).step_by(2);
    nearest(quoted.next()?, quoted)
}

/// The known name that is near enough to an unknown one to have been meant.
pub(super) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, known) = known.map(|known| (distance(unknown, known), known)).min()?;
    (distance <= DISTANCE_MAX && distance < unknown.chars().count()).then_some(known)
}

/// Edit distance where swapping two neighbours counts once (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let edit = replace.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if swap { edit.min(rows[i - 2][j - 2] + 1) } else { edit }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_key_and_a_stranger_finds_none() {
        let complaint = |unknown: &str| format!("unknown field `{unknown}`, expected one of `address`, `realm`, `tls`");
        assert_eq!(suggestion(&complaint("adress")), Some("address"));
        assert_eq!(suggestion(&complaint("raelm")), Some("realm"));
        assert_eq!(suggestion(&complaint("certificates")), None);
        assert_eq!(suggestion("invalid type: string"), None);
    }
}
