//! Checking that a JPEG file holds its whole image (feature `images`).
//!
//! Decoders fill missing blocks with grey. This module follows the coded data to its last bit, without computing pixels. Each scan
//! must hold exactly the blocks of its components, each code must occur in its table, and the scans together must give every
//! coefficient in full. A file that was cut is refused even if an end marker was added afterwards.
//!
//! # References
//! ITU-T T.81, Annexes B, F.2 and G.2.

/// Bytes of memory per block.
const BLOCK_BYTES: u64 = 8;
/// The number of coefficients of a block.
const COEFFICIENTS: usize = 64;
// The second bytes of the markers that are recognised by name.
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DHT: u8 = 0xc4;
const DRI: u8 = 0xdd;
const TEM: u8 = 0x01;

/// Checks that a JPEG file is whole. Data after the end of the image, such as the previews of cameras, is ignored.
///
/// # Arguments
/// * `tables` — a stream of tables that the strips of a TIFF file share; empty for a JPEG file
/// * `bytes` — the file, or one strip of a TIFF file
/// * `most` — the largest number of bytes of memory that the check may take
///
/// # Errors
/// A message that names the missing or damaged part.
pub(super) fn check_whole(tables: &[u8], bytes: &[u8], most: u64) -> Result<(), String> {
    let mut stream = Stream {
        bytes: tables,
        at: 0,
        tables: Default::default(),
        interval: 0,
        frame: None,
        most,
    };
    if !tables.is_empty() {
        stream.read(true)?;
    }
    (stream.bytes, stream.at) = (bytes, 0);
    stream.read(false)
}

/// A table of codes. The codes of `n` bits are `first[n]..first[n] + count[n]`, and their symbols begin at `symbols[start[n]]`.
#[derive(Clone, Default)]
struct Huffman {
    first: [u32; 17],
    count: [u32; 17],
    start: [usize; 17],
    symbols: Vec<u8>,
}

/// A component (colour channel) of the image.
struct Component {
    id: u8,
    /// Number of blocks per unit of an interleaved scan, across and down.
    sampling: [usize; 2],
    /// Number of blocks in a scan of this component alone, across and down.
    blocks: [usize; 2],
    /// Number of blocks in a row of `nonzero`; a row is filled up to a whole number of units.
    stride: usize,
    /// One word per block, row by row; bit k is set if coefficient k is not zero. Empty unless the image is progressive.
    nonzero: Vec<u64>,
    /// The lowest bit of each coefficient that the scans so far have given; `None` before the first scan.
    lowest: [Option<u8>; COEFFICIENTS],
}

/// The header of the image.
struct Frame {
    progressive: bool,
    /// Number of units of an interleaved scan, across and down.
    units: [usize; 2],
    components: Vec<Component>,
}

/// The coefficients and the bits of them that one scan codes.
#[derive(Clone, Copy)]
struct Scan {
    /// The first and the last coefficient.
    band: [usize; 2],
    /// The lowest bit of the earlier scans, zero for none, and the lowest bit of this scan.
    bits: [u8; 2],
}

/// The state of reading a JPEG stream.
struct Stream<'a> {
    bytes: &'a [u8],
    /// Offset of the next byte.
    at: usize,
    /// Four tables for the first coefficient of a block, and four for the others.
    tables: [[Option<Huffman>; 4]; 2],
    /// Number of units between two restarts, 0 for none.
    interval: usize,
    frame: Option<Frame>,
    /// The largest number of bytes of memory that may be taken.
    most: u64,
}

impl<'a> Stream<'a> {
    /// Reads markers and scans up to the end of the image, or to the end of a stream of tables.
    fn read(&mut self, tables_only: bool) -> Result<(), String> {
        if self.marker()? != SOI {
            return Err("found no beginning of an image".into());
        }
        loop {
            match self.marker()? {
                EOI if tables_only => return Ok(()),
                EOI => return self.check_complete(),
                TEM => {}
                code @ (0xd0..=0xd7 | SOI) => {
                    return Err(format!("found marker {code:#04x} where none can stand"));
                }
                DHT => self.read_tables()?,
                DRI => match self.segment()? {
                    [high, low] => self.interval = usize::from(u16::from_be_bytes([*high, *low])),
                    _ => return Err("found a damaged restart interval".into()),
                },
                code @ 0xc0..=0xc2 => self.read_frame(code == 0xc2)?,
                // Lossless, hierarchical and arithmetic coding are left to the decoder, which refuses them with a better message.
                0xc3 | 0xc5..=0xcf => return Ok(()),
                SOS => self.read_scan()?,
                _ => {
                    self.segment()?;
                }
            }
        }
    }

    /// Reads the second byte of a marker.
    fn marker(&mut self) -> Result<u8, String> {
        let cut = || "cut short: the end of the image is missing".to_string();
        if *self.bytes.get(self.at).ok_or_else(cut)? != 0xff {
            return Err("found damaged data between its parts".into());
        }
        // A marker may begin with any number of bytes 0xff.
        while *self.bytes.get(self.at).ok_or_else(cut)? == 0xff {
            self.at += 1;
        }
        self.at += 1;
        Ok(self.bytes[self.at - 1])
    }

    /// Reads the segment after a marker: its length in two bytes, which counts itself, and its content.
    fn segment(&mut self) -> Result<&'a [u8], String> {
        let cut = || "cut short inside a header".to_string();
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (len, _) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
        let len = usize::from(u16::from_be_bytes(*len));
        let content = rest.get(2..len).ok_or_else(cut)?;
        self.at += len;
        Ok(content)
    }

    /// Reads the tables of codes in one segment.
    fn read_tables(&mut self) -> Result<(), String> {
        let damaged = || "found a damaged table of codes".to_string();
        let mut rest = self.segment()?;
        while let Some((&target, after)) = rest.split_first() {
            let (counts, after) = after.split_first_chunk::<16>().ok_or_else(damaged)?;
            // Codes are numbered in order. The first code of n bits is the number after the last shorter code, with a bit 0
            // appended; a table whose codes do not fit into n bits is damaged.
            let mut table = Huffman::default();
            let (mut code, mut start) = (0u32, 0);
            for (n, &count) in (1..).zip(counts) {
                (table.first[n], table.count[n], table.start[n]) = (code, count.into(), start);
                code += u32::from(count);
                start += usize::from(count);
                if code > 1 << n {
                    return Err(damaged());
                }
                code <<= 1;
            }
            table.symbols = after.get(..start).ok_or_else(damaged)?.to_vec();
            rest = &after[start..];
            // The high half of the target is the class, and the low half the number of the table.
            let class = self.tables.get_mut(usize::from(target >> 4));
            let slot = class.and_then(|class| class.get_mut(usize::from(target & 15)));
            *slot.ok_or_else(damaged)? = Some(table);
        }
        Ok(())
    }

    /// Reads the header of the image: its size, and the sampling of each component.
    fn read_frame(&mut self, progressive: bool) -> Result<(), String> {
        let damaged = || "found a damaged header of the image".to_string();
        if self.frame.is_some() {
            return Err("found a second image, expected one".into());
        }
        let most = self.most;
        let ([_, h1, h0, w1, w0, count], list) = self
            .segment()?
            .split_first_chunk::<6>()
            .ok_or_else(damaged)?;
        let height = usize::from(u16::from_be_bytes([*h1, *h0]));
        let width = usize::from(u16::from_be_bytes([*w1, *w0]));
        let (list, rest) = list.as_chunks::<3>();
        if list.len() != usize::from(*count) || !rest.is_empty() || list.is_empty() {
            return Err(damaged());
        }
        if height == 0 || width == 0 {
            return Err("found an image without pixels".into());
        }
        let sampling = |byte: u8| [usize::from(byte >> 4), usize::from(byte & 15)];
        let largest = list.iter().fold([0, 0], |[h, v], component| {
            let [x, y] = sampling(component[1]);
            [h.max(x), v.max(y)]
        });
        // A unit covers 8 h_max by 8 v_max pixels, with the largest sampling factors of all components.
        let units = [
            width.div_ceil(8 * largest[0].max(1)),
            height.div_ceil(8 * largest[1].max(1)),
        ];
        let mut components = Vec::new();
        let mut blocks = 0;
        for &[id, factors, _] in list {
            let [h, v] = sampling(factors);
            if !(1..=4).contains(&h) || !(1..=4).contains(&v) {
                return Err(damaged());
            }
            let own = (units[0] * h) * (units[1] * v);
            blocks += own as u64;
            if blocks * BLOCK_BYTES > most {
                return Err("found an image too large for its file (limit of memory)".into());
            }
            components.push(Component {
                id,
                sampling: [h, v],
                blocks: [
                    (width * h).div_ceil(largest[0]).div_ceil(8),
                    (height * v).div_ceil(largest[1]).div_ceil(8),
                ],
                stride: units[0] * h,
                nonzero: vec![0; if progressive { own } else { 0 }],
                lowest: [None; COEFFICIENTS],
            });
        }
        self.frame = Some(Frame {
            progressive,
            units,
            components,
        });
        Ok(())
    }

    /// Reads one scan: its header, and the coded data of all its blocks.
    fn read_scan(&mut self) -> Result<(), String> {
        let damaged = || "found a damaged header of a scan".to_string();
        let header = self.segment()?;
        let frame = self.frame.as_mut().ok_or_else(damaged)?;
        let (&count, rest) = header.split_first().ok_or_else(damaged)?;
        let (list, end) = rest
            .split_at_checked(2 * usize::from(count))
            .ok_or_else(damaged)?;
        let &[first, last, approximation] = end else {
            return Err(damaged());
        };
        let scan = if frame.progressive {
            Scan {
                band: [first.into(), last.into()],
                bits: [approximation >> 4, approximation & 15],
            }
        } else {
            // Decoders ignore the band and the bits in the header of a sequential image.
            Scan {
                band: [0, COEFFICIENTS - 1],
                bits: [0, 0],
            }
        };
        let [from, to] = scan.band;
        let mixed = frame.progressive && from == 0 && to > 0;
        if from > to || to >= COEFFICIENTS || mixed || (from > 0 && count > 1) {
            return Err(damaged());
        }
        // Each part is the index of a component, its table for the first coefficient, and its table for the others.
        let mut parts = Vec::new();
        for &[id, tables] in list.as_chunks::<2>().0 {
            let index = frame.components.iter().position(|c| c.id == id);
            let index = index.ok_or_else(damaged)?;
            for lowest in &mut frame.components[index].lowest[from..=to] {
                let before = lowest.replace(scan.bits[1]).unwrap_or(0);
                let refines = scan.bits[0] > 0;
                if before != scan.bits[0] || (refines && scan.bits[1] + 1 != scan.bits[0]) {
                    return Err("found scans that do not belong together".into());
                }
            }
            let table = |class: usize, number: u8| {
                self.tables[class]
                    .get(usize::from(number))
                    .and_then(Option::as_ref)
            };
            parts.push((index, table(0, tables >> 4), table(1, tables & 15)));
        }
        let Frame {
            progressive,
            units,
            components,
        } = frame;
        let grid = match parts.as_slice() {
            [] => return Err(damaged()),
            [(index, ..)] => components[*index].blocks,
            _ => *units,
        };
        let mut data = Data {
            bytes: self.bytes,
            at: self.at,
            held: 0,
            len: 0,
            run: 0,
        };
        // A scan of one component codes its blocks row by row. A scan of several components codes unit by unit, and within a unit
        // h × v blocks of each component, row by row.
        let mut restarts = 0;
        for unit in 0..grid[0] * grid[1] {
            if self.interval > 0 && unit > 0 && unit % self.interval == 0 {
                data.restart(restarts)?;
                restarts = (restarts + 1) % 8;
            }
            let (across, down) = (unit % grid[0], unit / grid[0]);
            for (index, dc, ac) in &parts {
                let component = &mut components[*index];
                let [h, v] = if parts.len() == 1 {
                    [1, 1]
                } else {
                    component.sampling
                };
                for block in 0..h * v {
                    let (x, y) = (across * h + block % h, down * v + block / h);
                    if *progressive {
                        let nonzero = &mut component.nonzero[y * component.stride + x];
                        data.progressive(scan, *dc, *ac, nonzero)?;
                    } else {
                        data.sequential(*dc, *ac)?;
                    }
                }
            }
        }
        data.end()?;
        self.at = data.at;
        Ok(())
    }

    /// Checks that the scans have given all coefficients of all components down to the last bit.
    fn check_complete(&self) -> Result<(), String> {
        let frame = self.frame.as_ref().ok_or("found no image")?;
        let mut lowest = frame.components.iter().flat_map(|c| &c.lowest);
        if lowest.all(|bit| *bit == Some(0)) {
            Ok(())
        } else {
            Err("cut short: scans are missing".into())
        }
    }
}

/// The coded data of one scan.
struct Data<'a> {
    bytes: &'a [u8],
    /// Offset of the next byte.
    at: usize,
    /// Bits taken from the bytes; the last `len` of them are not yet used.
    held: u32,
    /// Number of bits in `held` that are not yet used.
    len: u32,
    /// Number of following blocks that have no new coefficients in this scan.
    run: u32,
}

impl Data<'_> {
    /// Reads the next `count` bits, the highest first.
    fn bits(&mut self, count: u32) -> Result<u32, String> {
        while self.len < count {
            let byte = *self.bytes.get(self.at).ok_or_else(cut_short)?;
            self.at += 1;
            if byte == 0xff {
                // After a byte 0xff, a zero is padding and every other byte makes a marker.
                if self.bytes.get(self.at) != Some(&0) {
                    return Err(cut_short());
                }
                self.at += 1;
            }
            self.held = self.held << 8 | u32::from(byte);
            self.len += 8;
        }
        self.len -= count;
        Ok(self.held >> self.len & ((1 << count) - 1))
    }

    /// Reads a code bit by bit until it occurs among the codes of its length, and returns its symbol.
    fn symbol(&mut self, table: Option<&Huffman>) -> Result<u8, String> {
        let table = table.ok_or("found no table of codes for a scan")?;
        let mut code = 0;
        for n in 1..=16 {
            code = code << 1 | self.bits(1)?;
            let place = code.wrapping_sub(table.first[n]);
            if place < table.count[n] {
                return Ok(table.symbols[table.start[n] + place as usize]);
            }
        }
        Err("found damaged data: a code that is not in its table".into())
    }

    /// Reads the first coefficient of a block: a code for the number of its bits, then the bits.
    fn first(&mut self, table: Option<&Huffman>) -> Result<(), String> {
        let len = self.symbol(table)?;
        if len > 16 {
            return Err(too_many());
        }
        self.bits(len.into()).map(drop)
    }

    /// Reads all coefficients of a block of a sequential image.
    fn sequential(&mut self, dc: Option<&Huffman>, ac: Option<&Huffman>) -> Result<(), String> {
        self.first(dc)?;
        // A symbol holds a number of zeros (high half) and the number of bits of the coefficient after them (low half). No bits
        // end the block, except that 15 zeros without bits stand for 16 zeros.
        let mut k = 1;
        while k < COEFFICIENTS {
            let symbol = self.symbol(ac)?;
            let (zeros, len) = (usize::from(symbol >> 4), symbol & 15);
            if len == 0 && zeros < 15 {
                break;
            }
            k += zeros + 1;
            if k > COEFFICIENTS {
                return Err(too_many());
            }
            self.bits(len.into())?;
        }
        Ok(())
    }

    /// Reads the coefficients or bits of one block in a scan of a progressive image.
    fn progressive(
        &mut self,
        scan: Scan,
        dc: Option<&Huffman>,
        ac: Option<&Huffman>,
        nonzero: &mut u64,
    ) -> Result<(), String> {
        match (scan.band[0], scan.bits[0]) {
            (0, 0) => self.first(dc),
            (0, _) => self.bits(1).map(drop),
            (_, 0) => self.band(scan.band, ac, nonzero),
            _ => self.refined_band(scan.band, ac, nonzero),
        }
    }

    /// Reads the highest bits of the coefficients `from..=to` of a block.
    ///
    /// Symbols are as in [`sequential`](Self::sequential), except that a symbol of n < 15 zeros without bits begins a run of
    /// $`2^n + b`$ blocks without further coefficients, where b is the number in the n bits after the symbol.
    fn band(
        &mut self,
        [from, to]: [usize; 2],
        table: Option<&Huffman>,
        nonzero: &mut u64,
    ) -> Result<(), String> {
        if self.run > 0 {
            self.run -= 1;
            return Ok(());
        }
        let mut k = from;
        while k <= to {
            let symbol = self.symbol(table)?;
            let (zeros, len) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            if len == 0 && zeros < 15 {
                self.run = (1 << zeros) - 1 + self.bits(zeros)?;
                break;
            }
            k += zeros as usize;
            if k > to {
                return Err(too_many());
            }
            if len > 0 {
                self.bits(len)?;
                *nonzero |= 1 << k;
            }
            k += 1;
        }
        Ok(())
    }

    /// Reads one more bit of the coefficients `from..=to` of a block.
    ///
    /// Each coefficient that is not zero takes one bit. Codes give the positions of the coefficients that become nonzero; the
    /// zeros of a symbol count only coefficients that are zero.
    fn refined_band(
        &mut self,
        [from, to]: [usize; 2],
        table: Option<&Huffman>,
        nonzero: &mut u64,
    ) -> Result<(), String> {
        let mut k = from;
        while k <= to && self.run == 0 {
            let symbol = self.symbol(table)?;
            let (mut zeros, len) = (u32::from(symbol >> 4), symbol & 15);
            match len {
                0 if zeros < 15 => {
                    self.run = (1 << zeros) + self.bits(zeros)?;
                    break;
                }
                0 => {}
                1 => {
                    self.bits(1)?;
                }
                _ => return Err(too_many()),
            }
            while k <= to {
                if *nonzero >> k & 1 == 1 {
                    self.bits(1)?;
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                k += 1;
            }
            if k > to {
                return Err(too_many());
            }
            *nonzero |= u64::from(len) << k;
            k += 1;
        }
        // In a run, only the coefficients that are not zero take a bit.
        if self.run > 0 {
            let rest = (k..=to).filter(|k| *nonzero >> k & 1 == 1).count();
            for _ in 0..rest {
                self.bits(1)?;
            }
            self.run -= 1;
        }
        Ok(())
    }

    /// Checks the end of a scan or of an interval between restarts: less than a byte is left, and a marker follows.
    fn end(&mut self) -> Result<(), String> {
        let marker = match self.bytes.get(self.at..) {
            Some([0xff, code, ..]) => *code != 0,
            Some([0xff]) | Some([]) | None => return Err(cut_short()),
            Some(_) => false,
        };
        if !marker || self.run > 0 {
            return Err("found damaged data: more or fewer blocks than the image has".into());
        }
        self.len = 0;
        Ok(())
    }

    /// Reads the restart marker of the given number, from 0 to 7.
    fn restart(&mut self, number: u8) -> Result<(), String> {
        self.end()?;
        while self.bytes.get(self.at) == Some(&0xff) {
            self.at += 1;
        }
        if self.bytes.get(self.at) != Some(&(0xd0 + number)) {
            return Err(format!("found damaged data: restart {number} is missing"));
        }
        self.at += 1;
        Ok(())
    }
}

fn cut_short() -> String {
    "cut short: rows of pixels are missing".into()
}

fn too_many() -> String {
    "found damaged data: coefficients beyond those of a block".into()
}
