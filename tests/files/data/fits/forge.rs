//! Files made card by card, whose headers may be wrong.

/// The number of bytes of a block.
pub const BLOCK: usize = 2880;

/// A header from its cards, such as `"NAXIS   = 0"`.
pub fn header(cards: &[&str]) -> Vec<u8> {
    let mut text: String = cards.iter().map(|card| format!("{card:<80}")).collect();
    text.push_str(&format!("{:<80}", "END"));
    let len = text.len().next_multiple_of(BLOCK);
    format!("{text:<len$}").into_bytes()
}

/// A primary header, a table with these cards after the required ones, and its data.
pub fn table(row_len: &str, rows: &str, fields: &str, cards: &[&str], data: &[u8]) -> Vec<u8> {
    let sizes = [
        format!("NAXIS1  = {row_len}"),
        format!("NAXIS2  = {rows}"),
        format!("TFIELDS = {fields}"),
    ];
    let mut all = vec![
        "XTENSION= 'BINTABLE'",
        "BITPIX  = 8",
        "NAXIS   = 2",
        &sizes[0],
        &sizes[1],
        "PCOUNT  = 0",
        "GCOUNT  = 1",
        &sizes[2],
    ];
    all.extend(cards);
    let mut bytes = header(&["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0"]);
    bytes.extend(header(&all));
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

/// Numbers in double precision, as columns of tables have them.
pub fn doubles(values: impl IntoIterator<Item = f64>) -> Vec<u8> {
    values.into_iter().flat_map(f64::to_be_bytes).collect()
}
