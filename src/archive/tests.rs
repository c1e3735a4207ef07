//! What the tests of this module share, and whole archives as GNU tar and the decoders of both codecs read them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Read as _, Write};
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;
use std::process::Command;

use sha2::Digest as _;

use super::{AppendError, Codec, Compression, Hashed, Segment, end};
use crate::rootfs::{Body, Digest, Entry, Kind, Metadata, Mode, Summary, TargetPath, Tree, Xattrs};

/// `cap_net_bind_service=ep` as `setcap` writes it: `struct vfs_cap_data` in Linux's `uapi/linux/capability.h`.
const CAPABILITY: &[u8] = b"\x01\0\0\x02\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

pub(super) fn compression(codec: Codec, level: i32, jobs: usize) -> Compression {
    Compression::new(codec, Some(level), NonZeroUsize::new(jobs).expect("jobs")).expect("a level")
}

pub(super) fn path(relative: impl AsRef<[u8]>) -> TargetPath {
    TargetPath::from_relative(relative.as_ref()).expect("a path")
}

pub(super) fn metadata(mode: u32, uid: u32, gid: u32) -> Metadata {
    Metadata { mode: Mode::from_bits(mode), uid, gid, mtime: 1_700_000_000, xattrs: Xattrs::new() }
}

/// Bytes that do not compress, the same every time: a xorshift generator.
pub(super) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

pub(super) fn append<W: Write>(
    segment: &mut Segment<'_, W>,
    path: &TargetPath,
    entry: Entry<Vec<u8>>,
) -> Result<Entry<Summary>, AppendError> {
    let mut content = Cursor::new(Vec::new());
    let reader = &mut content;
    let kind = entry.kind.map(move |bytes| {
        let size = bytes.len() as u64;
        *reader = Cursor::new(bytes);
        Body { size, reader }
    });
    segment.append(path, Entry { metadata: entry.metadata, kind })
}

/// The bytes of all frames.
pub(super) fn decompressed(codec: Codec, bytes: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    match codec {
        Codec::Zstd => zstd::stream::copy_decode(bytes, &mut tar).expect("zstd frames"),
        Codec::Gzip => {
            flate2::bufread::MultiGzDecoder::new(bytes).read_to_end(&mut tar).expect("gzip members");
        }
    }
    tar
}

/// Every header with its fields as they stand, the records of extended headers, and the sizes of contents.
pub(super) fn records(tar: &[u8]) -> String {
    let mut listing = String::new();
    let mut rest = tar;
    while let Some((record, after)) = rest.split_at_checked(512) {
        rest = after;
        if record.iter().all(|byte| *byte == 0) {
            listing.push_str("end\n");
            continue;
        }
        let header = tar::Header::from_byte_slice(record);
        let fields = header.as_ustar().expect("ustar");
        let sum = record.iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * u32::from(b' ')
            - fields.cksum.iter().map(|byte| u32::from(*byte)).sum::<u32>();
        assert_eq!(header.cksum().expect("a checksum"), sum, "{listing}");
        let empty = [&fields.uname[..], &fields.gname, &fields.dev_major, &fields.dev_minor, &fields.prefix];
        assert!(empty.concat().iter().all(|byte| *byte == 0), "{listing}");

        let numbers = [&fields.mode[..], &fields.uid, &fields.gid, &fields.size, &fields.mtime].map(text).join(" ");
        let (entry_type, name, link) = (text(&fields.typeflag), text(&fields.name), text(&fields.linkname));
        let arrow = if link.is_empty() { "" } else { " -> " };
        writeln!(listing, "{entry_type} {numbers} {name}{arrow}{link}").expect("a string");

        let size = usize::try_from(header.size().expect("a size")).expect("a small size");
        let (content, after) = rest.split_at(size.next_multiple_of(512));
        let (content, padding) = content.split_at(size);
        assert!(padding.iter().all(|byte| *byte == 0), "{listing}");
        if entry_type == "x" {
            content.split_inclusive(|byte| *byte == b'\n').for_each(|line| {
                writeln!(listing, "  {}", line.escape_ascii()).expect("a string");
            });
        }
        rest = after;
    }
    assert!(rest.is_empty(), "{listing}");
    listing
}

/// A field up to its NUL.
fn text(field: &[u8]) -> String {
    field.split(|byte| *byte == 0).next().unwrap_or_default().escape_ascii().to_string()
}

/// One line an entry.
fn listing(tree: &Tree<Vec<u8>>) -> String {
    let mut listing = String::new();
    for (path, Entry { metadata, kind }) in tree.iter() {
        let Metadata { mode, uid, gid, mtime, xattrs } = metadata;
        write!(listing, "{mode} {uid}:{gid} {mtime} {} {path}", kind.noun()).expect("a string");
        match kind {
            Kind::File(content) => write!(listing, " {}", Digest(sha2::Sha256::digest(content).into())),
            Kind::Symlink(target) => write!(listing, " -> {}", target.escape_ascii()),
            Kind::HardLink(target) => write!(listing, " = {target}"),
            Kind::Directory | Kind::Fifo => Ok(()),
        }
        .expect("a string");
        for (name, value) in xattrs {
            write!(listing, " {}={}", name.escape_ascii(), value.escape_ascii()).expect("a string");
        }
        listing.push('\n');
    }
    listing
}

/// Every kind of entry, with every property that an image keeps.
fn specimens() -> Tree<Vec<u8>> {
    let long_file = [[b'd'; 150], [b'f'; 150]].join(&b'/');
    let mut capable = metadata(0o755, 0, 0);
    capable.xattrs.insert(b"security.capability".to_vec(), CAPABILITY.to_vec());
    capable.xattrs.insert(b"user.a=b%c".to_vec(), b"line\n7 k=\0\xff".to_vec());
    capable.xattrs.insert(b"user.empty".to_vec(), Vec::new());
    let distant = Metadata { uid: 4_000_000_000, gid: 0o1000_0000, mtime: 1 << 33, ..metadata(0o640, 0, 0) };
    let file = |bytes: &[u8]| Kind::File(bytes.to_vec());
    [
        (path(""), metadata(0o755, 0, 0), Kind::Directory),
        (path("bin"), metadata(0o755, 0, 0), Kind::Directory),
        (path("bin/caps"), capable, file(b"\x7fELF")),
        (path("bin/su"), metadata(0o4755, 0, 5), file(b"su")),
        (path("bin/wall"), metadata(0o2755, 0, 5), file(b"wall")),
        (path("bin/write"), metadata(0o2755, 0, 5), Kind::HardLink(path("bin/wall"))),
        (path("bin/sh"), metadata(0o777, 0, 0), Kind::Symlink(b"../usr//bin/./dash".to_vec())),
        (path([b'd'; 150]), metadata(0o1777, 1, 2), Kind::Directory),
        (path(&long_file), metadata(0o600, 1, 2), file(b"")),
        (path("far"), distant, file(b"far")),
        (path("fifo"), metadata(0o620, 3, 4), Kind::Fifo),
        (path("hard"), metadata(0o600, 1, 2), Kind::HardLink(path(&long_file))),
        (path(b"latin-1 \xe9\x01"), metadata(0o644, 0, 0), file(b"short")),
        (path([b"latin-1 \xe9".as_slice(), &[b'x'; 120]].concat()), metadata(0o644, 0, 0), file(b"long")),
        (path("na\u{ef}ve"), metadata(0o644, 0, 0), file(b"short")),
        (path(["\u{ef}"; 90].concat()), metadata(0o644, 0, 0), file(b"long")),
        (path([b'n'; 91]), metadata(0o644, 1001, 1001), file(&noise(1025))),
        (path([b'n'; 255]), metadata(0o000, 1001, 1001), file(&noise(512))),
        (path("soft"), metadata(0o777, 6, 7), Kind::Symlink([b"/".as_slice(), &[b's'; 250]].concat())),
    ]
    .map(|(path, metadata, kind)| (path, Entry { metadata, kind }))
    .into_iter()
    .collect()
}

fn segment(compression: &Compression, prefix: &str, tree: &Tree<Vec<u8>>) -> Vec<u8> {
    let mut segment = Segment::new(Vec::new(), compression, prefix);
    for (path, entry) in tree.iter() {
        append(&mut segment, path, entry.clone()).expect("content in memory");
    }
    segment.finish().expect("a vector takes all")
}

/// What is in a directory. The first name of a file is the file, every later one a hard link.
fn read_back(root: &Path) -> Tree<Vec<u8>> {
    let mut first_names = BTreeMap::new();
    let mut tree = Tree::new();
    for found in walkdir::WalkDir::new(root).sort_by_file_name() {
        let found = found.expect("a readable tree");
        let path = path(found.path().strip_prefix(root).expect("below the root").as_os_str().as_bytes());
        let stat = fs::symlink_metadata(found.path()).expect("a readable tree");
        let kind = if stat.is_dir() {
            Kind::Directory
        } else if stat.is_symlink() {
            Kind::Symlink(fs::read_link(found.path()).expect("a link").into_os_string().into_encoded_bytes())
        } else if stat.file_type().is_fifo() {
            Kind::Fifo
        } else if let Some(first) = first_names.insert(stat.ino(), path.clone()) {
            Kind::HardLink(first)
        } else {
            Kind::File(fs::read(found.path()).expect("a readable file"))
        };
        let metadata = Metadata {
            mode: Mode::from_bits(stat.mode()),
            uid: stat.uid(),
            gid: stat.gid(),
            mtime: u64::try_from(stat.mtime()).expect("after 1970"),
            xattrs: xattr::list(found.path())
                .expect("extended attributes")
                .map(|name| {
                    let value = xattr::get(found.path(), &name).expect("extended attributes").expect("just listed");
                    (name.as_bytes().to_vec(), value)
                })
                .collect(),
        };
        tree.insert(path, Entry { metadata, kind });
    }
    tree
}

/// Unpacks as Incus does, which needs root: there are owners and capabilities to restore.
fn unpacked_by_gnu_tar(tar: &[u8], locale: &str, root: &str) -> Tree<Vec<u8>> {
    let scratch = tempfile::tempdir().expect("a directory");
    let (file, into) = (scratch.path().join("image.tar"), scratch.path().join("into"));
    fs::write(&file, tar).expect("a file");
    fs::create_dir(&into).expect("a directory");
    let output = Command::new("tar")
        .args(["--restrict", "--force-local", "--numeric-owner", "--xattrs-include=*", "--warning=no-timestamp", "-xf"])
        .args([&file, Path::new("-C"), &into])
        .env("LC_ALL", locale)
        .output()
        .expect("GNU tar");
    assert_eq!((output.status.success(), String::from_utf8_lossy(&output.stderr).as_ref()), (true, ""));
    read_back(&into.join(root))
}

#[test]
fn gnu_tar_restores_every_kind_of_entry_of_a_unified_image() {
    let compression = compression(Codec::Zstd, 9, 2);
    let image = [segment(&compression, "rootfs/", &specimens()), end(Vec::new(), &compression).unwrap()].concat();
    let tree = unpacked_by_gnu_tar(&decompressed(Codec::Zstd, &image), "C", "rootfs");
    assert_eq!(listing(&tree), listing(&specimens()));
}

#[test]
fn gnu_tar_restores_every_kind_of_entry_of_a_split_rootfs() {
    let compression = compression(Codec::Gzip, 9, 2);
    let image = [segment(&compression, "", &specimens()), end(Vec::new(), &compression).unwrap()].concat();
    let tree = unpacked_by_gnu_tar(&decompressed(Codec::Gzip, &image), "C.UTF-8", "");
    assert_eq!(listing(&tree), listing(&specimens()));
}

#[test]
fn segments_joined_are_one_archive() {
    let entry = |content: &[u8]| Entry { metadata: metadata(0o644, 0, 0), kind: Kind::File(content.to_vec()) };
    let one = Tree::from_iter([(path("one"), entry(b"1"))]);
    let two = Tree::from_iter([(path("two"), entry(b"22"))]);
    for codec in [Codec::Zstd, Codec::Gzip] {
        let compression = compression(codec, 1, 1);
        let joined = [
            segment(&compression, "", &one),
            segment(&compression, "", &Tree::new()),
            segment(&compression, "rootfs/", &two),
            end(Vec::new(), &compression).unwrap(),
        ];
        let expected = "\
            0 0000644 0000000 0000000 00000000001 14524770400 one\n\
            0 0000644 0000000 0000000 00000000002 14524770400 rootfs/two\n\
            end\n\
            end\n";
        assert_eq!(records(&decompressed(codec, &joined.concat())), expected);
        assert_eq!(joined[1], b"");
    }
}

/// The small image, header by header.
const SMALL_IMAGE: &str = "\
5 0000755 0000000 0000000 00000000000 14524770400 rootfs/
5 0000755 0000000 0000000 00000000000 14524770400 rootfs/etc/
0 0000644 0000000 0000000 00000000005 14524770400 rootfs/etc/hostname
x 0000644 0000000 0000000 00000000071 00000000000 PaxHeaders/rootfs/opt/api
  57 SCHILY.xattr.security.capability=\\x01\\x00\\x00\\x02\\x00\\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\n
0 0000755 0000000 0000000 00000007640 14524770400 rootfs/opt/api
1 0000755 0000000 0000000 00000000000 14524770400 rootfs/opt/api-again -> rootfs/opt/api
6 0002775 0001751 0001751 00000000000 14524770400 rootfs/run
2 0000777 0000000 0000000 00000000000 14524770400 rootfs/sbin -> usr/sbin
x 0000644 0000000 0000000 00000000204 00000000000 PaxHeaders/rootfs/vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv
  117 path=rootfs/vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv\\n
  15 uid=3000000\\n
0 0000600 0000000 0000000 00000000004 14524770400 rootfs/vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv
end
end
";

/// A change here is a change of the format: [`super::FORMAT_VERSION`] goes up, and every cached segment is made again.
#[test]
fn the_bytes_of_a_small_image_stay_as_they_are() {
    let mut capable = metadata(0o755, 0, 0);
    capable.xattrs.insert(b"security.capability".to_vec(), CAPABILITY.to_vec());
    let tree: Tree<Vec<u8>> = [
        (path(""), metadata(0o755, 0, 0), Kind::Directory),
        (path("etc"), metadata(0o755, 0, 0), Kind::Directory),
        (path("etc/hostname"), metadata(0o644, 0, 0), Kind::File(b"veza\n".to_vec())),
        (path("opt/api"), capable, Kind::File(b"\x7fELF".repeat(1000))),
        (path("opt/api-again"), metadata(0o755, 0, 0), Kind::HardLink(path("opt/api"))),
        (path("run"), metadata(0o2775, 1001, 1001), Kind::Fifo),
        (path("sbin"), metadata(0o777, 0, 0), Kind::Symlink(b"usr/sbin".to_vec())),
        (path([b'v'; 100]), metadata(0o600, 3_000_000, 0), Kind::File(b"long".to_vec())),
    ]
    .map(|(path, metadata, kind)| (path, Entry { metadata, kind }))
    .into_iter()
    .collect();
    for (codec, digest) in [
        (Codec::Zstd, "feefb66898bdd9e10e7e87bd47145b93f2da84b21052131e57d168361aa7a233"),
        (Codec::Gzip, "8344736328250b2ff270265e4a6cebc0c085bd80c2d8fe204a6986e6c8f6a3dc"),
    ] {
        let compression = compression(codec, codec.default_level(), 2);
        let image = [segment(&compression, "rootfs/", &tree), end(Vec::new(), &compression).unwrap()].concat();
        assert_eq!(records(&decompressed(codec, &image)), SMALL_IMAGE);
        let mut hashed = Hashed::new(Vec::new());
        hashed.write_all(&image).unwrap();
        assert_eq!(hashed.finish().1.sha256.to_string(), digest, "{}", codec.name());
    }
}
