//! What was parsed, as the requests of the commands.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::arguments::{
    BuildArgs, CacheAction, CacheArgs, CodecArg, CourseArgs, DiffArgs, DrillArgs, FormatArg, InspectArgs, LayoutArgs,
    LockArgs, MembersArgs, ScopeArgs, VerifyArgs,
};
use crate::archive::Codec;
use crate::commands::{build, cache, diff, drill, inspect, lock, rollout, verify};
use crate::drill::Wishes;
use crate::image::Format;
use crate::layout;
use crate::store::Pruning;

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
            source_date: build::SourceDate::Environment,
            sign: args.sign,
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
    pub(super) fn into_request(self, image: Option<String>, signers: Option<PathBuf>) -> rollout::Request {
        rollout::Request {
            image,
            signers,
            scope: self.scope.into(),
            dry_run: self.dry_run,
            allow_sticky_race: self.allow_sticky_race,
            accept_outage: self.accept_outage,
            report: self.report,
            json: self.json,
        }
    }
}

impl From<ScopeArgs> for rollout::Scope {
    fn from(args: ScopeArgs) -> Self {
        Self { members: args.members.into(), pools: args.pools }
    }
}

impl From<MembersArgs> for rollout::Members {
    fn from(args: MembersArgs) -> Self {
        match args.inventory {
            Some(file) => Self::Inventory { file, layouts: args.layouts },
            // clap asks for one of them.
            None => Self::Fleet(args.fleet.unwrap_or_default()),
        }
    }
}

impl From<DrillArgs> for drill::Request {
    fn from(args: DrillArgs) -> Self {
        Self {
            scope: rollout::Scope { members: args.members.into(), pools: vec![args.pool] },
            wishes: Wishes {
                instance: args.instance,
                through: args.through,
                health_path: args.health_path,
                websockets: args.websockets,
                websocket_path: args.websocket_path,
            },
            json: args.json,
        }
    }
}

impl From<InspectArgs> for inspect::Request {
    fn from(args: InspectArgs) -> Self {
        let view = match (args.file, args.tree) {
            (Some(path), _) => inspect::View::File(path),
            (None, true) => inspect::View::Tree,
            (None, false) => inspect::View::Whole,
        };
        Self { image: args.image, view, json: args.json }
    }
}

impl From<DiffArgs> for diff::Request {
    fn from(args: DiffArgs) -> Self {
        let view = match (args.why, args.stat) {
            (true, _) => diff::View::Why,
            (false, true) => diff::View::Counts,
            (false, false) => diff::View::Whole,
        };
        Self { old: args.old, new: args.new, texts: !args.no_text, view, json: args.json }
    }
}

impl From<VerifyArgs> for verify::Request {
    fn from(args: VerifyArgs) -> Self {
        let LayoutArgs { layout, set, vars, inventory, allow_secrets: _ } = &args.layout;
        let is_given = layout.is_some() || !set.is_empty() || !vars.is_empty() || inventory.is_some();
        Self {
            image: args.image,
            signers: args.signers,
            layout: (is_given || args.rebuild).then(|| args.layout.into()),
            binary: args.binary,
            base: args.base,
            rebuild: args.rebuild,
            place: verify::Place { remote: args.remote, project: args.project },
            incus: args.incus,
            instances: args.instances,
            json: args.json,
        }
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

impl From<LayoutArgs> for layout::Request {
    fn from(args: LayoutArgs) -> Self {
        Self {
            file: args.layout,
            vars: args.vars,
            set: args.set,
            inventory: args.inventory,
            allow_secrets: args.allow_secrets,
            values: BTreeMap::new(),
        }
    }
}
