//! The ledger against the simplest thing that is right: the initial amount and a sum over everything posted.

use std::collections::BTreeMap;

use crossgate_loans::import::Options;
use crossgate_loans::{Day, Error, Kind, Posting, Reversal, Under};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::kit::Kit;

/// Days that may occur, counted from `FIRST`.
const DAYS: i64 = 50;
const FIRST: jiff::civil::Date = jiff::civil::date(2020, 2, 10);

#[derive(Clone, Copy, Debug)]
struct Event {
    loan: usize,
    day: i64,
    kind: Kind,
    amount_minor: i64,
}

#[derive(Clone, Debug)]
enum Step {
    Post(Event),
    Reverse(Index, i64),
}

#[derive(Default)]
struct Model {
    loans: Vec<(i64, i64)>,
    effects: Vec<(usize, i64, i64)>,
    /// By loan and entry: the day and effect of what can be reversed.
    open: BTreeMap<(usize, i64), (i64, i64)>,
}

impl Model {
    fn balance(&self, loan: usize, day: i64) -> Option<i64> {
        let (start, initial) = self.loans[loan];
        let effects = self.effects.iter().filter(|effect| effect.0 == loan && effect.1 <= day);
        (day >= start).then(|| initial + effects.map(|effect| effect.2).sum::<i64>())
    }
}

fn date(day: i64) -> String {
    FIRST.checked_add(jiff::Span::new().days(day)).unwrap().to_string()
}

fn day(day: i64) -> Day {
    Day::parse(&date(day)).unwrap()
}

fn event(loans: usize) -> impl Strategy<Value = Event> {
    let kind = prop_oneof![Just(Kind::Fee), Just(Kind::Interest), Just(Kind::Payment)];
    // Few amounts, so that repeated events occur.
    (0..loans, 0..DAYS, kind, prop_oneof![1..4_i64, 1..1_000_000_i64])
        .prop_map(|(loan, day, kind, amount_minor)| Event { loan, day, kind, amount_minor })
}

fn step(loans: usize) -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => event(loans).prop_map(Step::Post),
        2 => (any::<Index>(), 0..10_i64).prop_map(|(index, later)| Step::Reverse(index, later)),
    ]
}

type Story = (Vec<(i64, i64)>, Vec<Event>, Vec<Event>, Index, Vec<Step>);

fn story() -> impl Strategy<Value = Story> {
    prop::collection::vec((0..10_i64, 0..1_000_000_i64), 1..4).prop_flat_map(|loans| {
        let count = loans.len();
        let events = prop::collection::vec(event(count), 0..30);
        (Just(loans), events).prop_flat_map(move |(loans, events)| {
            let starts = loans.clone();
            let events: Vec<_> = events.into_iter().map(|event| not_before(event, &starts)).collect();
            let shuffled = Just(events.clone()).prop_shuffle();
            (Just(loans), Just(events), shuffled, any::<Index>(), prop::collection::vec(step(count), 0..25))
        })
    })
}

fn not_before(event: Event, loans: &[(i64, i64)]) -> Event {
    Event { day: event.day.max(loans[event.loan].0), ..event }
}

fn lines(kit: &Kit, events: &[Event]) -> String {
    let scale = kit.ledger.scale();
    let line = |e: &Event| format!("{},{},{},{}\n", e.loan, e.kind.as_str(), date(e.day), scale.show(e.amount_minor));
    events.iter().map(line).collect()
}

async fn check(story: Story) {
    let (loans, events, shuffled, cut, steps) = story;
    let kit = Kit::new().await;
    let scale = kit.ledger.scale();
    let loan_lines: String =
        loans.iter().enumerate().map(|(id, loan)| format!("{id},{},{}\n", date(loan.0), scale.show(loan.1))).collect();
    let mut model = Model { loans, ..Model::default() };

    let part = &shuffled[..if shuffled.is_empty() { 0 } else { cut.index(shuffled.len()) }];
    let mut left = shuffled[part.len()..].to_vec();
    let accept = Options { accept_repeats: true };
    kit.import_with(&loan_lines, &lines(&kit, part), accept).await.unwrap();
    model.effects.extend(part.iter().map(|e| (e.loan, e.day, e.kind.effect(e.amount_minor))));
    compare(&kit, &model).await;

    for (number, step) in steps.into_iter().enumerate() {
        take(&kit, &mut model, step, number).await;
        // The whole file comes amid the other postings: what its first part brought is not added again.
        if number == 12 {
            take_rest(&kit, &mut model, &loan_lines, &events, &mut left).await;
        }
    }
    take_rest(&kit, &mut model, &loan_lines, &events, &mut left).await;
    compare(&kit, &model).await;
}

async fn take_rest(kit: &Kit, model: &mut Model, loan_lines: &str, events: &[Event], left: &mut Vec<Event>) {
    let report = kit.import_with(loan_lines, &lines(kit, events), Options { accept_repeats: true }).await.unwrap();
    assert_eq!(report.entries_added, left.len() as u64);
    model.effects.extend(left.drain(..).map(|e| (e.loan, e.day, e.kind.effect(e.amount_minor))));
}

async fn take(kit: &Kit, model: &mut Model, step: Step, number: usize) {
    let under = Under { by: "lender".to_owned(), key: number.to_string() };
    match step {
        Step::Post(event) => {
            let posting = Posting {
                loan_id: event.loan as i64,
                kind: event.kind,
                effective_on: day(event.day),
                amount_minor: event.amount_minor,
                note: None,
            };
            let posted = kit.ledger.post(posting, under).await;
            if event.day < model.loans[event.loan].0 {
                assert!(matches!(posted, Err(Error::Input { name: "effective_on", .. })));
                return;
            }
            let effect = event.kind.effect(event.amount_minor);
            model.effects.push((event.loan, event.day, effect));
            model.open.insert((event.loan, posted.unwrap().seq), (event.day, effect));
        }
        Step::Reverse(index, later) => {
            let Some((&(loan, seq), &(from, effect))) = model.open.iter().nth(index.index(model.open.len().max(1)))
            else {
                return;
            };
            let effective_on = (later > 0).then(|| day(from + later));
            let reversal = Reversal { loan_id: loan as i64, seq, effective_on, note: None };
            kit.ledger.reverse(reversal, under).await.unwrap();
            model.open.remove(&(loan, seq));
            model.effects.push((loan, from + later, -effect));
        }
    }
}

async fn compare(kit: &Kit, model: &Model) {
    for loan in 0..model.loans.len() {
        for number in -2..DAYS + 12 {
            let answered = match kit.ledger.balance(loan as i64, day(number)).await {
                Ok(balance) => Some(balance),
                Err(Error::NotYet { .. }) => None,
                Err(error) => panic!("{error}"),
            };
            assert_eq!(answered, model.balance(loan, number), "loan {loan} on {}", date(number));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_balance_is_the_initial_amount_and_the_sum_of_all_effects(story in story()) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(check(story));
    }
}
