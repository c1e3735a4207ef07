//! `vezaimg cache`: what the store holds, and giving room back.

use serde::Serialize;

use crate::Result;
use crate::store::{Amount, Pruned, Pruning, Store, Usage};
use crate::ui::{Bytes, Console};

/// What `vezaimg cache` is asked to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is to be removed; none to show what there is.
    pub pruning: Option<Pruning>,
    /// Print one JSON object.
    pub json: bool,
}

/// What there is, as `--json` prints it.
#[derive(Serialize)]
struct Shown {
    directory: String,
    #[serde(flatten)]
    usage: Usage,
}

/// What went, as `--json` prints it.
#[derive(Serialize)]
struct Freed {
    directory: String,
    dry_run: bool,
    removed: Usage,
    kept: Usage,
}

/// Shows what the store holds, or prunes it.
///
/// # Errors
/// The store cannot be used, or is in use when it is to be pruned.
pub fn run(request: &Request, console: &Console) -> Result<()> {
    let store = Store::open()?;
    match &request.pruning {
        None => show(&store, request.json, console),
        Some(pruning) => prune(&store, pruning, request.json, console),
    }
}

fn show(store: &Store, json: bool, console: &Console) -> Result<()> {
    let usage = store.usage()?;
    let directory = store.directory().display().to_string();
    if json {
        return console.json(&Shown { directory, usage });
    }
    let mut rows = vec![("objects", usage.objects), ("records", usage.records), ("partial downloads", usage.partial)];
    if usage.unknown.count > 0 {
        rows.push(("not the store's own", usage.unknown));
    }
    for (what, Amount { count, size }) in rows {
        console.result(&format!("{what:<19}  {count:>7}  {:>9}", Bytes(size).to_string()))?;
    }
    console.result(&directory)
}

fn prune(store: &Store, pruning: &Pruning, json: bool, console: &Console) -> Result<()> {
    let Pruned { removed, kept } = store.prune(pruning)?;
    if json {
        let directory = store.directory().display().to_string();
        return console.json(&Freed { directory, dry_run: pruning.dry_run, removed, kept });
    }
    let Usage { objects, records, partial, unknown: _ } = removed;
    let kinds = [(objects, "object"), (records, "record"), (partial, "partial download")];
    let size = kinds.iter().map(|(amount, _)| amount.size).sum();
    let counts = kinds.iter().filter(|(amount, _)| amount.count > 0).map(|(Amount { count, .. }, what)| {
        let plural = if *count == 1 { "" } else { "s" };
        format!("{count} {what}{plural}")
    });
    let counts: Vec<_> = counts.collect();
    let freed = if pruning.dry_run { "would free" } else { "freed" };
    if kept.unknown.count > 0 {
        console.detail("left", &format!("{} that the store did not make", files(kept.unknown.count)));
    }
    match counts.as_slice() {
        [] => console.result("nothing to free"),
        _ => console.result(&format!("{freed} {}: {}", Bytes(size), counts.join(", "))),
    }
}

fn files(count: u64) -> String {
    if count == 1 { "one file".to_owned() } else { format!("{count} files") }
}
