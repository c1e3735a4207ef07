//! How the lines of a file are read, which its place, its name or its first line tells.

use super::names::is_of_environment;
use crate::rootfs::TargetPath;

/// How the lines of a file are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// systemd.syntax(7): directives, of which some have lists of assignments.
    Unit,
    /// Variables of an environment, `NAME=VALUE`, and the commands of a shell.
    Environment,
    /// `name = value`, `name value`, and the directives of servers.
    Configuration,
    /// `name: value`, `"name": "value"`, `name = "value"`.
    Document,
    /// netrc(5): `machine … login … password …`.
    Logins,
    /// `PostgreSQL`'s `.pgpass`: `host:port:database:user:password`.
    PostgresLogins,
    /// Nothing but `export NAME=VALUE`.
    Other,
}

/// Files that their names tell, in a directory of this name where one is given.
const NAMED: [(&[u8], &[u8], Reader); 24] = [
    // The names of databases stand there, `passwd: files`.
    (b"", b"nsswitch.conf", Reader::Other),
    (b"apt", b"auth.conf", Reader::Logins),
    (b"", b"fstab", Reader::Configuration),
    (b"", b"msmtprc", Reader::Configuration),
    (b"", b".msmtprc", Reader::Configuration),
    (b"", b".netrc", Reader::Logins),
    (b"", b"_netrc", Reader::Logins),
    (b"", b".pgpass", Reader::PostgresLogins),
    (b"", b"pgpass.conf", Reader::PostgresLogins),
    (b"", b".npmrc", Reader::Configuration),
    (b"", b"npmrc", Reader::Configuration),
    (b"", b".yarnrc", Reader::Configuration),
    (b"", b".pypirc", Reader::Configuration),
    (b"", b".wgetrc", Reader::Configuration),
    (b"", b".s3cfg", Reader::Configuration),
    (b"", b".boto", Reader::Configuration),
    (b".aws", b"credentials", Reader::Configuration),
    (b".aws", b"config", Reader::Configuration),
    (b".cargo", b"credentials", Reader::Document),
    (b".gem", b"credentials", Reader::Document),
    (b".kube", b"config", Reader::Document),
    (b"", b"kubeconfig", Reader::Document),
    (b"", b".dockercfg", Reader::Document),
    (b"", b".dockerconfigjson", Reader::Document),
];

/// Directories of translations: `password` is a word there.
const TRANSLATIONS: [&[u8]; 8] =
    [b"i18n", b"l10n", b"lang", b"langs", b"languages", b"locale", b"locales", b"translations"];

/// How the first line of a script ends that a shell runs.
const SHELLS: [&[u8]; 5] = [b"sh", b"bash", b"dash", b"ksh", b"zsh"];

impl Reader {
    /// The one for a file of this name at this place with this content.
    pub(super) fn of(path: &TargetPath, content: &[u8]) -> Self {
        let in_directory = |name: &[u8]| path.ancestors().any(|above| above.name() == name);
        let in_etc = path.as_relative().starts_with(b"etc/");
        let name = path.name();
        let is_known = |(directory, file, _): &&(&[u8], &[u8], Self)| {
            *file == name && (directory.is_empty() || path.parent().is_some_and(|parent| parent.name() == *directory))
        };
        if let Some((_, _, reader)) = NAMED.iter().find(is_known) {
            return *reader;
        }
        let extension = name.rsplit(|byte| *byte == b'.').next().filter(|rest| rest.len() < name.len());
        match extension.unwrap_or_default() {
            b"service" | b"socket" | b"timer" | b"mount" | b"netdev" | b"network" => Self::Unit,
            b"conf" if in_directory(b"systemd") => Self::Unit,
            b"sh" | b"envrc" | b"environment" => Self::Environment,
            _ if is_of_environment(name) => Self::Environment,
            _ if path.as_relative() == b"etc/environment" || path.as_relative().starts_with(b"etc/default/") => {
                Self::Environment
            }
            _ if in_directory(b"auth.conf.d") => Self::Logins,
            _ if is_shell_script(content) => Self::Environment,
            _ if TRANSLATIONS.into_iter().any(in_directory) => Self::Other,
            b"conf" | b"cfg" | b"cnf" | b"ini" | b"properties" => Self::Configuration,
            b"yaml" | b"yml" | b"json" | b"toml" | b"tfvars" => Self::Document,
            b"" if in_etc => Self::Document,
            _ => Self::Other,
        }
    }

    /// Whether a backslash at the end of a line takes the next one to it.
    pub(super) fn joins(self, line: &[u8]) -> bool {
        matches!(self, Self::Unit | Self::Environment) && line.trim_ascii_end().ends_with(b"\\")
    }

    /// Whether a line says nothing.
    pub(super) fn is_comment(self, line: &str) -> bool {
        // npm's logins begin with two slashes, and shares of fstab(5): a comment has a blank behind them.
        let begins = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t', '/']);
        line.starts_with(['#', ';']) || line.strip_prefix("//").is_some_and(begins)
    }
}

/// `#!/bin/sh`, `#!/usr/bin/env bash`.
fn is_shell_script(content: &[u8]) -> bool {
    let Some(first) = content.split(|byte| *byte == b'\n').next().and_then(|line| line.strip_prefix(b"#!")) else {
        return false;
    };
    let mut words = first.get(..first.len().min(256)).unwrap_or_default().split(|byte| b" \t\r/".contains(byte));
    words.any(|word| SHELLS.contains(&word))
}
