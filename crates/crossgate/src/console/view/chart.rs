//! The geometry of a chart of a balance over time: values in, positions out. Knows no markup.

use jiff::SignedDuration;
use jiff::civil::Date;

use super::super::money;

/// The first day of the day numbers used here.
const EPOCH: Date = Date::constant(1970, 1, 1);
/// The steps between labelled months.
const MONTH_STEPS: [i64; 10] = [1, 2, 3, 4, 6, 12, 24, 60, 120, 1200];
/// The steps between labelled days, for short spans.
const DAY_STEPS: [i64; 4] = [1, 2, 7, 14];

/// What the balance was from one day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    /// Days since 1970-01-01.
    pub(crate) day: i64,
    /// The balance in ten-thousandths (see `money`), from this point on.
    pub(crate) units: i128,
}

/// How large a chart is, in the SVG's units, and how many labels fit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) dates_max: i64,
    pub(crate) amounts_max: i64,
    /// Above so many changes, single ones are too close to be marked.
    pub(crate) dots_max: usize,
}

/// For a desk.
pub(crate) const WIDE: Frame = Frame { width: 880.0, height: 320.0, dates_max: 9, amounts_max: 6, dots_max: 90 };
/// For a phone.
pub(crate) const NARROW: Frame = Frame { width: 360.0, height: 250.0, dates_max: 4, amounts_max: 5, dots_max: 36 };

/// A labelled position on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) label: String,
    /// SVG's `text-anchor`, so that no label leaves the frame.
    pub(crate) anchor: &'static str,
}

/// A position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spot {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// Everything that is drawn.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) frame: Frame,
    /// The plotted area.
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
    /// Where zero is, between top and bottom.
    pub(crate) zero: f64,
    /// The balance's steps, as an SVG path.
    pub(crate) line: String,
    /// The same, closed down to zero.
    pub(crate) area: String,
    /// One spot per point given, or none when there are too many to tell apart.
    pub(crate) dots: Vec<Spot>,
    pub(crate) amounts: Vec<Tick>,
    pub(crate) dates: Vec<Tick>,
    /// The marked day's spot, and its label's anchor.
    pub(crate) mark: Option<(Spot, &'static str)>,
}

/// A date as a day number.
pub(crate) fn day_of(date: Date) -> i64 {
    date.duration_since(EPOCH).as_hours() / 24
}

/// Lays out a chart. `points` are in time order; the line goes on to `last_day`. A mark outside
/// of what is drawn is left out. Nothing without points.
pub(crate) fn plot(points: &[Point], last_day: i64, mark: Option<Point>, frame: Frame) -> Option<Plot> {
    let first = points.first()?.day;
    let last = points.last()?.day.max(last_day).max(first + 1);
    let mark = mark.filter(|mark| (first..=last).contains(&mark.day));
    let (amounts, decimals) = amount_ticks(points, frame.amounts_max);
    let labels: Vec<String> = amounts.iter().map(|units| money::show(*units, decimals)).collect();
    let scale = Scale::new(frame, (first, last), &amounts, &labels);
    let line = steps(points, last, &scale);
    let area = format!("{line}V{}H{}Z", n(scale.y(0)), n(scale.x(points.first()?.day)));
    let dots = if points.len() > frame.dots_max { &[] } else { points };
    let amounts = amounts.iter().zip(labels).map(|(units, label)| Tick { at: scale.y(*units), label, anchor: "end" });
    let dates = date_ticks(first, last, frame.dates_max).into_iter().map(|(day, label)| scale.date(day, label));
    Some(Plot {
        frame,
        left: scale.left,
        right: scale.right,
        top: scale.top,
        bottom: scale.bottom,
        zero: scale.y(0),
        area,
        line,
        dots: dots.iter().map(|point| scale.spot(*point)).collect(),
        amounts: amounts.collect(),
        dates: dates.collect(),
        mark: mark.map(|mark| (scale.spot(mark), anchor(scale.x(mark.day), 70.0, (scale.left, scale.right)))),
    })
}

/// From days and amounts to positions.
struct Scale {
    width: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    days: (i64, i64),
    units: (i128, i128),
}

impl Scale {
    fn new(frame: Frame, days: (i64, i64), amounts: &[i128], labels: &[String]) -> Self {
        // A digit of the 12-unit labels is about 7 units wide.
        let widest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let units = (amounts.first().copied().unwrap_or(0), amounts.last().copied().unwrap_or(1));
        Self {
            width: frame.width,
            left: 12.0 + 7.0 * f64::from(u32::try_from(widest).unwrap_or(0)),
            right: frame.width - 14.0,
            top: 22.0,
            bottom: frame.height - 30.0,
            days,
            units,
        }
    }

    fn x(&self, day: i64) -> f64 {
        self.left + share(day.into(), (self.days.0.into(), self.days.1.into())) * (self.right - self.left)
    }

    fn y(&self, units: i128) -> f64 {
        self.bottom - share(units, self.units) * (self.bottom - self.top)
    }

    fn spot(&self, point: Point) -> Spot {
        Spot { x: self.x(point.day), y: self.y(point.units) }
    }

    fn date(&self, day: i64, label: String) -> Tick {
        let at = self.x(day);
        // Below the amounts' labels there is room on both sides.
        Tick { at, label, anchor: anchor(at, 26.0, (0.0, self.width)) }
    }
}

/// Where a label of that half-width starts so as to stay inside.
fn anchor(x: f64, half_width: f64, (left, right): (f64, f64)) -> &'static str {
    if x - half_width < left {
        "start"
    } else if x + half_width > right {
        "end"
    } else {
        "middle"
    }
}

/// How far `value` is along a range, 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "positions on a screen; amounts themselves stay integers")]
fn share(value: i128, (low, high): (i128, i128)) -> f64 {
    let share = (value - low) as f64 / (high - low).max(1) as f64;
    share.clamp(0.0, 1.0)
}

/// The path of a quantity that keeps its value until the next point. Points in the same tenth of a unit
/// are drawn as one stroke over what they span, so that a long history makes no longer a path.
fn steps(points: &[Point], last_day: i64, scale: &Scale) -> String {
    let mut path = String::new();
    let mut index = 0;
    while let Some(point) = points.get(index) {
        let x = n(scale.x(point.day));
        let same = points[index..].iter().take_while(|other| n(scale.x(other.day)) == x).count();
        let group = &points[index..index + same];
        path.push_str(&if index == 0 { format!("M{x} {}", n(scale.y(point.units))) } else { format!("H{x}") });
        let span = || group.iter().map(|point| point.units);
        let stroke =
            if same > 2 { [span().max(), span().min(), span().next_back()] } else { [None, None, span().next_back()] };
        for units in stroke.into_iter().flatten().filter(|_| index > 0 || same > 1) {
            path.push_str(&format!("V{}", n(scale.y(units))));
        }
        index += same;
    }
    path.push_str(&format!("H{}", n(scale.x(last_day))));
    path
}

/// Round amounts that span the points and zero, lowest first, and the decimals that they need.
fn amount_ticks(points: &[Point], ticks_max: i64) -> (Vec<i128>, usize) {
    let low = points.iter().map(|point| point.units).min().unwrap_or(0).min(0);
    let high = points.iter().map(|point| point.units).max().unwrap_or(0).max(low + money::ONE);
    let up = |value: i128, step: i128| value.div_euclid(step) + i128::from(value.rem_euclid(step) > 0);
    let intervals = i128::from(ticks_max.max(2) - 1);
    let mut step = money::ONE / 100;
    // 1, 2, 5, 10, 20, 50 ... until so few steps reach from below the lowest to above the highest.
    let mut factors = [(2, 1), (5, 2), (2, 1)].into_iter().cycle();
    while up(high, step) - low.div_euclid(step) > intervals {
        let (times, over) = factors.next().unwrap_or((2, 1));
        step = step / over * times;
    }
    let ticks = (low.div_euclid(step)..=up(high, step)).map(|tick| tick * step).collect();
    (ticks, if step % money::ONE == 0 { 0 } else { 2 })
}

/// Days worth a label between two days, with their labels.
fn date_ticks(first: i64, last: i64, ticks_max: i64) -> Vec<(i64, String)> {
    let (Some(from), Some(to)) = (date_of(first), date_of(last)) else { return Vec::new() };
    let month = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
    let (low, high) = (month(from) + i64::from(from.day() > 1), month(to));
    let fits = |step: &&i64| (high.div_euclid(**step) - (low - 1).div_euclid(**step)) <= ticks_max;
    if high - low < 1 {
        return day_ticks(first, last, ticks_max);
    }
    let Some(step) = MONTH_STEPS.iter().find(fits).copied() else { return Vec::new() };
    let start = (low + step - 1).div_euclid(step) * step;
    let months = (0..ticks_max).map(|index| start + index * step);
    months.take_while(|month| *month <= high).filter_map(|month| month_tick(month, step)).collect()
}

fn month_tick(month: i64, step: i64) -> Option<(i64, String)> {
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    let date = Date::new(year, i8::try_from(month.rem_euclid(12) + 1).ok()?, 1).ok()?;
    let label = if step % 12 == 0 { date.strftime("%Y").to_string() } else { date.strftime("%b %Y").to_string() };
    Some((day_of(date), label))
}

fn day_ticks(first: i64, last: i64, ticks_max: i64) -> Vec<(i64, String)> {
    let step = DAY_STEPS.into_iter().find(|step| (last - first) / step < ticks_max).unwrap_or(31);
    let days = (0..ticks_max).map(|index| first + index * step).take_while(|day| *day <= last);
    days.filter_map(|day| Some((day, date_of(day)?.strftime("%-d %b").to_string()))).collect()
}

fn date_of(day: i64) -> Option<Date> {
    // Days of 32 bits are far from what a duration holds.
    let hours = i64::from(i32::try_from(day).ok()?) * 24;
    EPOCH.checked_add(SignedDuration::from_hours(hours)).ok()
}

/// A position with one decimal: a tenth of a unit is finer than any screen shows.
pub(crate) fn n(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(i64, i128)]) -> Vec<Point> {
        values.iter().map(|(day, whole)| Point { day: *day, units: *whole * money::ONE }).collect()
    }

    fn numbers(path: &str) -> Vec<f64> {
        let parts = path.split(|c: char| c.is_ascii_alphabetic() || c == ' ').filter(|part| !part.is_empty());
        parts.map(|part| part.parse().expect("a number")).collect()
    }

    #[test]
    fn a_balance_is_drawn_as_steps_that_last_to_the_end() {
        let plot = plot(&points(&[(0, 100), (50, 200), (75, 0)]), 100, None, WIDE).expect("a plot");
        let (left, right, width) = (plot.left, plot.right, plot.right - plot.left);
        let (x1, x2) = (n(left + width * 0.5), n(left + width * 0.75));
        let (top, middle, bottom) = (n(plot.top), n((plot.top + plot.bottom) / 2.0), n(plot.bottom));
        let (start, end) = (n(left), n(right));
        assert_eq!(plot.line, format!("M{start} {middle}H{x1}V{top}H{x2}V{bottom}H{end}"));
        assert!(plot.area.starts_with(&plot.line) && plot.area.ends_with(&format!("V{bottom}H{start}Z")));
        assert_eq!(plot.dots.len(), 3);
    }

    #[test]
    fn amounts_on_the_axis_are_round_and_enclose_the_balance() {
        for (values, expected, decimals) in [
            (vec![(0, 362), (9, 423)], vec![0, 100, 200, 300, 400, 500], 0),
            (vec![(0, -50), (1, 50)], vec![-50, 0, 50], 0),
            (vec![(0, 7)], vec![0, 2, 4, 6, 8], 0),
        ] {
            let (ticks, shown) = amount_ticks(&points(&values), 6);
            let whole: Vec<i128> = ticks.iter().map(|units| units / money::ONE).collect();
            assert_eq!((whole, shown), (expected, decimals), "{values:?}");
        }
    }

    #[test]
    fn no_values_make_it_panic_or_leave_the_frame() {
        let most = 999_999_999_999_999_999;
        let extreme = [-most, -1, 0, 1, most];
        let days = [-1_000_000, -1, 0, 20_000, 2_932_896, 9_000_000];
        for (a, b) in extreme.iter().flat_map(|a: &i128| extreme.iter().map(move |b| (*a, *b))) {
            for (from, to) in days.iter().flat_map(|a| days.iter().map(move |b| (*a, *b))).filter(|(a, b)| a <= b) {
                let plot = plot(&points(&[(from, a), (to, b)]), to, None, NARROW).expect("a plot");
                for number in numbers(&plot.line) {
                    assert!((-1.0..=361.0).contains(&number), "{number} in {} for {a} {b} {from} {to}", plot.line);
                }
                assert!(plot.amounts.len() <= 6 && plot.dates.len() <= 5, "{plot:?}");
            }
        }
        assert!(plot(&[], 0, None, WIDE).is_none());
    }

    #[test]
    fn a_long_history_makes_a_short_path() {
        let many: Vec<Point> =
            (0..100_000).map(|day| Point { day, units: i128::from(day % 997) * money::ONE }).collect();
        let plot = plot(&many, 100_000, None, WIDE).expect("a plot");
        assert!(plot.line.len() < 400_000, "{}", plot.line.len());
        assert!(plot.dots.is_empty());
    }

    #[test]
    fn dates_on_the_axis_are_first_days_of_months_few_enough_to_read() {
        let day = |text: &str| day_of(text.parse().expect("a date"));
        let labels = |from, to, max| date_ticks(day(from), day(to), max).into_iter().map(|t| t.1).collect::<Vec<_>>();
        assert_eq!(labels("2019-12-17", "2020-06-30", 9)[..2], ["Jan 2020", "Feb 2020"]);
        assert_eq!(labels("2019-12-17", "2020-12-30", 4), ["Jan 2020", "Apr 2020", "Jul 2020", "Oct 2020"]);
        assert_eq!(labels("2001-01-01", "2026-01-01", 9), ["2005", "2010", "2015", "2020", "2025"]);
        assert_eq!(labels("2020-03-02", "2020-03-05", 9), ["2 Mar", "3 Mar", "4 Mar", "5 Mar"]);
    }

    #[test]
    fn the_marked_day_lies_on_the_line() {
        let mark = Point { day: 60, units: 200 * money::ONE };
        let plot = plot(&points(&[(0, 100), (50, 200)]), 100, Some(mark), WIDE).expect("a plot");
        let (spot, anchor) = plot.mark.expect("a mark");
        assert!((spot.y - plot.top).abs() < 0.1 && anchor == "middle", "{spot:?} {anchor}");
    }
}
