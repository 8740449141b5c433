//! The users in the store, for `crossgate add user` and its like.

use std::sync::atomic::Ordering;

use crossgate_call::{Error, Field, Result};
use crossgate_store::Error as StoreError;

use super::Identity;
use super::tokens::checked_roles;
use crate::password::hash_password;
use crate::records::{Stored, UserSummary};
use crate::state::NAME_BYTES_MAX;

impl Identity {
    /// Adds a user to the store. With `replace`, also when there is one of that name, whose password and
    /// roles are then new and whose sessions end. A running program knows the user at once.
    ///
    /// # Errors
    /// [`crossgate_call::Kind::Invalid`] for a name, a password or roles that cannot be;
    /// [`crossgate_call::Kind::Conflict`] when the name is taken, here or in the configuration.
    pub async fn add_user(&self, name: &str, password: &str, roles: &[String], replace: bool) -> Result<()> {
        let state = self.state.load_full();
        let mut fields = Vec::new();
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            fields.push(Field::new(
                "input",
                "/name",
                format!("a name is 1 to {NAME_BYTES_MAX} bytes without control characters"),
            ));
        }
        checked_roles(&state, roles, &mut fields);
        let owned = password.to_owned();
        let hash = tokio::task::spawn_blocking(move || hash_password(&owned)).await.map_err(Error::internal)?;
        let password =
            hash.map_err(|error| fields.push(Field::new("input", "/password", error.to_string()))).unwrap_or_default();
        if !fields.is_empty() {
            return Err(Error::invalid("the user cannot be added like this", fields));
        }
        if state.users.contains_key(name) {
            return Err(Error::conflict(format!(
                "the configuration has a user `{name}`, which comes first; change it there"
            )));
        }
        let added =
            Stored { password, roles: roles.to_vec() }.add(&self.store, name, replace, self.means.clock.now()).await;
        self.sessions_ended.fetch_add(1, Ordering::AcqRel);
        added.map_err(|error| match error {
            StoreError::Conflict(_) => {
                Error::conflict(format!("there is a user `{name}` already; say so if it is to be replaced"))
            }
            error => error.into(),
        })
    }

    /// Removes a user from the store and ends the user's sessions; tokens end by their own time.
    ///
    /// # Errors
    /// [`crossgate_call::Kind::NotFound`] when there is none.
    pub async fn remove_user(&self, name: &str) -> Result<()> {
        let removed = Stored::remove(&self.store, name).await?;
        self.sessions_ended.fetch_add(1, Ordering::AcqRel);
        if removed { Ok(()) } else { Err(Error::not_found(format!("there is no user `{name}` in the store"))) }
    }

    /// The users in the store, by name.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn users(&self) -> Result<Vec<UserSummary>> {
        Ok(Stored::list(&self.store).await?)
    }
}
