//! The chart of a balance over time as inline SVG: classes only, coloured by the style sheet; with a title and a
//! description for people who do not see it, and the table of entries beside it as the full alternative.

use maud::{Markup, html};

use super::chart::{self, Frame, NARROW, Plot, Point, WIDE, n};

/// What a change was: the style sheet's class, and words.
pub(crate) type Note = (&'static str, String);

/// What a chart shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    /// Its title.
    pub(crate) title: String,
    /// A sentence with what a reader would take from the picture.
    pub(crate) description: String,
    /// The balance's changes in time order.
    pub(crate) points: Vec<Point>,
    /// What each change was, by the same index.
    pub(crate) notes: Vec<Note>,
    /// The day that the line runs to.
    pub(crate) last_day: i64,
    /// A day to mark, with the words to mark it with.
    pub(crate) mark: Option<(Point, String)>,
}

/// The chart twice, laid out for a wide and for a narrow page; the style sheet shows one. Nothing without points.
pub(crate) fn chart(picture: &Picture) -> Markup {
    html! {
        @for (name, frame) in [("wide", WIDE), ("narrow", NARROW)] {
            @if let Some(plot) = plotted(picture, frame) { (svg(picture, &plot, name)) }
        }
    }
}

fn plotted(picture: &Picture, frame: Frame) -> Option<Plot> {
    chart::plot(&picture.points, picture.last_day, picture.mark.as_ref().map(|mark| mark.0), frame)
}

fn svg(picture: &Picture, plot: &Plot, name: &str) -> Markup {
    let (width, height) = (plot.frame.width, plot.frame.height);
    let labels = format!("chart-{name}-title chart-{name}-description");
    html! {
        svg class={ "chart chart-" (name) } viewBox={ "0 0 " (n(width)) " " (n(height)) } role="img" aria-labelledby=(labels) {
            title id={ "chart-" (name) "-title" } { (picture.title) }
            desc id={ "chart-" (name) "-description" } { (picture.description) }
            (axes(plot))
            path class="area" d=(plot.area) {}
            path class="line" d=(plot.line) fill="none" {}
            @for (spot, (class, words)) in plot.dots.iter().zip(&picture.notes) {
                circle class={ "dot " (class) } cx=(n(spot.x)) cy=(n(spot.y)) r="3.5" { title { (words) } }
            }
            (mark(picture, plot))
        }
    }
}

fn axes(plot: &Plot) -> Markup {
    let (left, right, bottom) = (n(plot.left), n(plot.right), n(plot.bottom));
    html! {
        g class="axis" {
            @for tick in &plot.amounts {
                line class="grid" x1=(left) x2=(right) y1=(n(tick.at)) y2=(n(tick.at)) {}
                text x=(n(plot.left - 8.0)) y=(n(tick.at + 4.0)) text-anchor=(tick.anchor) { (tick.label) }
            }
            @for tick in &plot.dates {
                line class="tick" x1=(n(tick.at)) x2=(n(tick.at)) y1=(bottom) y2=(n(plot.bottom + 5.0)) {}
                text x=(n(tick.at)) y=(n(plot.bottom + 20.0)) text-anchor=(tick.anchor) { (tick.label) }
            }
            line class="base" x1=(left) x2=(right) y1=(n(plot.zero)) y2=(n(plot.zero)) {}
        }
    }
}

fn mark(picture: &Picture, plot: &Plot) -> Markup {
    let Some(((spot, anchor), (_, words))) = plot.mark.as_ref().zip(picture.mark.as_ref()) else { return html! {} };
    let label_x = match *anchor {
        "start" => spot.x + 8.0,
        "end" => spot.x - 8.0,
        _ => spot.x,
    };
    html! {
        g class="mark" {
            line x1=(n(spot.x)) x2=(n(spot.x)) y1=(n(plot.top)) y2=(n(plot.bottom)) {}
            circle cx=(n(spot.x)) cy=(n(spot.y)) r="5" {}
            text x=(n(label_x)) y=(n(plot.top - 8.0)) text-anchor=(anchor) { (words) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_says_what_it_shows_and_carries_no_style_of_its_own() {
        let picture = Picture {
            title: "Balance of loan <1>".into(),
            description: "From 1.00 to 2.00".into(),
            points: vec![Point { day: 0, units: 10_000 }, Point { day: 5, units: 20_000 }],
            notes: vec![("start", "a".into()), ("fee", "\"><script>".into())],
            last_day: 9,
            mark: Some((Point { day: 5, units: 20_000 }, "2.00".into())),
        };
        let shown = chart(&picture).into_string();
        assert!(shown.contains("<title id=\"chart-wide-title\">Balance of loan &lt;1&gt;</title>"), "{shown}");
        assert!(shown.contains("aria-labelledby=\"chart-narrow-title chart-narrow-description\""));
        assert!(!shown.contains("style=") && !shown.contains("<script"), "{shown}");
        assert_eq!(chart(&Picture::default()).into_string(), "");
    }
}
