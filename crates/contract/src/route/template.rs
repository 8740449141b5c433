//! Path templates: `/loan/{id}/{date}`, `/files/{name}.json`.

use super::PATH_PARAMETERS_MAX;
use super::path::Spans;

/// A parsed template.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) segments: Vec<Segment>,
    /// The parameters' names, in order.
    pub(crate) names: Vec<String>,
}

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Segment {
    /// Text, percent-decoded.
    Literal(String),
    /// One whole parameter.
    Parameter,
    /// Text and parameters: `literals[0] {} literals[1] {} … literals[n]`. Only the first and the last may be empty.
    Mixed(Vec<String>),
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub(crate) fn parse(template: &str) -> Result<Self, String> {
        let Some(rest) = template.strip_prefix('/') else {
            return Err(format!("path `{template}` must begin with `/`"));
        };
        if template.contains(['?', '#']) {
            return Err(format!("path `{template}` must hold neither `?` nor `#`; describe query parameters instead"));
        }
        let mut names = Vec::new();
        let segments =
            rest.split('/').map(|segment| parse_segment(template, segment, &mut names)).collect::<Result<_, _>>()?;
        if names.len() > PATH_PARAMETERS_MAX {
            return Err(format!("path `{template}` must have at most {PATH_PARAMETERS_MAX} parameters"));
        }
        if let Some(twice) = names.iter().enumerate().find_map(|(at, name)| names[..at].contains(name).then_some(name))
        {
            return Err(format!("path `{template}` names the parameter `{twice}` twice"));
        }
        Ok(Self { segments, names })
    }
}

fn parse_segment(template: &str, segment: &str, names: &mut Vec<String>) -> Result<Segment, String> {
    let mut literals = vec![String::new()];
    let mut rest = segment;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err(format!("path `{template}` opens a brace and does not close it"));
        };
        if name.is_empty() || name.contains('{') {
            return Err(format!("path `{template}` needs a name between each `{{` and `}}`"));
        }
        if let Some(literal) = literals.last_mut() {
            literal.push_str(before);
            if literal.is_empty() && literals.len() > 1 {
                return Err(format!("path `{template}` needs text between two parameters of one segment"));
            }
        }
        literals.push(String::new());
        names.push(name.to_owned());
        rest = after;
    }
    if rest.contains('}') || literals.iter().any(|literal| literal.contains('}')) {
        return Err(format!("path `{template}` closes a brace that it has not opened"));
    }
    if let Some(literal) = literals.last_mut() {
        literal.push_str(rest);
    }
    if literals.len() == 1 {
        let text = crate::bind::text::percent_decode(rest, false)
            .ok_or_else(|| format!("path `{template}` is not percent-encoded UTF-8"))?;
        return Ok(Segment::Literal(text.into_owned()));
    }
    if literals.len() == 2 && literals.iter().all(String::is_empty) {
        return Ok(Segment::Parameter);
    }
    Ok(Segment::Mixed(literals))
}

/// Matches raw text against a mixed segment; each parameter takes at least one byte, the earlier ones as little
/// as they can. `base` is where `text` begins in the path.
pub(super) fn match_mixed(literals: &[String], text: &str, base: usize, spans: &mut Spans) -> bool {
    let ([first, middle @ ..], Some(last)) = (literals, literals.last()) else { return false };
    let middle = middle.split_last().map_or(&[][..], |(_, middle)| middle);
    let Some(rest) = text.strip_prefix(first.as_str()) else { return false };
    let Some(mut rest) = rest.strip_suffix(last.as_str()) else { return false };
    let mut offset = base + first.len();
    for literal in middle {
        let Some(found) = rest
            .char_indices()
            .nth(1)
            .and_then(|(from, _)| rest.get(from..).and_then(|after| after.find(literal.as_str())).map(|at| at + from))
        else {
            return false;
        };
        if !spans.push(offset, offset + found) {
            return false;
        }
        offset += found + literal.len();
        rest = rest.get(found + literal.len()..).unwrap_or_default();
    }
    !rest.is_empty() && spans.push(offset, offset + rest.len())
}

/// How much of a mixed segment is text: more text is more specific.
pub(super) fn weight(literals: &[String]) -> usize {
    literals.iter().map(String::len).sum()
}

/// Whether two mixed segments of the same weight may both match one text.
pub(super) fn may_overlap(a: &[String], b: &[String]) -> bool {
    let (Some(a_first), Some(b_first), Some(a_last), Some(b_last)) = (a.first(), b.first(), a.last(), b.last()) else {
        return true;
    };
    let prefixes = a_first.starts_with(b_first.as_str()) || b_first.starts_with(a_first.as_str());
    let suffixes = a_last.ends_with(b_last.as_str()) || b_last.ends_with(a_last.as_str());
    prefixes && suffixes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(template: &str, text: &str) -> Option<Vec<String>> {
        let parsed = Template::parse(&format!("/{template}")).unwrap();
        let Some(Segment::Mixed(literals)) = parsed.segments.first() else { panic!("{template} is not mixed") };
        let mut spans = Spans::default();
        match_mixed(literals, text, 0, &mut spans).then(|| {
            let params = super::super::PathParams::new(text, spans);
            (0..params.len()).map(|index| params.get(index).unwrap().to_owned()).collect()
        })
    }

    #[test]
    fn text_and_parameters_mix_in_one_segment() {
        for (template, text, expected) in [
            ("{x}.json", "a.json", Some(vec!["a"])),
            ("{x}.json", ".json", None),
            ("{x}.json", "a.json.json", Some(vec!["a.json"])),
            ("{a}-{b}", "1-2-3", Some(vec!["1", "2-3"])),
            ("{a}-{b}", "-2", None),
            ("{a}-{b}", "é-ü", Some(vec!["é", "ü"])),
            ("v{a}.{b}", "v1.2", Some(vec!["1", "2"])),
            ("v{a}.{b}", "1.2", None),
            ("{a}ab{b}b", "xabb", None),
            ("{a}ab{b}b", "xabyb", Some(vec!["x", "y"])),
            ("({a})", "(x)", Some(vec!["x"])),
        ] {
            let expected = expected.map(|list| list.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(matched(template, text), expected, "{template} {text}");
        }
    }

    #[test]
    fn templates_that_cannot_be_matched_are_refused() {
        for bad in ["a", "/{a", "/a}", "/{}", "/{a}{b}", "/{a}/{a}", "/a?b=c", "/{a{b}}", "/%zz"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
        let many: String = (0..17).map(|index| format!("/{{p{index}}}")).collect();
        assert!(Template::parse(&many).is_err());
    }
}
