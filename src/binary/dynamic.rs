//! The inside of a dynamic program or library: what it needs, where that is looked for, and symbol versions.
//!
//! Found through `PT_DYNAMIC` as `ld.so` does, not through section headers. Symbol versions are described in the Linux
//! Standard Base, "Symbol Versioning", and in Drepper's "ELF Symbol Versioning".

use std::collections::BTreeMap;

use object::elf::{
    DT_NEEDED, DT_NULL, DT_RPATH, DT_RUNPATH, DT_SONAME, DT_STRSZ, DT_STRTAB, DT_SYMTAB, DT_VERDEF, DT_VERDEFNUM,
    DT_VERNEED, DT_VERNEEDNUM, DT_VERSYM, Dyn64, DynamicTag, PT_DYNAMIC, SHT_DYNSYM, Sym64, VER_FLG_BASE, VER_FLG_WEAK,
    Verdaux, Verdef, Vernaux, Verneed, Versym,
};
use object::{LittleEndian as LE, Pod, ReadRef};

use super::elf::{Elf, Flaw, text};

/// A dynamic section has some thirty entries besides its libraries.
const MOST_ENTRIES: u64 = 4096;
/// The largest desktop programs need some two hundred libraries.
const MOST_LIBRARIES: usize = 1024;
/// `libstdc++.so.6` defines some sixty versions, the most of what Debian has.
const MOST_VERSIONS: usize = 1024;
/// Symbols that are looked through for one that asks for a version; imports stand first.
const MOST_SYMBOLS: u64 = 1 << 16;

const TOO_MANY_VERSIONS: Flaw = Flaw::Corrupt("has more than 1,024 symbol versions");
const NOT_COHERENT: Flaw = Flaw::Corrupt("has a table of symbol versions that does not hold together");

/// Records of a table with their offsets in the file.
type Records<'a, T> = Result<Vec<(u64, &'a T)>, Flaw>;

/// A version of symbols that a program asks a library for; `ld.so` does not start it without.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequiredVersion {
    /// The library's name, such as `libc.so.6`.
    pub library: String,
    /// The version's name, such as `GLIBC_2.34`.
    pub version: String,
    /// One symbol of the program that asks for it; none when the program's section headers are stripped, or when the
    /// version marks a feature of the linker, such as `GLIBC_ABI_DT_RELR`.
    pub symbol: Option<String>,
}

/// A dynamic section.
pub(super) struct Dynamic<'e, 'a, R> {
    elf: &'e Elf<'a, R>,
    entries: &'a [Dyn64<LE>],
    /// Where in the file the string table begins and ends.
    strings: (u64, u64),
}

impl<'e, 'a, R: ReadRef<'a>> Dynamic<'e, 'a, R> {
    /// The dynamic section of a file; none when it has none.
    pub(super) fn read(elf: &'e Elf<'a, R>) -> Result<Option<Self>, Flaw> {
        const FLAW: Flaw = Flaw::Corrupt("has a dynamic section that lies outside of it");
        let Some(segment) = elf.segment(PT_DYNAMIC) else { return Ok(None) };
        let count = segment.p_filesz.get(LE) / size_of::<Dyn64<LE>>() as u64;
        if count > MOST_ENTRIES {
            return Err(Flaw::Corrupt("has a dynamic section of more than 4,096 entries"));
        }
        let count = usize::try_from(count).map_err(|_| FLAW)?;
        let entries: &[Dyn64<LE>] = elf.table(segment.p_offset.get(LE), count).ok_or(FLAW)?;
        let length = entries.iter().position(|entry| entry.d_tag.get(LE) == DT_NULL).unwrap_or(count);
        let mut dynamic = Self { elf, entries: entries.get(..length).unwrap_or(entries), strings: (0, 0) };
        if let Some(address) = dynamic.value(DT_STRTAB) {
            let (start, left) = elf.locate(address).ok_or(Flaw::Corrupt("has no dynamic string table"))?;
            let size = dynamic.value(DT_STRSZ).unwrap_or(0).min(left);
            dynamic.strings = (start, start.saturating_add(size));
        }
        Ok(Some(dynamic))
    }

    fn values(&self, tag: DynamicTag) -> impl Iterator<Item = u64> + use<'a, R> {
        self.entries.iter().filter(move |entry| entry.d_tag.get(LE) == tag).map(|entry| entry.d_val.get(LE))
    }

    fn value(&self, tag: DynamicTag) -> Option<u64> {
        self.values(tag).next()
    }

    /// A name in the string table.
    fn name(&self, offset: u64) -> Result<String, Flaw> {
        let (start, end) = self.strings;
        let bytes = start.checked_add(offset).and_then(|at| self.elf.string(at, end));
        bytes.and_then(text).ok_or(Flaw::Corrupt("has a name that lies outside of its string table, or is not text"))
    }

    /// Whether it bears a name for others to need it by: a shared library does.
    pub(super) fn has_soname(&self) -> bool {
        self.value(DT_SONAME).is_some()
    }

    /// Whether it needs any library.
    pub(super) fn has_needed(&self) -> bool {
        self.value(DT_NEEDED).is_some()
    }

    /// The libraries that it needs, in order.
    pub(super) fn needed(&self) -> Result<Vec<String>, Flaw> {
        if self.values(DT_NEEDED).count() > MOST_LIBRARIES {
            return Err(Flaw::Corrupt("needs more than 1,024 libraries"));
        }
        self.values(DT_NEEDED).map(|offset| self.name(offset)).collect()
    }

    /// The entries of `DT_RPATH`.
    pub(super) fn rpath(&self) -> Result<Vec<String>, Flaw> {
        self.search_path(DT_RPATH)
    }

    /// The entries of `DT_RUNPATH`.
    pub(super) fn runpath(&self) -> Result<Vec<String>, Flaw> {
        self.search_path(DT_RUNPATH)
    }

    /// An empty path, as `patchelf --set-rpath ''` leaves it, has no entries.
    fn search_path(&self, tag: DynamicTag) -> Result<Vec<String>, Flaw> {
        let Some(offset) = self.value(tag) else { return Ok(Vec::new()) };
        let (start, end) = self.strings;
        if start.checked_add(offset).and_then(|at| self.elf.string(at, end)) == Some(b"") {
            return Ok(Vec::new());
        }
        let directories = self.name(offset)?;
        Ok(directories.split(':').filter(|entry| !entry.is_empty()).map(str::to_owned).collect())
    }

    /// The versions in `DT_VERNEED`, sorted; weak ones are left out, since `ld.so` does not insist on them.
    pub(super) fn required_versions(&self) -> Result<Vec<RequiredVersion>, Flaw> {
        let symbols = self.symbol_of_version().unwrap_or_default();
        let mut required = Vec::new();
        let mut seen = 0;
        let libraries = self.chain(DT_VERNEED, DT_VERNEEDNUM, |library: &Verneed<LE>| library.vn_next.get(LE))?;
        for (at, library) in libraries {
            let name = self.name(library.vn_file.get(LE).into())?;
            let first = at.checked_add(library.vn_aux.get(LE).into()).ok_or(NOT_COHERENT)?;
            let next = |version: &Vernaux<LE>| version.vna_next.get(LE);
            let versions = self.records(first, library.vn_cnt.get(LE).into(), next)?;
            seen += versions.len();
            if seen > MOST_VERSIONS {
                return Err(TOO_MANY_VERSIONS);
            }
            for (_, version) in versions {
                if version.vna_flags.get(LE).0 & VER_FLG_WEAK.0 != 0 {
                    continue;
                }
                let symbol = symbols.get(&version.vna_other(LE).index().0);
                required.push(RequiredVersion {
                    library: name.clone(),
                    version: self.name(version.vna_name.get(LE).into())?,
                    symbol: symbol.and_then(|name| self.name(u64::from(*name)).ok()),
                });
            }
        }
        required.sort();
        Ok(required)
    }

    /// Of each version's index the first symbol's name, as its place in the string table. Nothing but the section
    /// header of the symbols says how many there are.
    fn symbol_of_version(&self) -> Option<BTreeMap<u16, u32>> {
        let (_, size) = self.elf.section_of_type(SHT_DYNSYM)?;
        let count = usize::try_from((size / size_of::<Sym64<LE>>() as u64).min(MOST_SYMBOLS)).ok()?;
        let (symbols, _) = self.elf.locate(self.value(DT_SYMTAB)?)?;
        let (versions, _) = self.elf.locate(self.value(DT_VERSYM)?)?;
        let symbols: &[Sym64<LE>] = self.elf.table(symbols, count)?;
        let versions: &[Versym<LE>] = self.elf.table(versions, count)?;
        let mut names = BTreeMap::new();
        for (symbol, version) in symbols.iter().zip(versions) {
            names.entry(version.0.get(LE).index().0).or_insert(symbol.st_name.get(LE));
        }
        Some(names)
    }

    /// The versions in `DT_VERDEF`, in the library's order, without the one that bears the library's own name.
    pub(super) fn defined_versions(&self) -> Result<Vec<String>, Flaw> {
        let definitions = self.chain(DT_VERDEF, DT_VERDEFNUM, |definition: &Verdef<LE>| definition.vd_next.get(LE))?;
        let mut defined = Vec::new();
        for (at, definition) in definitions {
            if definition.vd_flags.get(LE).0 & VER_FLG_BASE.0 != 0 {
                continue;
            }
            let aux = at.checked_add(definition.vd_aux.get(LE).into()).ok_or(NOT_COHERENT)?;
            let name: &Verdaux<LE> = self.elf.record(aux).ok_or(NOT_COHERENT)?;
            defined.push(self.name(name.vda_name.get(LE).into())?);
        }
        Ok(defined)
    }

    /// The records of the table whose address and length stand under two tags.
    fn chain<T: Pod>(&self, start: DynamicTag, count: DynamicTag, next: fn(&T) -> u32) -> Records<'a, T> {
        let Some(address) = self.value(start) else { return Ok(Vec::new()) };
        let (at, _) = self.elf.locate(address).ok_or(NOT_COHERENT)?;
        self.records(at, self.value(count).unwrap_or(0), next)
    }

    /// At most `count` records, each of which says how many bytes on the next stands, and the last 0; with their
    /// offsets in the file.
    fn records<T: Pod>(&self, mut at: u64, count: u64, next: fn(&T) -> u32) -> Records<'a, T> {
        let mut records = Vec::new();
        for _ in 0..count {
            if records.len() == MOST_VERSIONS {
                return Err(TOO_MANY_VERSIONS);
            }
            let record: &T = self.elf.record(at).ok_or(NOT_COHERENT)?;
            records.push((at, record));
            match next(record) {
                0 => break,
                step => at = at.checked_add(step.into()).ok_or(NOT_COHERENT)?,
            }
        }
        Ok(records)
    }
}
