//! Programs and libraries from the C compiler, the ELF file that has no more than Go build info, and bases of a few
//! files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::binary::{Architecture, BaseView, Binary, read};
use crate::rootfs::{Entry, Kind, Metadata, Mode, Resolved, TargetPath, Tree};

/// A directory with a C compiler.
pub(super) struct Workshop {
    directory: TempDir,
}

impl Workshop {
    pub(super) fn new() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Compiles C source without the C library, with arguments split at spaces.
    pub(super) fn compile(&self, name: &str, source: &str, arguments: &str) -> PathBuf {
        let source = self.write(&format!("{name}.c"), source);
        let gcc = Command::new("gcc")
            .current_dir(self.directory.path())
            .args(["-O1", "-fno-stack-protector", "-nostdlib", "-Wl,-e,start", "-o", name])
            .arg(source)
            .args(arguments.split_whitespace())
            .output()
            .unwrap();
        assert!(gcc.status.success(), "{}", String::from_utf8_lossy(&gcc.stderr));
        self.path(name)
    }

    /// `libdemo.so.1` in the release 1 or 2: both define `demo_old` at `DEMO_1.0`, the second `demo_new` at `DEMO_1.2`.
    pub(super) fn library(&self, release: u32) -> PathBuf {
        let newer = if release == 2 { "DEMO_1.2 { global: demo_new; } DEMO_1.0;\n" } else { "" };
        self.write("demo.map", format!("DEMO_1.0 {{ global: demo_old; local: *; }};\n{newer}"));
        let newer = if release == 2 { "void demo_new(void) {}" } else { "" };
        let source = format!("void demo_old(void) {{}} {newer}");
        self.compile("libdemo.so", &source, "-shared -fPIC -Wl,-soname,libdemo.so.1 -Wl,--version-script,demo.map")
    }

    /// `app`, which needs `libdemo.so.1` of the release 2 and is started by `/lib/ld-demo.so.1`.
    pub(super) fn program(&self, arguments: &str) -> PathBuf {
        self.library(2);
        let source = "void demo_old(void); void demo_new(void); void start(void) { demo_old(); demo_new(); for (;;); }";
        let dynamic = "-fPIE -pie -Wl,--dynamic-linker,/lib/ld-demo.so.1 -L. -ldemo";
        self.compile("app", source, &format!("{dynamic} {arguments}"))
    }

    /// The program, under a path that reads well in messages.
    pub(super) fn read_program(&self, arguments: &str) -> Binary {
        Binary { path: "bin/app".into(), ..read(&self.program(arguments)).unwrap() }
    }

    /// The error that reading a file gives, with the directory left out.
    pub(super) fn refusal(&self, path: &Path) -> String {
        let error = read(path).unwrap_err();
        assert_eq!(error.class(), crate::error::Class::Invalid);
        error.to_string().replace(&format!("{}/", self.directory.path().display()), "")
    }

    pub(super) fn refusal_of(&self, content: impl AsRef<[u8]>) -> String {
        self.refusal(&self.write("app", content))
    }
}

/// A static program.
pub(super) fn small_static(workshop: &Workshop) -> Vec<u8> {
    fs::read(workshop.compile("static", "void start(void) { for (;;); }", "-static -no-pie")).unwrap()
}

/// The same bytes with some of them replaced.
pub(super) fn patched(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

/// The same program without section headers, as `sstrip` leaves it.
pub(super) fn without_sections(bytes: Vec<u8>) -> Vec<u8> {
    patched(patched(bytes, 0x28, &[0; 8]), 0x3c, &[0; 4])
}

/// Where the data of [`elf_with_data`] lies, and from where it is mapped.
pub(super) const DATA: usize = 128;
pub(super) const MAPPED: u64 = 0x40_0000;

/// An ELF program for `x86_64` that is one writable segment with this data, and perhaps the section `.go.buildinfo`.
pub(super) fn elf_with_data(data: &[u8], with_section: bool) -> Vec<u8> {
    let names = b"\0.go.buildinfo\0";
    let data_at = DATA as u64;
    let names_at = data_at + data.len() as u64;
    let sections_at = names_at + names.len() as u64;
    let mut elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
    let section_table = if with_section { sections_at } else { 0 };
    for word in [MAPPED + data_at, 64, section_table] {
        elf.extend(word.to_le_bytes());
    }
    let count = if with_section { 3 } else { 0 };
    for half in [0_u16, 0, 64, 56, 1, 64, count, 2] {
        elf.extend(half.to_le_bytes());
    }
    elf.extend([1, 0, 0, 0, 6, 0, 0, 0]);
    for word in [0, MAPPED, MAPPED, sections_at, sections_at, 0x1000] {
        elf.extend(word.to_le_bytes());
    }
    elf.resize(DATA, 0);
    elf.extend(data);
    elf.extend(names);
    if with_section {
        elf.extend([0; 64]);
        elf.extend(section(1, 1, data_at, data.len() as u64));
        elf.extend(section(0, 3, names_at, names.len() as u64));
    }
    elf
}

fn section(name: u32, kind: u32, offset: u64, size: u64) -> Vec<u8> {
    let mut header = [name.to_le_bytes(), kind.to_le_bytes()].concat();
    for word in [0, 0, offset, size, 0, 1, 0] {
        header.extend(u64::to_le_bytes(word));
    }
    header
}

pub(super) fn host() -> Architecture {
    Architecture::parse(std::env::consts::ARCH).unwrap()
}

pub(super) fn target(path: &str) -> TargetPath {
    TargetPath::parse(path).unwrap()
}

/// A base of a few files.
#[derive(Default)]
pub(super) struct Base(Tree<Option<Vec<u8>>>);

impl Base {
    /// With a file whose content is kept.
    pub(super) fn file(self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.with(path, Kind::File(Some(content.into())))
    }

    /// With a file whose content is not kept.
    pub(super) fn unread(self, path: &str) -> Self {
        self.with(path, Kind::File(None))
    }

    pub(super) fn link(self, path: &str, to: &str) -> Self {
        self.with(path, Kind::Symlink(to.into()))
    }

    fn with(mut self, path: &str, kind: Kind<Option<Vec<u8>>>) -> Self {
        let path = target(path);
        for above in path.ancestors().filter(|above| !above.is_root()) {
            self.0.insert(above, entry(Kind::Directory));
        }
        self.0.insert(path, entry(kind));
        self
    }
}

fn entry(kind: Kind<Option<Vec<u8>>>) -> Entry<Option<Vec<u8>>> {
    let metadata = Metadata { mode: Mode::from_bits(0o755), uid: 0, gid: 0, mtime: 0, xattrs: Default::default() };
    Entry { metadata, kind }
}

impl BaseView for Base {
    fn resolve(&self, path: &TargetPath) -> Option<TargetPath> {
        match self.0.resolve(path) {
            Resolved::Entry(path, Entry { kind: Kind::File(_), .. }) => Some(path),
            _ => None,
        }
    }

    fn content(&self, path: &TargetPath) -> Option<&[u8]> {
        match &self.0.get(path)?.kind {
            Kind::File(content) => content.as_deref(),
            _ => None,
        }
    }
}
