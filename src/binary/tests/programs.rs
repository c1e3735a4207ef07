//! What programs are found to be.

use std::fs;

use sha2::{Digest as _, Sha256};

use super::fixtures::{Workshop, host, patched, small_static, without_sections};
use crate::binary::{Architecture, Binary, RequiredVersion, read};
use crate::rootfs::Digest;

fn required(version: &str, symbol: Option<&str>) -> RequiredVersion {
    RequiredVersion {
        library: "libdemo.so.1".to_owned(),
        version: version.to_owned(),
        symbol: symbol.map(str::to_owned),
    }
}

#[test]
fn a_dynamic_program_is_described() {
    let workshop = Workshop::new();
    let path = workshop.program("-Wl,--enable-new-dtags,-rpath,$ORIGIN/../lib:/opt/demo");
    let content = fs::read(&path).unwrap();
    let expected = Binary {
        path: path.clone(),
        size: content.len() as u64,
        sha256: Digest(Sha256::digest(&content).into()),
        architecture: host(),
        interpreter: Some("/lib/ld-demo.so.1".to_owned()),
        needed: vec!["libdemo.so.1".to_owned()],
        rpath: vec![],
        runpath: vec!["$ORIGIN/../lib".to_owned(), "/opt/demo".to_owned()],
        versions: vec![required("DEMO_1.0", Some("demo_old")), required("DEMO_1.2", Some("demo_new"))],
        go: None,
        secrets: vec![],
    };
    assert_eq!(read(&path).unwrap(), expected);
}

#[test]
fn an_old_style_search_path_is_kept_apart() {
    let binary = Workshop::new().read_program("-Wl,--disable-new-dtags,-rpath,/opt/demo");
    assert_eq!((binary.rpath, binary.runpath), (vec!["/opt/demo".to_owned()], vec![]));
}

#[test]
fn without_section_headers_only_the_symbols_are_unknown() {
    let workshop = Workshop::new();
    let whole = read(&workshop.program("-s")).unwrap();
    let path = workshop.write("app", without_sections(fs::read(workshop.path("app")).unwrap()));
    let stripped = read(&path).unwrap();
    let versions = vec![required("DEMO_1.0", None), required("DEMO_1.2", None)];
    assert_eq!(stripped, Binary { sha256: stripped.sha256, versions, ..whole });
}

/// The hash of a version's name by which its record is found (System V ABI, chapter 5).
fn elf_hash(name: &str) -> u32 {
    name.bytes().fold(0, |hash, byte| {
        let hash = (hash << 4) + u32::from(byte);
        let high = hash & 0xf000_0000;
        (hash ^ (high >> 24)) & !high
    })
}

#[test]
fn a_version_that_is_asked_for_weakly_is_not_required() {
    let workshop = Workshop::new();
    let program = fs::read(workshop.program("")).unwrap();
    let hash = elf_hash("DEMO_1.2").to_le_bytes();
    let record = program.windows(4).position(|window| window == hash).unwrap();
    let path = workshop.write("weak", patched(program, record + 4, &[2, 0]));
    assert_eq!(read(&path).unwrap().versions, [required("DEMO_1.0", Some("demo_old"))]);
}

#[test]
fn static_programs_need_nothing() {
    let workshop = Workshop::new();
    let fixed = workshop.write("fixed", small_static(&workshop));
    let relocatable = workshop.compile("pie", "void start(void) { for (;;); }", "-static-pie -fPIE");
    for path in [fixed, relocatable] {
        let binary = read(&path).unwrap();
        assert!(binary.is_static());
        assert_eq!((binary.needed, binary.versions), (vec![], vec![]));
    }
}

#[test]
fn this_test_is_a_program_that_needs_the_c_library() {
    let path = std::env::current_exe().unwrap();
    let binary = read(&path).unwrap();
    assert_eq!(binary.architecture, host());
    assert_eq!(binary.size, fs::metadata(&path).unwrap().len());
    assert!(binary.needed.contains(&"libc.so.6".to_owned()), "{:?}", binary.needed);
    let of_libc = |required: &&RequiredVersion| required.library == "libc.so.6";
    assert!(binary.versions.iter().filter(of_libc).all(|required| required.version.starts_with("GLIBC_")));
    assert!(binary.versions.iter().any(|required| required.symbol.is_some()));
}

#[test]
fn architectures_bear_the_names_of_the_kernel() {
    let names = ["x86_64", "aarch64", "armv7l", "riscv64", "ppc64le", "s390x", "i686"];
    assert_eq!(Architecture::ALL.map(Architecture::as_str), names);
    assert_eq!(names.map(Architecture::parse), Architecture::ALL.map(Some));
    assert_eq!(Architecture::parse("amd64"), None);
}
