//! The command line as clap parses it, and its help.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use crate::incus::InstanceName;
use crate::release::ReleaseName;
use crate::rollout::fleet::Entry;
use crate::rootfs::TargetPath;

/// Builds immutable, byte-for-byte reproducible Incus images, and rolls fleets onto them.
#[derive(Debug, Parser)]
#[command(name = "vezaimg", version, about, long_about = None, max_term_width = 120)]
#[command(after_help = "\
Exit codes: 0 done; 1 failed; 2 usage or invalid input; 3 refused by a safety check; 4 rolled back; \
5 interrupted, run it again.

The result is on stdout, everything else on stderr. https://linuxcontainers.org/incus/ is what it is for.")]
pub(super) struct Cli {
    /// Print only warnings, errors and the result
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Build an image from a layout, a base and a binary
    #[command(after_help = "\
Example:
  vezaimg build --binary bin/veza-api
  incus image import out/veza-backend-api-….incus.tar.zst --alias veza-backend-api

The base is made of the Debian packages that the layout's lock pins, unless --base names another. The release is called \
after the binary's digest unless --release names it. Times in the image are those of the base, none above \
SOURCE_DATE_EPOCH where that is set.")]
    Build(BuildArgs),
    /// Report every problem of a layout and its unit, and the unit's exposure
    Check(CheckArgs),
    /// Pin the Debian packages that a layout stands on
    #[command(after_help = "\
Example:
  vezaimg lock            # writes layouts/backend-api.lock, to be committed
  vezaimg lock --check    # lists what is newer, security updates marked

Debian's own signature is checked by gpgv. Which mirror a package comes from makes no difference to a build: it is \
known by its digest.")]
    Lock(LockArgs),
    /// Show what an image holds
    #[command(after_help = "\
Example:
  vezaimg inspect out/veza-backend-api-….incus.tar.zst
  vezaimg inspect veza-backend-api --file /etc/os-release

Images that others have made are shown too. The file is read as a stream and never unpacked. What an image says of itself is \
its own word.")]
    Inspect(InspectArgs),
    /// Tell what is different between two images
    #[command(after_help = "\
Examples:
  vezaimg diff out/veza-backend-api-v1….incus.tar.zst out/veza-backend-api-v2….incus.tar.zst
  vezaimg diff veza-backend-api out/veza-backend-api-v2….incus.tar.zst --stat
  vezaimg diff out/veza-backend-api-v1….incus.tar.zst out/veza-backend-api-v2….incus.tar.zst --why

Packages, users and groups, units by directive, the binary by what its compiler wrote into it, what gains rights, every path \
with what of it changed, and text files line by line. The two may come from different machines, and need not be vezaimg's.

Exit codes: 0 the same, however they are packed; 1 they differ; 2 they could not be compared.")]
    Diff(DiffArgs),
    /// Tell whether a release is what it says, and whether it is what runs
    #[command(after_help = "\
Example:
  vezaimg verify out/veza-backend-api-….incus.tar.zst --signers allowed_signers
  vezaimg verify out/veza-backend-api-….incus.tar.zst --binary bin/veza-api --rebuild
  vezaimg verify out/veza-backend-api-….incus.tar.zst --incus --instance backend-api-1

Every step is told; one that does not hold ends the command with exit code 1. Without a signature and `--signers`, the \
files are only known to belong together. A container's files are read through Incus: what it keeps, and what Incus \
and systemd write at its start, is left out.")]
    Verify(VerifyArgs),
    /// Bring a fleet onto an image, one container after another
    #[command(after_help = "\
Example:
  vezaimg rollout out/veza-backend-api-….incus.tar.zst --fleet fleet.toml --dry-run
  vezaimg rollout out/veza-backend-api-….incus.tar.zst --fleet fleet.toml

Every instance is staged beside the one that serves, drained in HAProxy, swapped, and watched before the next is taken. \
The container from before stays as NAME-prev, stopped. What fails is put back, and the rollout stops with exit code 4. \
Interrupted anywhere, the same command goes on, from any machine.")]
    Rollout(RolloutArgs),
    /// Bring a fleet back onto the containers from before the last rollout
    Rollback(RollbackArgs),
    /// Show what a fleet's instances run, how they do, and who works on them
    #[command(after_help = "\
Nothing is changed. HAProxy is asked on each socket for itself, at level operator or above; what cannot be read is told, \
and the rest is shown.

Exit codes: 0 everything could be read, however the fleet does; 1 a part of it could not.")]
    Status(StatusArgs),
    /// Stop a container of a pool by force, and find out whether its peers serve on
    #[command(after_help = "\
Example:
  vezaimg drill --fleet fleet.toml --pool backend-api --through http://lb.example

Every server of the pool is UP, and five requests through the balancer are answered with 200: then one container is stopped \
as a host that dies would stop it. HAProxy has to find it DOWN within 30 s; five requests have to be answered by its peers; \
every WebSocket has to be with one of them within 30 s more. Then the container is started, and has to be UP within 120 s. \
It is started again whatever fails, and when a signal comes. Killed in between, the next drill of the pool starts it first.

It takes the pool's lock, and refuses where nobody would serve meanwhile.

Exit codes: 0 every check held; 1 one did not; 2 and 3 nothing was stopped; 5 interrupted, and the container runs again.")]
    Drill(DrillArgs),
    /// Remove a fleet's containers and images from before
    #[command(after_help = "\
Of each instance, the newest containers from before stay: NAME-prev is the newest, then the one with the highest number. \
What failed or was rolled back, NAME-next, goes. Of the images of the layouts that the fleet runs, those stay that an \
instance of the project was made of, that bear an alias or are public, and the newest ones, one more than --keep. What \
runs, what vezaimg did not make, and custom volumes stay always.

It takes the pools' locks, and refuses while a rollout is unfinished. Interrupted, it may be run again.")]
    Prune(PruneArgs),
    /// Write the layouts that this program carries, to start from
    Init {
        /// The directory in which `layouts/` is made
        #[arg(default_value = ".")]
        directory: PathBuf,
    },
    /// Show what the store holds, or prune it
    #[command(after_help = "\
The store keeps what was fetched and made, by content, for every build of a user. It is VEZAIMG_CACHE, else vezaimg in \
XDG_CACHE_HOME, else ~/.cache/vezaimg; nothing in it is irreplaceable.")]
    Cache(CacheArgs),
    /// Print a completion script
    Completions {
        /// The shell that reads it
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(super) struct LayoutArgs {
    /// The layout [default: layouts/backend-api.toml, else the copy in this program]
    #[arg(long, value_name = "FILE")]
    pub(super) layout: Option<PathBuf>,
    /// Give a variable of the layout another value (may be repeated)
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Take them from Ansible's inventory in YAML, and its groups and host variables for templates
    #[arg(long = "inventory", value_name = "FILE")]
    pub(super) inventory: Option<PathBuf>,
    /// Take the layout's variables from a TOML file, or from YAML as in Ansible's group_vars (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub(super) vars: Vec<PathBuf>,
    /// Let a file of the image hold what looks like a secret; the manifest says why (may be repeated)
    #[arg(long = "allow-secret", value_name = "PATH=REASON")]
    pub(super) allow_secrets: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    #[command(flatten)]
    pub(super) layout: LayoutArgs,
    /// The program that goes into the image, where its layout has a place for one
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
    /// The root file system underneath: a directory, a tar, an Incus image, or the two files of a split image
    /// [default: the packages of the layout's lock]
    #[arg(long, value_name = "PATH", num_args = 1..=2)]
    pub(super) base: Vec<PathBuf>,
    /// What to call the release [default: sha- and 12 digits of the sha256 of the binary, else of the whole content]
    #[arg(long, value_name = "NAME", value_parser = ReleaseName::parse)]
    pub(super) release: Option<ReleaseName>,
    /// Where the image lands
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub(super) out: PathBuf,
    /// One file, or metadata and root file system apart
    #[arg(long, value_enum, default_value_t = FormatArg::Unified)]
    pub(super) format: FormatArg,
    /// How the image is compressed
    #[arg(long, value_enum, default_value_t = CodecArg::Zstd)]
    pub(super) compression: CodecArg,
    /// The compressor's level: 1 to 22 for zstd, 1 to 9 for gzip [default: 9]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(super) level: Option<i32>,
    /// Threads that compress; the bytes do not depend on it [default: one a processor, 8 at most]
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(super) mirrors: MirrorArgs,
    /// Take the packages of the lock from the cache alone
    #[arg(long)]
    pub(super) offline: bool,
    /// Sign the release, by `ssh-keygen`: a private key's file, or a public key's whose other half the agent holds
    #[arg(long, value_name = "KEY")]
    pub(super) sign: Option<PathBuf>,
    /// Print one JSON object instead of the image's path
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct MirrorArgs {
    /// Try this mirror of Debian first, for one suite or for all (may be repeated) [default: those of VEZAIMG_MIRROR,
    /// of apt on this machine, of the layout, then the snapshot archive]
    #[arg(long = "mirror", value_name = "[SUITE=]URL")]
    pub(super) urls: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct LockArgs {
    #[command(flatten)]
    pub(super) layout: LayoutArgs,
    #[command(flatten)]
    pub(super) mirrors: MirrorArgs,
    /// The keys that sign Debian's archive [default: those of the package debian-archive-keyring]
    #[arg(long, value_name = "FILE")]
    pub(super) keyring: Option<PathBuf>,
    /// Write nothing; list what a new lock would change, and exit with 1 if it would change anything
    #[arg(long)]
    pub(super) check: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// The image: a file, the two files of a split one, or a fingerprint or an alias in a store, with
    /// `REMOTE:` before it where that is not the default one
    #[arg(required = true, num_args = 1..=2)]
    pub(super) image: Vec<String>,
    /// List every entry instead
    #[arg(long)]
    pub(super) tree: bool,
    /// Print the content of this file of it instead
    #[arg(long, value_name = "PATH", conflicts_with_all = ["tree", "json"], value_parser = target_path)]
    pub(super) file: Option<TargetPath>,
    /// Print one JSON object; with --tree one a line, as the manifest has them
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The image from before: a file, `METADATA,ROOTFS` of a split one, or a fingerprint or an alias in a store, with
    /// `REMOTE:` before it where that is not the default one. The .meta.tar.* that vezaimg wrote finds its other half
    pub(super) old: String,
    /// The image to compare with it, likewise
    pub(super) new: String,
    /// Only count what is different
    #[arg(long, conflicts_with = "json")]
    pub(super) stat: bool,
    /// Do not compare text files line by line
    #[arg(long, conflicts_with = "stat")]
    pub(super) no_text: bool,
    /// Only name the inputs that made two builds of a layout differ, by the provenance beside each
    #[arg(long, conflicts_with_all = ["stat", "no_text"])]
    pub(super) why: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The image's file, beside which its others lie
    pub(super) image: PathBuf,
    /// Who may sign: a file of allowed signers, as `ssh-keygen` reads it
    #[arg(long, value_name = "FILE")]
    pub(super) signers: Option<PathBuf>,
    #[command(flatten)]
    pub(super) layout: LayoutArgs,
    /// Compare the program that went in with this one
    #[arg(long, value_name = "FILE")]
    pub(super) binary: Option<PathBuf>,
    /// Compare the base that was built on with this one
    #[arg(long, value_name = "PATH", num_args = 1..=2)]
    pub(super) base: Vec<PathBuf>,
    /// Build it again from the layout and its lock, the binary and the base that are given, and compare the bytes
    #[arg(long)]
    pub(super) rebuild: bool,
    /// Look whether the store has it, and whether every instance of its layout was made of it
    #[arg(long)]
    pub(super) incus: bool,
    /// Look for files of this running instance that are not as in the image (may be repeated)
    #[arg(long = "instance", value_name = "NAME", value_parser = instance_name)]
    pub(super) instances: Vec<InstanceName>,
    /// Where the store and the instances are [default: the default remote of `incus`]
    #[arg(long, value_name = "REMOTE", default_value = "", hide_default_value = true)]
    pub(super) remote: String,
    /// Their project [default: the remote's own]
    #[arg(long, value_name = "NAME")]
    pub(super) project: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("members").required(true).args(["fleet", "inventory"])))]
pub(super) struct MembersArgs {
    /// The fleet: its containers, its HAProxy, its pace
    #[arg(long, value_name = "FILE")]
    pub(super) fleet: Option<PathBuf>,
    /// Instead of a fleet file: Ansible's inventory in YAML, whose groups the layouts name
    #[arg(long, value_name = "FILE")]
    pub(super) inventory: Option<PathBuf>,
    /// The layouts that name its groups (may be repeated) [default: those in layouts/, else the copies in this program]
    #[arg(long = "layout", value_name = "FILE", requires = "inventory")]
    pub(super) layouts: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ScopeArgs {
    #[command(flatten)]
    pub(super) members: MembersArgs,
    /// Only this pool of the fleet (may be repeated) [default: all, one after another]
    #[arg(long = "pool", value_name = "NAME")]
    pub(super) pools: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct CourseArgs {
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    /// Print what would be done, and what is in the way of it; change nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Go on although HAProxy has no drain map: clients with a cookie may see requests fail
    #[arg(long)]
    pub(super) allow_sticky_race: bool,
    /// Swap a balancer that stands alone: nobody is served for some 3 seconds
    #[arg(long)]
    pub(super) accept_outage: bool,
    /// Write what was done into a file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// Print JSON: the plan, or one event a line and the receipt last
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct RolloutArgs {
    /// The image: a file that `vezaimg build` has made, or a fingerprint or an alias in the store
    pub(super) image: String,
    /// Take no image that none of these has signed: a file of allowed signers, as `ssh-keygen` reads it [default: the
    /// fleet's `signers`]
    #[arg(long, value_name = "FILE")]
    pub(super) signers: Option<PathBuf>,
    #[command(flatten)]
    pub(super) course: CourseArgs,
}

#[derive(Debug, Args)]
pub(super) struct RollbackArgs {
    #[command(flatten)]
    pub(super) course: CourseArgs,
}

#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct DrillArgs {
    #[command(flatten)]
    pub(super) members: MembersArgs,
    /// The pool of the fleet
    #[arg(long, value_name = "NAME")]
    pub(super) pool: String,
    /// The container that is stopped [default: the pool's first]
    #[arg(long, value_name = "NAME")]
    pub(super) instance: Option<String>,
    /// Where clients come in through the balancer, by plain HTTP [default: the pool's `entry`, else port 80 of
    /// the container that HAProxy runs in]
    #[arg(long, value_name = "URL", value_parser = Entry::parse)]
    pub(super) through: Option<Entry>,
    /// What they ask for [default: the health check of the container's image]
    #[arg(long, value_name = "PATH", value_parser = url_path)]
    pub(super) health_path: Option<String>,
    /// WebSockets that are kept open meanwhile, 100 at most; 0 for a service that has none
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = websockets)]
    pub(super) websockets: usize,
    /// Where they are
    #[arg(long, value_name = "PATH", default_value = "/ws", value_parser = url_path)]
    pub(super) websocket_path: String,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    #[command(flatten)]
    pub(super) scope: ScopeArgs,
    /// Containers from before that stay of each instance; 0 leaves no way back
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) keep: usize,
    /// Print what would be removed, and remove nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) layout: LayoutArgs,
    /// Print the unit file instead of the summary
    #[arg(long, conflicts_with = "json")]
    pub(super) unit: bool,
    /// Print one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CacheArgs {
    /// Print one JSON object
    #[arg(long, global = true)]
    pub(super) json: bool,
    #[command(subcommand)]
    pub(super) action: Option<CacheAction>,
}

#[derive(Debug, Subcommand)]
pub(super) enum CacheAction {
    /// Remove what has not been used for long, downloads that nobody makes any more, and records that lead nowhere
    Prune {
        /// How long something must not have been used
        #[arg(long, value_name = "DAYS", default_value_t = 30)]
        older_than: u32,
        /// Remove everything
        #[arg(long, conflicts_with = "older_than")]
        all: bool,
        /// Only tell what would be removed
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum FormatArg {
    Unified,
    Split,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum CodecArg {
    Zstd,
    Gzip,
}

/// The name of an instance.
fn instance_name(text: &str) -> Result<InstanceName, String> {
    InstanceName::parse(text).ok_or_else(|| "it is not the name of an instance, such as `backend-api-1`".to_owned())
}

/// A path in an image.
fn target_path(text: &str) -> Result<TargetPath, String> {
    TargetPath::parse(text)
        .map_err(|error| format!("it {}; a path of an image is such as `/etc/os-release`", error.reason()))
}

/// A path as a request names it, with its query.
fn url_path(text: &str) -> Result<String, String> {
    match text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err("it is not the path of a URL, such as `/ws`".to_owned()),
    }
}

/// So many as a balancer does not notice.
fn websockets(text: &str) -> Result<usize, String> {
    const MOST: usize = 100;
    let count = text.parse().ok().filter(|count| *count <= MOST);
    count.ok_or_else(|| format!("it is not a whole number from 0 to {MOST}"))
}
