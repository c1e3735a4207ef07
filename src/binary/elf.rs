//! The outside of an ELF file: its header, segments and sections.
//!
//! The format is that of the System V ABI, chapters 4 and 5, and `elf(5)`. Segments are what the kernel and `ld.so` go
//! by, so they are checked; sections may be stripped or wrong in a program that runs, so they only ever add. Nothing
//! is read whose size is not bounded, here or by the caller.

use object::elf::{
    ELFCLASS64, ELFDATA2LSB, ELFMAG, ET_CORE, ET_DYN, ET_EXEC, ET_REL, FileHeader64, Machine, PF_W, PF_X, PT_INTERP,
    PT_LOAD, ProgramHeader64, ProgramType, SectionHeader64, SectionType,
};
use object::{LittleEndian as LE, Pod, ReadRef};

use super::Architecture;

/// Linux loads no program whose program headers take more (`load_elf_phdrs` in its `fs/binfmt_elf.c`).
const MOST_PROGRAM_HEADERS: u64 = 64 << 10;

/// What Linux takes as the interpreter's path, its NUL included (`PATH_MAX`).
const LONGEST_INTERPRETER: u64 = 4096;

/// Section names of a large program take some kilobytes.
const MOST_SECTION_NAMES: u64 = 1 << 20;

/// Why some bytes are not an ELF file that can be worked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// The first four bytes are not ELF's.
    NotElf,
    /// ELF of 32 bits.
    Bits32(Option<Architecture>),
    /// ELF of 64 bits, big-endian.
    BigEndian(Option<Architecture>),
    /// A relocatable object, `ET_REL`.
    Object,
    /// A core dump, `ET_CORE`.
    Core,
    /// A shared library: nothing that can be started.
    Library,
    /// A machine without a name in [`Architecture`].
    Machine(u16),
    /// The file ends before what its headers promise: bytes needed, bytes there.
    Truncated(u64, u64),
    /// Contradicts the format; the rest of a sentence that begins with the file.
    Corrupt(&'static str),
}

/// A 64-bit little-endian ELF file of a known machine whose segments lie inside the file.
pub(super) struct Elf<'a, R> {
    data: R,
    size: u64,
    header: &'a FileHeader64<LE>,
    segments: &'a [ProgramHeader64<LE>],
    /// The machine that it is for, by its number in ELF.
    pub(super) machine: u16,
    /// The machine that it is for.
    pub(super) architecture: Architecture,
}

impl<'a, R: ReadRef<'a>> Elf<'a, R> {
    /// Reads and checks the header and the segments.
    pub(super) fn parse(data: R) -> Result<Self, Flaw> {
        let size = data.len().map_err(|()| Flaw::Corrupt("cannot be read"))?;
        let architecture = identify(data, size)?;
        let header: &FileHeader64<LE> = data.read_at(0).map_err(|()| Flaw::Truncated(64, size))?;
        let machine = header.e_machine.get(LE).0;
        let architecture = architecture.ok_or(Flaw::Machine(machine))?;
        match header.e_type.get(LE) {
            ET_EXEC | ET_DYN => {}
            ET_REL => return Err(Flaw::Object),
            ET_CORE => return Err(Flaw::Core),
            _ => return Err(Flaw::Corrupt("has a file type that is neither program nor library")),
        }
        let segments = segments(data, size, header)?;
        let elf = Self { data, size, header, segments, machine, architecture };
        elf.check_ends()?;
        Ok(elf)
    }

    /// The file must hold all that is loaded, and its section headers, which linkers put last: that is how a download
    /// that stopped early is told from a whole program.
    fn check_ends(&self) -> Result<(), Flaw> {
        let sections = match self.header.e_shoff.get(LE) {
            0 => 0,
            offset => {
                let count = u64::from(self.header.e_shnum.get(LE));
                let length = count * u64::from(self.header.e_shentsize.get(LE));
                offset.checked_add(length).ok_or(Flaw::Corrupt("has section headers past the end of any file"))?
            }
        };
        let mut needed = sections;
        for segment in self.loaded() {
            let end = segment.p_offset.get(LE).checked_add(segment.p_filesz.get(LE));
            needed = needed.max(end.ok_or(Flaw::Corrupt("has a segment past the end of any file"))?);
        }
        if needed > self.size { Err(Flaw::Truncated(needed, self.size)) } else { Ok(()) }
    }

    /// Whether it is position-independent: a PIE, a static PIE or a shared library.
    pub(super) fn is_relocatable(&self) -> bool {
        self.header.e_type.get(LE) == ET_DYN
    }

    /// Whether the entry point lies in memory that is loaded.
    pub(super) fn has_entry(&self) -> bool {
        let entry = self.header.e_entry.get(LE);
        let holds = |segment: &ProgramHeader64<LE>| {
            entry.checked_sub(segment.p_vaddr.get(LE)).is_some_and(|into| into < segment.p_memsz.get(LE))
        };
        entry != 0 && self.loaded().any(holds)
    }

    /// The path in `PT_INTERP`, none for a static program.
    pub(super) fn interpreter(&self) -> Result<Option<String>, Flaw> {
        const FLAW: Flaw = Flaw::Corrupt("names its interpreter in a way that Linux refuses");
        let Some(segment) = self.segment(PT_INTERP) else { return Ok(None) };
        let bytes = self.bytes(segment.p_offset.get(LE), segment.p_filesz.get(LE), LONGEST_INTERPRETER).ok_or(FLAW)?;
        let path = bytes.strip_suffix(b"\0").and_then(text).ok_or(FLAW)?;
        if path.starts_with('/') { Ok(Some(path)) } else { Err(FLAW) }
    }

    /// The first segment of a type.
    pub(super) fn segment(&self, of: ProgramType) -> Option<&'a ProgramHeader64<LE>> {
        self.segments.iter().find(|segment| segment.p_type.get(LE) == of)
    }

    /// Where in the file the first writable segment without code lies, and how long it is.
    pub(super) fn data_segment(&self) -> Option<(u64, u64)> {
        let is_data = |segment: &&ProgramHeader64<LE>| {
            let flags = segment.p_flags.get(LE).0;
            flags & PF_W.0 != 0 && flags & PF_X.0 == 0
        };
        self.loaded().find(is_data).map(|segment| (segment.p_offset.get(LE), segment.p_filesz.get(LE)))
    }

    fn loaded(&self) -> impl Iterator<Item = &'a ProgramHeader64<LE>> + use<'a, R> {
        self.segments.iter().filter(|segment| segment.p_type.get(LE) == PT_LOAD)
    }

    /// Where in the file a virtual address is stored, and how many bytes of its segment follow in the file.
    pub(super) fn locate(&self, address: u64) -> Option<(u64, u64)> {
        self.loaded().find_map(|segment| {
            let into = address.checked_sub(segment.p_vaddr.get(LE))?;
            let left = segment.p_filesz.get(LE).checked_sub(into).filter(|left| *left > 0)?;
            Some((segment.p_offset.get(LE).checked_add(into)?, left))
        })
    }

    /// The file range of the first section that passes; none where sections are stripped or do not hold together.
    fn section(&self, wanted: impl Fn(&SectionHeader64<LE>) -> bool) -> Option<(u64, u64)> {
        let found = self.sections()?.iter().find(|section| wanted(section))?;
        Some((found.sh_offset.get(LE), found.sh_size.get(LE)))
    }

    fn sections(&self) -> Option<&'a [SectionHeader64<LE>]> {
        let count = self.header.e_shnum.get(LE);
        let sized = usize::from(self.header.e_shentsize.get(LE)) == size_of::<SectionHeader64<LE>>();
        let slice = || self.data.read_slice_at(self.header.e_shoff.get(LE), usize::from(count)).ok();
        (sized && count > 0).then(slice).flatten()
    }

    /// The file range of the first section of a type.
    pub(super) fn section_of_type(&self, of: SectionType) -> Option<(u64, u64)> {
        self.section(|section| section.sh_type.get(LE) == of)
    }

    /// The file range of the section of a name.
    pub(super) fn section_named(&self, name: &[u8]) -> Option<(u64, u64)> {
        let names = self.sections()?.get(usize::from(self.header.e_shstrndx.get(LE).0))?;
        let names = self.bytes(names.sh_offset.get(LE), names.sh_size.get(LE), MOST_SECTION_NAMES)?;
        self.section(|section| {
            let at = usize::try_from(section.sh_name.get(LE)).ok();
            let from_name = at.and_then(|at| names.get(at..)).and_then(|rest| rest.strip_prefix(name));
            from_name.is_some_and(|rest| rest.first() == Some(&0))
        })
    }

    /// `size` bytes at an offset in the file; none when they are not there or more than `most`.
    pub(super) fn bytes(&self, offset: u64, size: u64, most: u64) -> Option<&'a [u8]> {
        if size > most { None } else { self.data.read_bytes_at(offset, size).ok() }
    }

    /// The bytes from an offset up to a NUL; none when it does not come before `end` or within 4,096 bytes.
    pub(super) fn string(&self, offset: u64, end: u64) -> Option<&'a [u8]> {
        let end = end.min(offset.saturating_add(4096));
        if offset < end { self.data.read_bytes_at_until(offset..end, 0).ok() } else { None }
    }

    /// One record at an offset in the file.
    pub(super) fn record<T: Pod>(&self, offset: u64) -> Option<&'a T> {
        self.data.read_at(offset).ok()
    }

    /// `count` records at an offset in the file, of which the caller has bounded the number.
    pub(super) fn table<T: Pod>(&self, offset: u64, count: usize) -> Option<&'a [T]> {
        self.data.read_slice_at(offset, count).ok()
    }
}

/// Tells ELF of 64 bits in little endian from all else, by its first 20 bytes.
fn identify<'a, R: ReadRef<'a>>(data: R, size: u64) -> Result<Option<Architecture>, Flaw> {
    let head = data.read_bytes_at(0, size.min(20)).map_err(|()| Flaw::Corrupt("cannot be read"))?;
    if !head.starts_with(&ELFMAG) {
        return Err(Flaw::NotElf);
    }
    let Some(&[_, _, _, _, class, encoding, .., low, high]) = head.first_chunk::<20>() else {
        return Err(Flaw::Truncated(64, size));
    };
    let (is_64, is_little_endian) = (class == ELFCLASS64.0, encoding == ELFDATA2LSB.0);
    let machine = if is_little_endian { u16::from_le_bytes([low, high]) } else { u16::from_be_bytes([low, high]) };
    let architecture = Architecture::of_elf(Machine(machine), is_64, is_little_endian);
    match (is_64, is_little_endian) {
        (true, true) => Ok(architecture),
        (true, false) => Err(Flaw::BigEndian(architecture)),
        (false, _) => Err(Flaw::Bits32(architecture)),
    }
}

fn segments<'a, R: ReadRef<'a>>(
    data: R,
    size: u64,
    header: &FileHeader64<LE>,
) -> Result<&'a [ProgramHeader64<LE>], Flaw> {
    let count = header.e_phnum.get(LE);
    if count == 0 {
        return Err(Flaw::Corrupt("has no program headers"));
    }
    if usize::from(header.e_phentsize.get(LE)) != size_of::<ProgramHeader64<LE>>() {
        return Err(Flaw::Corrupt("has program headers of the wrong size"));
    }
    let length = u64::from(count) * u64::from(header.e_phentsize.get(LE));
    if length > MOST_PROGRAM_HEADERS {
        return Err(Flaw::Corrupt("has more program headers than Linux loads"));
    }
    let offset = header.e_phoff.get(LE);
    let end = offset.checked_add(length).ok_or(Flaw::Corrupt("has program headers past the end of any file"))?;
    data.read_slice_at(offset, usize::from(count)).map_err(|()| Flaw::Truncated(end, size))
}

/// Bytes that can stand in a message: UTF-8 without control characters, and not empty.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.is_empty() && !text.contains(char::is_control)).then(|| text.to_owned())
}
