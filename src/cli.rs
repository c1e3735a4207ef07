//! The command line: what clap parses, turned into requests once. No clap type leaves this module.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::archive::Codec;
use crate::commands::{build, cache, check, init, lock, prune, rollout, status};
use crate::image::Format;
use crate::layout;
use crate::release::ReleaseName;
use crate::store::Pruning;

/// Builds immutable, byte-for-byte reproducible Incus images.
#[derive(Debug, Parser)]
#[command(name = "vezaimg", version, about, long_about = None, max_term_width = 120)]
#[command(after_help = "\
Exit codes: 0 done; 1 failed; 2 usage or invalid input; 3 refused by a safety check; 4 rolled back; \
5 interrupted, run it again.

The result is on stdout, everything else on stderr. https://linuxcontainers.org/incus/ is what it is for.")]
struct Cli {
    /// Print only warnings, errors and the result
    #[arg(short, long, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
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
struct LayoutArgs {
    /// The layout [default: layouts/backend-api.toml, else the copy in this program]
    #[arg(long, value_name = "FILE")]
    layout: Option<PathBuf>,
    /// Give a variable of the layout another value (may be repeated)
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Take the layout's variables from a TOML file, or from YAML as in Ansible's group_vars (may be repeated)
    #[arg(long, value_name = "FILE")]
    vars: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct BuildArgs {
    #[command(flatten)]
    layout: LayoutArgs,
    /// The program that goes into the image
    #[arg(long, value_name = "FILE")]
    binary: PathBuf,
    /// The root file system underneath: a directory, a tar, an Incus image, or the two files of a split image
    /// [default: the packages of the layout's lock]
    #[arg(long, value_name = "PATH", num_args = 1..=2)]
    base: Vec<PathBuf>,
    /// What to call the release [default: sha- and 12 digits of the binary's sha256]
    #[arg(long, value_name = "NAME", value_parser = ReleaseName::parse)]
    release: Option<ReleaseName>,
    /// Where the image lands
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,
    /// One file, or metadata and root file system apart
    #[arg(long, value_enum, default_value_t = FormatArg::Unified)]
    format: FormatArg,
    /// How the image is compressed
    #[arg(long, value_enum, default_value_t = CodecArg::Zstd)]
    compression: CodecArg,
    /// The compressor's level: 1 to 22 for zstd, 1 to 9 for gzip [default: 9]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    level: Option<i32>,
    /// Threads that compress; the bytes do not depend on it [default: one a processor, 8 at most]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    mirrors: MirrorArgs,
    /// Take the packages of the lock from the cache alone
    #[arg(long)]
    offline: bool,
    /// Print one JSON object instead of the image's path
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct MirrorArgs {
    /// Try this mirror of Debian first, for one suite or for all (may be repeated) [default: those of VEZAIMG_MIRROR,
    /// of apt on this machine, of the layout, then the snapshot archive]
    #[arg(long = "mirror", value_name = "[SUITE=]URL")]
    urls: Vec<String>,
}

#[derive(Debug, Args)]
struct LockArgs {
    #[command(flatten)]
    layout: LayoutArgs,
    #[command(flatten)]
    mirrors: MirrorArgs,
    /// The keys that sign Debian's archive [default: those of the package debian-archive-keyring]
    #[arg(long, value_name = "FILE")]
    keyring: Option<PathBuf>,
    /// Write nothing; list what a new lock would change, and exit with 1 if it would change anything
    #[arg(long)]
    check: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ScopeArgs {
    /// The fleet: its containers, its HAProxy, its pace
    #[arg(long, value_name = "FILE")]
    fleet: PathBuf,
    /// Only this pool of the fleet (may be repeated) [default: all, one after another]
    #[arg(long = "pool", value_name = "NAME")]
    pools: Vec<String>,
}

#[derive(Debug, Args)]
struct CourseArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// Print what would be done, and what is in the way of it; change nothing
    #[arg(long)]
    dry_run: bool,
    /// Go on although HAProxy has no drain map: clients with a cookie may see requests fail
    #[arg(long)]
    allow_sticky_race: bool,
    /// Write what was done into a file, as JSON
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print JSON: the plan, or one event a line and the receipt last
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct RolloutArgs {
    /// The image: a file that `vezaimg build` has made, or a fingerprint or an alias in the store
    image: String,
    #[command(flatten)]
    course: CourseArgs,
}

#[derive(Debug, Args)]
struct RollbackArgs {
    #[command(flatten)]
    course: CourseArgs,
}

#[derive(Debug, Args)]
struct StatusArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct PruneArgs {
    #[command(flatten)]
    scope: ScopeArgs,
    /// Containers from before that stay of each instance; 0 leaves no way back
    #[arg(long, value_name = "N", default_value_t = 1)]
    keep: usize,
    /// Print what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct CheckArgs {
    #[command(flatten)]
    layout: LayoutArgs,
    /// Print the unit file instead of the summary
    #[arg(long, conflicts_with = "json")]
    unit: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct CacheArgs {
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    action: Option<CacheAction>,
}

#[derive(Debug, Subcommand)]
enum CacheAction {
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
enum FormatArg {
    Unified,
    Split,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum CodecArg {
    Zstd,
    Gzip,
}

/// What was asked for.
#[derive(Debug)]
pub enum Request {
    /// `vezaimg build`.
    Build(build::Request),
    /// `vezaimg check`.
    Check(check::Request),
    /// `vezaimg lock`.
    Lock(lock::Request),
    /// `vezaimg init`.
    Init(init::Request),
    /// `vezaimg rollout` and `vezaimg rollback`.
    Rollout(rollout::Request),
    /// `vezaimg status`.
    Status(status::Request),
    /// `vezaimg prune`.
    Prune(prune::Request),
    /// `vezaimg cache`.
    Cache(cache::Request),
    /// `vezaimg completions`: the script itself.
    Completions(String),
}

/// A command line that was understood.
#[derive(Debug)]
pub struct Invocation {
    /// Only warnings, errors and the result.
    pub quiet: bool,
    /// What was asked for.
    pub request: Request,
}

/// Why there is no request: help, a version, or a usage error, ready to print.
#[derive(Debug)]
pub struct Stop {
    /// What to print, with colours.
    pub text: String,
    /// Whether it goes to stderr, with exit code 2.
    pub is_error: bool,
}

/// Reads the process's arguments.
///
/// # Errors
/// Help or a version was asked for, or the arguments cannot be understood.
pub fn parse(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Invocation, Stop> {
    let stop = |error: clap::Error| Stop { text: error.render().ansi().to_string(), is_error: error.use_stderr() };
    let cli = Cli::try_parse_from(arguments).map_err(stop)?;
    let request = match cli.command {
        Command::Build(args) => Request::Build(args.into()),
        Command::Check(args) => {
            Request::Check(check::Request { layout: args.layout.into(), unit: args.unit, json: args.json })
        }
        Command::Lock(args) => Request::Lock(args.into()),
        Command::Init { directory } => Request::Init(init::Request { directory }),
        Command::Rollout(RolloutArgs { image, course }) => Request::Rollout(course.into_request(Some(image))),
        Command::Rollback(RollbackArgs { course }) => Request::Rollout(course.into_request(None)),
        Command::Status(StatusArgs { scope, json }) => Request::Status(status::Request { scope: scope.into(), json }),
        Command::Prune(args) => Request::Prune(prune::Request {
            scope: args.scope.into(),
            keep: args.keep,
            dry_run: args.dry_run,
            json: args.json,
        }),
        Command::Cache(args) => Request::Cache(args.into()),
        Command::Completions { shell } => Request::Completions(completions(shell)),
    };
    Ok(Invocation { quiet: cli.quiet, request })
}

impl From<BuildArgs> for build::Request {
    fn from(args: BuildArgs) -> Self {
        Self {
            layout: args.layout.into(),
            binary: args.binary,
            base: args.base,
            release: args.release,
            out: args.out,
            format: match args.format {
                FormatArg::Unified => Format::Unified,
                FormatArg::Split => Format::Split,
            },
            codec: match args.compression {
                CodecArg::Zstd => Codec::Zstd,
                CodecArg::Gzip => Codec::Gzip,
            },
            level: args.level,
            jobs: args.jobs.unwrap_or_else(default_jobs),
            mirrors: args.mirrors.urls,
            offline: args.offline,
            json: args.json,
        }
    }
}

impl From<LockArgs> for lock::Request {
    fn from(args: LockArgs) -> Self {
        Self {
            layout: args.layout.into(),
            mirrors: args.mirrors.urls,
            keyring: args.keyring,
            check: args.check,
            json: args.json,
        }
    }
}

impl CourseArgs {
    fn into_request(self, image: Option<String>) -> rollout::Request {
        rollout::Request {
            image,
            scope: self.scope.into(),
            dry_run: self.dry_run,
            allow_sticky_race: self.allow_sticky_race,
            report: self.report,
            json: self.json,
        }
    }
}

impl From<ScopeArgs> for rollout::Scope {
    fn from(args: ScopeArgs) -> Self {
        Self { fleet: args.fleet, pools: args.pools }
    }
}

impl From<CacheArgs> for cache::Request {
    fn from(args: CacheArgs) -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        let pruning = |action| match action {
            CacheAction::Prune { older_than, all, dry_run } => {
                Pruning { unused_for: (!all).then(|| DAY * older_than), dry_run }
            }
        };
        Self { pruning: args.action.map(pruning), json: args.json }
    }
}

/// More threads than this cost memory and gain little: the reader of the base cannot feed them.
fn default_jobs() -> NonZeroUsize {
    const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN).min(MOST)
}

fn completions(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vezaimg", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

impl From<LayoutArgs> for layout::Request {
    fn from(args: LayoutArgs) -> Self {
        Self { file: args.layout, vars: args.vars, set: args.set }
    }
}
