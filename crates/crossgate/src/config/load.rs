//! Reading the configuration: the file, then `CROSSGATE__A__B` from the environment over it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use toml::{Table, Value};

use super::Config;
use super::suggest::with_suggestion;

/// The prefix of environment variables that override the file; `__` separates the keys' parts.
const ENV_PREFIX: &str = "CROSSGATE__";
/// No configuration of people's making is larger.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A configuration and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    pub(crate) file: PathBuf,
    /// The effective document, for comparing two loads section by section.
    pub(crate) table: Table,
}

/// Reads a configuration file and the environment.
pub(crate) fn load(file: &Path, environment: impl Iterator<Item = (String, String)>) -> anyhow::Result<Loaded> {
    let size =
        std::fs::metadata(file).with_context(|| format!("cannot read the configuration {}", file.display()))?.len();
    if size > FILE_BYTES_MAX {
        bail!("the configuration {} is larger than {FILE_BYTES_MAX} bytes", file.display());
    }
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read the configuration {}", file.display()))?;
    // Once from the text, for errors that show line and column, and once with the environment over it.
    let from_file = || -> Result<Table, toml::de::Error> {
        toml::from_str::<Config>(&text)?;
        toml::from_str::<Table>(&text)
    };
    let mut table = from_file()
        .map_err(|error| anyhow::anyhow!("{}: {}", file.display(), with_suggestion(&located(&error, &text))))?;
    for (name, value) in overrides(environment) {
        set(&mut table, &name, value)
            .with_context(|| format!("the environment variable {ENV_PREFIX}{}", name.join("__").to_uppercase()))?;
    }
    let mut config: Config = Value::Table(table.clone()).try_into().map_err(|error: toml::de::Error| {
        anyhow::anyhow!(
            "the configuration with the {ENV_PREFIX}* variables over it: {}",
            with_suggestion(error.message())
        )
    })?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    config.relative_to(folder);
    config.check_names().with_context(|| file.display().to_string())?;
    Ok(Loaded { config, file: file.to_owned(), table })
}

/// What is wrong and where, without the line itself, which the error would show: a secret may stand in it, and what is
/// wrong is told to the log as well.
pub(crate) fn located(error: &toml::de::Error, text: &str) -> String {
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return error.message().to_owned() };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {}", error.message())
}

/// The overrides, sorted so that the result does not depend on the environment's order.
fn overrides(environment: impl Iterator<Item = (String, String)>) -> Vec<(Vec<String>, Value)> {
    let mut found: Vec<_> = environment
        .filter_map(|(name, text)| {
            let path: Vec<_> = name.strip_prefix(ENV_PREFIX)?.split("__").map(str::to_lowercase).collect();
            Some((path, parse_value(&text)))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// A TOML value where the text is one (`true`, `8`, `["a"]`), else the text itself.
fn parse_value(text: &str) -> Value {
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .filter(|table| table.len() == 1)
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn set(table: &mut Table, path: &[String], value: Value) -> anyhow::Result<()> {
    match path {
        [] => bail!("names no key"),
        [last] if last.is_empty() => bail!("names no key"),
        [last] => {
            table.insert(last.clone(), value);
            Ok(())
        }
        [first, rest @ ..] => match table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new())) {
            Value::Table(inner) => set(inner, rest, value),
            _ => bail!("`{first}` is not a section"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(text: &str, environment: &[(&str, &str)]) -> anyhow::Result<Loaded> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("crossgate.toml");
        std::fs::write(&file, text).unwrap();
        load(&file, environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn the_environment_overrides_the_file_and_is_typed_like_toml() {
        let loaded = loaded(
            "realm = \"a\"\n[log]\nlevel = \"warn\"",
            &[("CROSSGATE__LOG__LEVEL", "debug"), ("CROSSGATE__VALIDATE_RESPONSES", "true"), ("OTHER", "x")],
        )
        .unwrap();
        assert_eq!(loaded.config.log.level, "debug");
        assert!(loaded.config.validate_responses);
        assert_eq!(loaded.config.realm, "a");
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_a_suggestion() {
        let error = loaded("[log]\nlevle = \"warn\"", &[]).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
        assert!(error.contains("did you mean `level`?"), "{error}");
    }

    #[test]
    fn a_line_with_a_mistake_is_not_repeated_because_a_secret_may_stand_in_it() {
        for line in ["secrte = \"hunter2\"", "secret = \"hunter2", "secret == \"hunter2\""] {
            let error = loaded(&format!("[identity.issuers.a]\n{line}"), &[]).unwrap_err().to_string();
            assert!(error.contains("line 2, column ") && !error.contains("hunter2"), "{error}");
        }
        let error = loaded("", &[("CROSSGATE__IDENTITY__ISSUERS__A__SECRTE", "hunter2")]).unwrap_err().to_string();
        assert!(error.contains("did you mean `secret`?") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn an_unknown_key_from_the_environment_is_refused_too() {
        let error = loaded("", &[("CROSSGATE__LOG__LEVLE", "debug")]).unwrap_err().to_string();
        assert!(error.contains("did you mean `level`?"), "{error}");
    }

    #[test]
    fn a_set_of_methods_for_no_listener_is_refused_with_a_suggestion() {
        let config = |set: &str| {
            format!(
                "[[edge.listeners]]\nname = \"factory\"\naddress = \"127.0.0.1:0\"\n[identity.wamp.auth.{set}]\nticket = {{}}"
            )
        };
        for known in ["factory", "default"] {
            loaded(&config(known), &[]).unwrap();
        }
        for (unknown, meant) in [("factroy", "did you mean `factory`?"), ("defalt", "did you mean `default`?")] {
            let error = format!("{:#}", loaded(&config(unknown), &[]).unwrap_err());
            assert!(error.contains(&format!("[identity.wamp.auth.{unknown}] is for no listener")), "{error}");
            assert!(error.contains(meant), "{error}");
        }
        let error = format!("{:#}", loaded(&config("somewhere"), &[]).unwrap_err());
        assert!(!error.contains("did you mean"), "{error}");
    }

    #[test]
    fn relative_paths_are_relative_to_the_file() {
        let loaded = loaded("[contracts.partner]\nfile = \"partner.yaml\"", &[]).unwrap();
        assert_eq!(loaded.config.contracts["partner"].file.parent(), loaded.file.parent());
    }
}
