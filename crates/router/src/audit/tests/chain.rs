use proptest::prelude::*;

use crate::audit::chain::{Fields, Hash};

/// The example of docs/audit.md, computed there by another program.
#[test]
fn the_documented_example_has_the_documented_hashes() {
    assert_eq!(Hash::genesis().to_string(), "1f03aef019e1c53a0cda85acd606226123407b7553a3aa3eed7c52e72ceb993a");
    let fields = Fields {
        seq: 1,
        at_us: 1_604_145_600_000_001,
        duration_us: 137,
        texts: [
            Some("demo"),
            Some("alice"),
            Some("token"),
            None,
            Some("loans.balance"),
            Some("http"),
            Some("127.0.0.1"),
            Some("ok"),
            None,
            Some("4bf92f3577b34da6a3ce929d0e0e4736"),
        ],
    };
    assert_eq!(
        fields.hash(Hash::genesis(), &mut Vec::new()).to_string(),
        "f1ebd7a299e6400ec0a723c304668109a7e73e9b6ede51e8ca6c75107dd23958"
    );
}

#[test]
fn a_hash_reads_back_from_its_text_and_nothing_else_does() {
    let hash = Hash::genesis();
    assert_eq!(hash.to_string().parse(), Ok(hash));
    assert_eq!(hash.to_string().to_uppercase().parse(), Ok(hash));
    for text in ["", "ab", &"g".repeat(64), &"é".repeat(32), &"+1".repeat(32), &hash.to_string()[1..]] {
        assert!(text.parse::<Hash>().is_err(), "{text}");
    }
}

type Owned = (i64, i64, i64, [Option<String>; 10]);

fn any_fields() -> impl Strategy<Value = Owned> {
    // Few and short texts, so that equal ones and shifted ones are frequent.
    let text = proptest::option::of("[a\u{0}\u{ff}]{0,3}");
    (0..3i64, 0..3i64, 0..3i64, proptest::array::uniform10(text))
}

fn hash((seq, at_us, duration_us, texts): &Owned) -> Hash {
    let texts = std::array::from_fn(|index| texts[index].as_deref());
    Fields { seq: *seq, at_us: *at_us, duration_us: *duration_us, texts }.hash(Hash::genesis(), &mut vec![7; 9])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]
    #[test]
    fn records_have_the_same_hash_only_when_they_are_the_same(a in any_fields(), b in any_fields()) {
        prop_assert_eq!(a == b, hash(&a) == hash(&b));
    }

    #[test]
    fn moving_text_between_neighbours_changes_the_hash(fields in any_fields(), at in 0..9usize) {
        let mut moved = fields.clone();
        moved.3.swap(at, at + 1);
        prop_assert_eq!(moved == fields, hash(&moved) == hash(&fields));
        let mut joined = fields.clone();
        joined.3[at] = Some(format!("{}{}", fields.3[at].as_deref().unwrap_or(""), fields.3[at + 1].as_deref().unwrap_or("")));
        joined.3[at + 1] = None;
        prop_assert_eq!(joined == fields, hash(&joined) == hash(&fields));
    }
}
