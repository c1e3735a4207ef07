//! What keeps a program from starting on a base.

use std::fs;

use super::fixtures::{Base, Workshop, host, target};
use crate::binary::{Architecture, BaseView, Binary, GoBuildInfo, read};
use crate::diagnostic::Severity;
use crate::rootfs::TargetPath;

const STATIC: &str =
    "build it static (Go: `CGO_ENABLED=0`; Rust: `RUSTFLAGS=\"-C target-feature=+crt-static\"`; C: `-static`)";

/// Errors and warnings as they read, of a program in `/opt/demo`.
fn faults(binary: &Binary, base: &dyn BaseView) -> Vec<String> {
    let faults = binary.check(host(), &target("/opt/demo"), base);
    let shown = |severity: Severity| if severity == Severity::Error { "error" } else { "warning" };
    faults.iter().map(|fault| format!("{}: {fault}", shown(fault.severity))).collect()
}

fn with_interpreter() -> Base {
    Base::default().file("/lib/ld-demo.so.1", "")
}

#[test]
fn a_library_is_found_where_the_dynamic_linker_looks() {
    let workshop = Workshop::new();
    let binary = workshop.read_program("");
    let library = fs::read(workshop.library(2)).unwrap();
    let multiarch = host().multiarch();
    let directories = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"].map(str::to_owned);
    let multiarch = ["/lib", "/usr/lib"].map(|root| format!("{root}/{multiarch}"));
    for directory in multiarch.iter().chain(&directories) {
        let base = with_interpreter()
            .link(&format!("{directory}/libdemo.so.1"), "libdemo.so.1.2.3")
            .file(&format!("{directory}/libdemo.so.1.2.3"), library.clone());
        assert_eq!(faults(&binary, &base), Vec::<String>::new(), "{directory}");
    }
    let elsewhere = with_interpreter().file("/opt/demo/libdemo.so.1", library);
    assert_eq!(faults(&binary, &elsewhere).len(), 1);
}

#[test]
fn a_search_path_comes_before_the_standard_directories() {
    let workshop = Workshop::new();
    let (old, new) = (fs::read(workshop.library(1)).unwrap(), fs::read(workshop.library(2)).unwrap());
    let base = with_interpreter().file("/usr/lib/libdemo.so.1", old).file("/opt/lib/libdemo.so.1", new);
    for entry in ["$ORIGIN/../lib", "${ORIGIN}/../lib", "relative:$LIB/x:/opt//lib/", "/opt/lib"] {
        let runpath = entry.split(':').map(str::to_owned).collect();
        let binary = Binary { runpath, ..workshop.read_program("") };
        assert_eq!(faults(&binary, &base), Vec::<String>::new(), "{entry}");
    }
    let passed_over =
        Binary { rpath: vec!["/opt/lib".to_owned()], runpath: vec!["/srv".to_owned()], ..workshop.read_program("") };
    assert_eq!(faults(&passed_over, &base).len(), 1);
    let origin_is_a_whole_name = Binary { runpath: vec!["$ORIGINAL/../lib".to_owned()], ..passed_over };
    assert_eq!(faults(&origin_is_a_whole_name, &base).len(), 1);
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let binary = Workshop::new().read_program("");
    assert_eq!(
        faults(&binary, &Base::default()),
        [
            format!(
                "error: `bin/app` needs the interpreter `/lib/ld-demo.so.1`, which is not in the base\n\
                 hint: install the C library that it was linked against in the base, or {STATIC}"
            ),
            format!(
                "error: `bin/app` needs `libdemo.so.1`, which is in none of the base's library directories\n\
                 hint: install the package that holds it in the base, or {STATIC}"
            ),
        ]
    );
}

#[test]
fn a_symbol_version_newer_than_the_base() {
    let workshop = Workshop::new();
    let binary = workshop.read_program("");
    let base = with_interpreter().file("/usr/lib/libdemo.so.1", fs::read(workshop.library(1)).unwrap());
    assert_eq!(
        faults(&binary, &base),
        [format!(
            "error: `bin/app` needs `DEMO_1.2` of `libdemo.so.1` (for the symbol `demo_new`), \
             and the newest that the base has is `DEMO_1.0`\n\
             hint: build it on the base's own release, or {STATIC}"
        )]
    );
}

#[test]
fn a_symbol_version_that_the_base_never_had() {
    let workshop = Workshop::new();
    let mut binary = workshop.read_program("");
    binary.versions[1].version = "DEMO_PRIVATE".to_owned();
    binary.versions[1].symbol = None;
    let base = with_interpreter().file("/usr/lib/libdemo.so.1", fs::read(workshop.library(2)).unwrap());
    assert_eq!(
        faults(&binary, &base),
        [format!(
            "error: `bin/app` needs `DEMO_PRIVATE` of `libdemo.so.1`, which the base's does not define\n\
             hint: build it on the base's own release, or {STATIC}"
        )]
    );
}

#[test]
fn versions_are_compared_as_numbers() {
    let workshop = Workshop::new();
    workshop
        .write("demo.map", "DEMO_1.9 { global: a; };\nDEMO_1.10 { global: b; } DEMO_1.9;\nOTHER_7 { global: c; };\n");
    let source = "void a(void) {} void b(void) {} void c(void) {}";
    let library = workshop.compile("lib.so", source, "-shared -fPIC -Wl,--version-script,demo.map");
    let base = with_interpreter().file("/lib/libdemo.so.1", fs::read(library).unwrap());
    let mut binary = workshop.read_program("");
    binary.versions.truncate(1);
    binary.versions[0].version = "DEMO_1.11".to_owned();
    assert_eq!(
        faults(&binary, &base),
        [format!(
            "error: `bin/app` needs `DEMO_1.11` of `libdemo.so.1` (for the symbol `demo_old`), \
             and the newest that the base has is `DEMO_1.10`\n\
             hint: build it on the base's own release, or {STATIC}"
        )]
    );
}

#[test]
fn a_library_without_versions_takes_any() {
    let workshop = Workshop::new();
    let binary = workshop.read_program("");
    let source = "void demo_old(void) {} void demo_new(void) {}";
    let library = workshop.compile("plain.so", source, "-shared -fPIC");
    let base = with_interpreter().file("/lib/libdemo.so.1", fs::read(library).unwrap());
    assert_eq!(faults(&binary, &base), Vec::<String>::new());
}

#[test]
fn a_library_for_another_machine_is_passed_over() {
    let workshop = Workshop::new();
    let binary = workshop.read_program("");
    let library = fs::read(workshop.library(2)).unwrap();
    let mut foreign = library.clone();
    foreign[18..20].copy_from_slice(&if host() == Architecture::Aarch64 { [62, 0] } else { [183, 0] });
    let both = with_interpreter().file("/lib64/libdemo.so.1", foreign.clone()).file("/usr/lib/libdemo.so.1", library);
    assert_eq!(faults(&binary, &both), Vec::<String>::new());
    let only = with_interpreter().file("/lib64/libdemo.so.1", foreign);
    assert_eq!(
        faults(&binary, &only),
        [format!(
            "error: `bin/app` needs `libdemo.so.1`, which is in none of the base's library directories\n\
             hint: install the package that holds it in the base, or {STATIC}"
        )]
    );
}

#[test]
fn a_broken_library_of_the_base() {
    let workshop = Workshop::new();
    let binary = workshop.read_program("");
    let library = fs::read(workshop.library(2)).unwrap();
    let half = library[..library.len() / 2].to_vec();
    for (content, what) in [(half, "is truncated"), (b"INPUT(libdemo.so.2)".to_vec(), "is not a shared library")] {
        let base = with_interpreter().file("/usr/lib/libdemo.so.1", content);
        assert_eq!(
            faults(&binary, &base),
            [format!(
                "error: `bin/app` needs `libdemo.so.1`, and the base's `/usr/lib/libdemo.so.1` {what}\n\
                 hint: make the base again, or take another"
            )]
        );
    }
}

#[test]
fn a_library_that_was_not_read_is_a_warning() {
    let binary = Workshop::new().read_program("");
    assert_eq!(
        faults(&binary, &with_interpreter().unread("/usr/lib/libdemo.so.1")),
        ["warning: the symbol versions that `bin/app` asks of `libdemo.so.1` are unchecked: \
          `/usr/lib/libdemo.so.1` was not read\n\
          hint: start one instance of the image before a rollout"]
    );
    let without_versions = Binary { versions: vec![], ..binary };
    assert_eq!(faults(&without_versions, &with_interpreter().unread("/usr/lib/libdemo.so.1")), Vec::<String>::new());
}

#[test]
fn another_architecture_is_the_only_fault() {
    let mut binary = Workshop::new().read_program("");
    binary.architecture = Architecture::Riscv64;
    let image = Architecture::X86_64;
    let hint = "or set `architecture = \"riscv64\"` under `[image]` in the layout";
    let built = "`bin/app` is built for `riscv64`, and the image is for `x86_64`";
    let shown = |binary: &Binary| {
        let faults = binary.check(image, &target("/opt/demo"), &Base::default());
        faults.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(shown(&binary), [format!("{built}\nhint: build it for `x86_64`, {hint}")]);
    binary.go = Some(GoBuildInfo::default());
    assert_eq!(shown(&binary), [format!("{built}\nhint: build it with `GOARCH=amd64`, {hint}")]);
}

#[test]
fn a_musl_program_on_a_glibc_base() {
    let mut binary = Workshop::new().read_program("-Wl,--dynamic-linker,/lib/ld-musl-x86_64.so.1");
    binary.needed.push("libc.so".to_owned());
    let fault = "error: `bin/app` needs the interpreter `/lib/ld-musl-x86_64.so.1`, which is not in the base\n\
                 hint: it is linked against musl, which a glibc base such as Debian does not have:";
    assert_eq!(faults(&binary, &with_interpreter()), [format!("{fault} {STATIC}")]);
    binary.go = Some(GoBuildInfo::default());
    assert_eq!(faults(&binary, &with_interpreter()), [format!("{fault} build it static with `CGO_ENABLED=0`")]);
}

#[test]
fn a_position_independent_go_program_without_its_interpreter() {
    let mut binary = Workshop::new().read_program("");
    let settings = [("CGO_ENABLED".to_owned(), "0".to_owned())].into();
    binary.go = Some(GoBuildInfo { settings, ..GoBuildInfo::default() });
    binary.needed = vec![];
    assert_eq!(
        faults(&binary, &Base::default()),
        ["error: `bin/app` needs the interpreter `/lib/ld-demo.so.1`, which is not in the base\n\
          hint: install the C library that it was linked against in the base, \
          or build it static with `-buildmode=exe`"]
    );
}

#[test]
fn a_musl_program_on_a_musl_base() {
    let workshop = Workshop::new();
    let mut binary = workshop.read_program("-Wl,--dynamic-linker,/lib/ld-musl-x86_64.so.1");
    binary.needed.push("libc.musl-x86_64.so.1".to_owned());
    // musl looks up neither versions nor its own libraries, and looks into /usr/local/lib.
    let base = Base::default()
        .file("/lib/ld-musl-x86_64.so.1", "")
        .file("/usr/local/lib/libdemo.so.1", fs::read(workshop.library(1)).unwrap());
    assert_eq!(faults(&binary, &base), Vec::<String>::new());
}

#[test]
fn the_content_of_needed_libraries_is_wanted() {
    let workshop = Workshop::new();
    let mut binary = workshop.read_program("");
    binary.needed = ["libc.so.6", "libssl.so.3", "ld-linux-x86-64.so.2"].map(str::to_owned).to_vec();
    let wanted = |binary: &Binary, paths: &[&str]| -> Vec<bool> {
        paths.iter().map(|path| binary.wants(&target(path))).collect()
    };
    let yes = [
        "/lib/x86_64-linux-gnu/libc.so.6",
        "/usr/lib/x86_64-linux-gnu/libc-2.31.so",
        "/usr/lib/x86_64-linux-gnu/libssl.so.3.0.11",
        "/usr/lib64/ld-2.31.so",
        "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        "/usr/lib/libdemo.so.1",
    ];
    assert_eq!(wanted(&binary, &yes), [true; 6]);
    let no = [
        "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
        "/usr/lib/x86_64-linux-gnu/libc.a",
        "/usr/share/doc/libc.so.6",
        "/usr/libexec/libc.so.6",
        "/libc.so.6",
        "/usr/lib/x86_64-linux-gnu/libc_malloc_debug.so.0",
    ];
    assert_eq!(wanted(&binary, &no), [false; 6]);
    binary.runpath = vec!["/srv/lib".to_owned()];
    assert!(binary.wants(&target("/srv/lib/libssl.so.3")));
    assert!(!binary.wants(&target("/srv/lib/libcrypto.so.3")));
    binary.interpreter = None;
    assert_eq!(wanted(&binary, &yes), [false; 6]);
}

/// The machine that the tests run on.
struct ThisMachine;

impl BaseView for ThisMachine {
    fn resolve(&self, path: &TargetPath) -> Option<TargetPath> {
        let real = fs::canonicalize(path.to_string()).ok()?;
        real.is_file().then(|| target(real.to_str().unwrap()))
    }

    fn content(&self, path: &TargetPath) -> Option<&[u8]> {
        Some(fs::read(path.to_string()).ok()?.leak())
    }
}

#[test]
fn this_test_can_run_where_it_runs() {
    let path = std::env::current_exe().unwrap();
    let mut binary = read(&path).unwrap();
    assert_eq!(faults(&binary, &ThisMachine), Vec::<String>::new());

    binary.path = "bin/app".into();
    let of_libc = binary.versions.iter().position(|required| required.library == "libc.so.6").unwrap();
    binary.versions[of_libc].version = "GLIBC_99.1".to_owned();
    let found = faults(&binary, &ThisMachine);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("needs `GLIBC_99.1` of `libc.so.6` (for the symbol `"), "{found:?}");
    assert!(found[0].contains("and the newest that the base has is `GLIBC_2."), "{found:?}");
}
