//! Sparse files written by hand; those of GNU tar are among the tests of whole bases.

use crate::base::tarball::tests::{lists, refuses};
use crate::base::tests::fixture::Tar;

#[test]
fn sparse_maps_that_contradict_themselves_are_refused() {
    lists(
        &Tar::new().sparse("2,3,9,0", "9", b"abc"),
        "-0644 0:0 @1 /real/name \"\\x00\\x00abc\\x00\\x00\\x00\\x00\"\n",
    );
    let refusal = "`real/name` in `by-hand.tar` has a sparse map that contradicts itself";
    for (map, size) in [
        ("2,3", "4"),                                       // beyond the end
        ("0,2", "9"),                                       // less than the archive holds
        ("0,4", "9"),                                       // more
        ("4,1,0,2", "9"),                                   // out of order
        ("0,2,1,1", "9"),                                   // overlapping
        ("0,1,4,2", "9"),                                   // not aligned
        ("18446744073709551615,3", "18446744073709551615"), // past all numbers
    ] {
        refuses(&Tar::new().sparse(map, size, b"abc"), refusal);
    }
    let length = "`real/name` in `by-hand.tar` has a sparse map that is not as long as it says";
    refuses(&Tar::new().sparse("0,3,4", "9", b"abc"), length);
    refuses(
        &Tar::new().sparse("0,x", "9", b"abc"),
        "`GNUSparseFile.0/name` in `by-hand.tar` has a sparse map that is not a list of numbers",
    );
}

#[test]
fn a_map_at_the_front_of_the_content_is_read_with_bounds() {
    let block = |text: &[u8]| [text, &vec![0; 512 - text.len()]].concat();
    lists(
        &Tar::new().leading_sparse(&block(b"1\n2\n3\n"), b"abc"),
        "-0644 0:0 @1 /x \"\\x00\\x00abc\\x00\"\n-0644 0:0 @1 /next \"\"\n",
    );
    lists(
        &Tar::new().leading_sparse(&block(b"0\n"), b""),
        "-0644 0:0 @1 /x \"\\x00\\x00\\x00\\x00\\x00\\x00\"\n-0644 0:0 @1 /next \"\"\n",
    );
    let number = "`x` in `by-hand.tar` has a sparse map with something that is not a number";
    refuses(&Tar::new().leading_sparse(b"", b""), number);
    refuses(&Tar::new().leading_sparse(&block(b"x\n"), b""), number);
    refuses(&Tar::new().leading_sparse(&[b'1'; 512], b""), number);
    refuses(&Tar::new().leading_sparse(&block(b"99999999\n0\n0\n"), b""), number);
    refuses(
        &Tar::new().leading_sparse(b"0\n", b""),
        "`x` in `by-hand.tar` has a sparse map that is not filled up to a whole block",
    );
    let many = [b"1048577\n".as_slice(), &b"0\n0\n".repeat(1_048_577)].concat();
    refuses(
        &Tar::new().leading_sparse(&many, b""),
        "`x` in `by-hand.tar` has a sparse map of more than 1048576 extents",
    );
}

#[test]
fn an_unknown_form_of_sparse_file_is_refused() {
    let with = |records: &[(&str, &[u8])]| Tar::new().pax(b'x', records).file("x", b"");
    refuses(
        &with(&[("GNU.sparse.major", b"2"), ("GNU.sparse.minor", b"0")]),
        "`x` in `by-hand.tar` has a sparse map of the unknown form 2.0",
    );
    refuses(&with(&[("GNU.sparse.new", b"1")]), "`x` in `by-hand.tar` has an unknown pax record `GNU.sparse.new`");
    refuses(&with(&[("GNU.sparse.map", b"")]), "`x` in `by-hand.tar` has a sparse map and no size");
    refuses(&Tar::new().entry(b'S', b"x", b""), "`x` in `by-hand.tar` is a sparse file of no known form");
}
