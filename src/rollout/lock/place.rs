//! Where a pool's lock stands, and what is read and written there.

use std::time::Duration;

use super::holder::Holder;
use super::words;
use crate::incus::{Client, Devices, Etag, Profile};
use crate::rollout::fleet::PoolName;
use crate::rollout::journal::Journal;
use crate::rootfs::escaped;
use crate::{Error, Result, incus};

/// Who holds it: JSON, see [`Holder`].
pub(super) const HOLDER: &str = "user.vezaimg.holder";

/// What it set out to do: JSON, see [`Journal`].
pub(super) const JOURNAL: &str = "user.vezaimg.journal";

/// The place of a pool's lock: a profile of the client's project.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) client: Client,
    pool: PoolName,
    profile: String,
}

/// A profile that stands there, as it was read.
pub(super) struct Found {
    pub(super) profile: Profile,
    pub(super) etag: Etag,
}

/// What a lock says.
pub(super) struct Record {
    pub(super) holder: Option<Holder>,
    pub(super) journal: Option<Journal>,
}

impl Place {
    pub(super) fn of(client: &Client, pool: &PoolName) -> Self {
        // A project without profiles of its own has those of `default`: its locks must bear its name. No pool's name
        // has a dot, thus no two locks have one name.
        let profile = match client.project() {
            "default" => format!("vezaimg.{pool}"),
            project => format!("vezaimg.{project}.{pool}"),
        };
        Self { client: client.clone(), pool: pool.clone(), profile }
    }

    /// The same, with so much patience for what only reads.
    pub(super) fn with_patience(mut self, patience: Duration) -> Self {
        self.client = self.client.with_patience(patience);
        self
    }

    pub(super) fn pool(&self) -> &PoolName {
        &self.pool
    }

    /// What stands there, whatever it is.
    pub(super) fn read(&self) -> incus::Result<Option<Found>> {
        Ok(self.client.profile(&self.profile)?.map(|(profile, etag)| Found { profile, etag }))
    }

    /// A new lock, held, if nothing stands there.
    pub(super) fn create(&self, holder: &Holder) -> Result<incus::Result<()>> {
        let config = [(HOLDER.to_owned(), holder.to_json()?)].into();
        let description = words::held_description(self, holder);
        let profile = Profile {
            name: self.profile.clone(),
            description,
            config,
            devices: Devices::default(),
            used_by: Vec::new(),
        };
        Ok(self.client.create_profile(&profile))
    }

    /// Puts a holder into what was read there, if nobody wrote since. All else stays.
    pub(super) fn hold(&self, mut found: Found, holder: &Holder) -> Result<incus::Result<()>> {
        found.profile.description = words::held_description(self, holder);
        found.profile.config.insert(HOLDER.to_owned(), holder.to_json()?);
        Ok(self.client.replace_profile(&found.profile, &found.etag))
    }

    pub(super) fn delete(&self) -> incus::Result<()> {
        self.client.delete_profile(&self.profile)
    }

    /// The lock that was found.
    ///
    /// # Errors
    /// It is none, or one that cannot be read.
    pub(super) fn record(&self, found: &Found) -> Result<Record> {
        let config = &found.profile.config;
        let (holder, journal) = (config.get(HOLDER), config.get(JOURNAL));
        let (name, pool) = (escaped(self.profile.as_bytes()), &self.pool);
        if holder.is_none() && journal.is_none() {
            let sentence =
                format!("the profile `{name}` stands where the lock of the pool `{pool}` belongs, and is none");
            let hint = format!("`{}` makes room for the lock, if nobody needs that profile", self.deleting());
            return Err(Error::refused(sentence).hint(hint));
        }
        let unreadable = |key, why: String| {
            Error::refused(format!("`{key}` in the profile `{name}`, the lock of the pool `{pool}`, cannot be read"))
                .cause(why)
        };
        let holder = holder.map(|text| Holder::read(text)).transpose().map_err(|why| {
            unreadable(HOLDER, why).hint(format!("if nobody works on the pool, `{}` frees it", self.releasing()))
        })?;
        let journal = journal.map(|text| Journal::read(text)).transpose().map_err(|why| {
            unreadable(JOURNAL, why).hint("the vezaimg that wrote it can go on with the operation").hint(format!(
                "if the pool was put in order by hand, `{}` removes the lock and what it had set out to do",
                self.deleting()
            ))
        })?;
        Ok(Record { holder, journal })
    }

    /// The command that frees the lock and keeps the journal.
    pub(super) fn releasing(&self) -> String {
        self.command("unset", &format!(" {HOLDER}"))
    }

    /// The command that removes the lock as a whole.
    pub(super) fn deleting(&self) -> String {
        self.command("delete", "")
    }

    fn command(&self, verb: &str, rest: &str) -> String {
        let profile = match self.client.remote() {
            "local" => quoted(&self.profile),
            remote => quoted(&format!("{remote}:{}", self.profile)),
        };
        let project = match self.client.project() {
            "default" => String::new(),
            project => format!(" --project {}", quoted(project)),
        };
        format!("incus profile {verb} {profile}{rest}{project}")
    }
}

/// A word of a command line, as a shell takes it: projects may be called `a;b`.
pub(in crate::rollout) fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'/');
    match word.bytes().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", escaped(word.as_bytes()).replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_takes_a_quoted_word_as_it_is() {
        for word in ["api", "lab:vezaimg.shop.api", "a;b", "a$b", "it's"] {
            let output = std::process::Command::new("sh").args(["-c", &format!("printf %s {}", quoted(word))]).output();
            assert_eq!(output.unwrap().stdout, word.as_bytes(), "{word}");
        }
    }
}
