//! `deepObject`: `color[R]=100&color[G]=200`. Beyond the standard's one level, brackets may nest where the schema has
//! objects in objects, and a field that is an array may be repeated.

use serde_json::{Map, Value};

use super::pairs::Pairs;
use super::parameter::{Found, Unreadable};
use super::single::{Kind, Single};
use crate::pointer;
use crate::schema::Shape;

/// How deep brackets may nest.
const LEVELS_MAX: usize = 5;

pub(super) fn read(name: &str, shape: &Shape, pairs: &mut Pairs<'_>, single: Single<'_>) -> Found {
    let mut object = Map::new();
    let mut found = false;
    for pair in &mut pairs.list {
        let Some(path) = pair.name.strip_prefix(name).filter(|rest| rest.starts_with('[')) else { continue };
        pair.used = true;
        found = true;
        let unreadable = |detail: &str| Unreadable::from(format!("{detail}, like {name}[field]=value"));
        let Some(keys) = keys(path) else { return Err(unreadable("must have balanced brackets around names")) };
        if keys.len() > LEVELS_MAX {
            return Err(unreadable("must not nest so many brackets"));
        }
        insert(&mut object, &keys, pair.raw, shape, single)?;
    }
    Ok(found.then_some(Value::Object(object)))
}

/// `[a][b]` as `a`, `b`. An empty last pair of brackets marks a list, as PHP and Rails write it.
fn keys(path: &str) -> Option<Vec<&str>> {
    let mut keys = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (key, after) = rest.strip_prefix('[')?.split_once(']')?;
        let is_list_mark = key.is_empty() && after.is_empty() && !keys.is_empty();
        if key.contains('[') || (key.is_empty() && !is_list_mark) {
            return None;
        }
        if !is_list_mark {
            keys.push(key);
        }
        rest = after;
    }
    Some(keys)
}

fn insert(
    object: &mut Map<String, Value>,
    keys: &[&str],
    raw: &str,
    shape: &Shape,
    single: Single<'_>,
) -> Result<(), Unreadable> {
    let [key, rest @ ..] = keys else { return Ok(()) };
    let field = shape.property(key);
    let under = |error: Unreadable| {
        let mut at = pointer::join("", key);
        at.push_str(&error.pointer);
        Unreadable { pointer: at, detail: error.detail }
    };
    if !rest.is_empty() {
        let inner = object.entry((*key).to_owned()).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(inner) = inner else { return Err(under("is given more than once".into())) };
        return insert(inner, rest, raw, field, single).map_err(under);
    }
    if Kind::of(field) == Kind::Array {
        let value = single.scalar(raw, field.item()).map_err(under)?;
        match object.entry((*key).to_owned()).or_insert_with(|| Value::Array(Vec::new())) {
            Value::Array(list) => list.push(value),
            _ => return Err(under("is given more than once".into())),
        }
        return Ok(());
    }
    let value = single.scalar(raw, field).map_err(under)?;
    if object.insert((*key).to_owned(), value).is_some() && !single.lenient {
        return Err(under("is given more than once".into()));
    }
    Ok(())
}
