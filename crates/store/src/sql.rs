//! A statement's text, with variants where the databases truly differ.

/// A statement: one text for every database, and others by name where one needs its own.
///
/// Placeholders are `?`, in order. Where one value appears twice, they are `$1`, `$2`, ... in every
/// place of that statement instead. Values are never put into the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sql<'a> {
    /// The text for every database without one of its own.
    pub all: &'a str,
    /// The text for PostgreSQL.
    pub postgres: Option<&'a str>,
    /// The text for MariaDB and MySQL.
    pub mariadb: Option<&'a str>,
}

impl Sql<'static> {
    /// A statement that every database understands.
    pub const fn new(all: &'static str) -> Self {
        Self { all, postgres: None, mariadb: None }
    }
}

impl<'a> Sql<'a> {
    /// A statement whose text was put together at run time, from constant pieces only: what came
    /// from outside goes into the parameters.
    pub const fn assembled(all: &'a str) -> Self {
        Self { all, postgres: None, mariadb: None }
    }

    pub(crate) fn sqlite(&self) -> &'a str {
        self.all
    }
}

impl From<&'static str> for Sql<'static> {
    fn from(all: &'static str) -> Self {
        Self::new(all)
    }
}

impl<'a> From<&Sql<'a>> for Sql<'a> {
    fn from(sql: &Sql<'a>) -> Self {
        *sql
    }
}
