use super::Records;

#[test]
fn the_length_of_a_record_counts_its_own_digits() {
    for value in (0..1100).map(|length| "v".repeat(length)).chain(["v".repeat(9_990), "v".repeat(99_993)]) {
        let mut records = Records::default();
        records.add(b"k", value.as_bytes());
        let whole = records.as_bytes();
        assert_eq!(whole, format!("{} k={value}\n", whole.len()).as_bytes());
    }
}

#[test]
fn records_stand_in_the_order_in_which_they_were_added() {
    let mut records = Records::default();
    assert_eq!(records.as_bytes(), b"");
    records.add_number(b"size", 8 << 30);
    records.add(b"path", b"\xff\n");
    assert_eq!(records.as_bytes(), b"19 size=8589934592\n11 path=\xff\n\n");
}
