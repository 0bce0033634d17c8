//! Damage to files, and the memory and time that a reader takes over them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a reader takes whatever the file: buffers, tables of a decoder, the text of an error.
pub const FIXED: usize = 1 << 20;
/// Deflate cannot expand by more than this.
pub const DEFLATE: usize = 1032;

pub fn as_it_is(content: &[u8]) -> Vec<u8> {
    content.to_vec()
}

pub fn any<const N: usize>(read: [bool; N]) -> bool {
    read.contains(&true)
}

pub fn numbers(count: usize) -> Vec<f64> {
    (0..count).map(|k| (k as f64 * 0.7).sin()).collect()
}

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The memory is that of the whole program, so that one test runs at a time, its preparations included.
static TURN: Mutex<()> = Mutex::new(());

/// Held by each test from its first line on.
pub fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(|poison| poison.into_inner())
}

/// Damaged inputs of each target, unless `HAARMONIC_FUZZ_INPUTS` says otherwise.
const INPUTS: usize = 600;
/// Seeds up to this length are cut at every length, longer ones at this many.
const CUTS: usize = 400;
/// Longest input.
const LONGEST: usize = 1 << 17;
/// Longest time for one input. A machine may be busy: the quickest of three attempts counts.
const SLOWEST: Duration = Duration::from_secs(2);

/// Numbers in texts that are too large, too small, or none.
const NUMBERS: [&str; 24] = [
    "-1",
    "0",
    "1",
    "-0",
    "2",
    "NaN",
    "nan",
    "inf",
    "-inf",
    "1e999",
    "1e308",
    "1e-400",
    "",
    ".",
    "255",
    "65536",
    "1000000",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999999999999999",
];

/// One form of file and its reader.
pub struct Target<'a> {
    pub name: &'a str,
    /// Contents that are read without error.
    pub seeds: Vec<Vec<u8>>,
    /// Contents that announce more than they hold, all of them refused.
    pub forged: Vec<Vec<u8>>,
    /// Words of the format.
    pub words: &'a [&'a str],
    /// Makes a file of a damaged content: compresses it, corrects checksums.
    pub wrap: &'a dyn Fn(&[u8]) -> Vec<u8>,
    /// Reads the file of this name; whether it was accepted.
    pub read: &'a dyn Fn(&Path) -> bool,
    /// Memory that may be taken: so many bytes, and so many for each byte of the file or its content.
    pub memory: [usize; 2],
    /// One in so many inputs is tried, for readers that are slow.
    pub share: usize,
}

/// What became of the inputs of a target.
#[derive(Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    memory: usize,
    time: Duration,
}

impl Target<'_> {
    /// Damages the file `path` in all ways and reads it.
    ///
    /// # Panics
    /// If a seed is refused, and for an input over which the reader panics or takes too much memory or time.
    pub fn survive(&self, path: &Path) {
        let mut tally = Tally::default();
        for (number, seed) in self.seeds.iter().enumerate() {
            assert!(
                self.attempt(path, seed, &mut tally, &format!("seed {number}")),
                "{}: seed {number} is refused",
                self.name
            );
            let cuts = seed.len().min(CUTS);
            for cut in (0..cuts).map(|k| k * seed.len() / cuts) {
                self.attempt(
                    path,
                    &seed[..cut],
                    &mut tally,
                    &format!("seed {number} cut to {cut}"),
                );
            }
        }
        for (number, content) in self.forged.iter().enumerate() {
            assert!(
                !self.attempt(path, content, &mut tally, &format!("forgery {number}")),
                "{}: forgery {number} is accepted",
                self.name
            );
        }
        let inputs = std::env::var("HAARMONIC_FUZZ_INPUTS")
            .map_or(INPUTS, |text| text.parse().expect("a number of inputs"));
        for input in 0..inputs / self.share {
            let content = self.damaged(input as u64);
            self.attempt(path, &content, &mut tally, &format!("input {input}"));
        }
        assert!(tally.refused > 0, "{}: nothing was refused", self.name);
        eprintln!(
            "{}: {} inputs, {} accepted, {} refused, at most {} bytes, {:?}",
            self.name,
            tally.accepted + tally.refused,
            tally.accepted,
            tally.refused,
            tally.memory,
            tally.time,
        );
    }

    fn attempt(&self, path: &Path, content: &[u8], tally: &mut Tally, which: &str) -> bool {
        let file = (self.wrap)(content);
        // A new file: some systems wait for the disk where one is overwritten.
        std::fs::remove_file(path).ok();
        std::fs::write(path, &file).unwrap();
        let longest = file.len().max(content.len());
        let mut quickest = Duration::MAX;
        for _ in 0..3 {
            let (accepted, memory, time) = watched(|| (self.read)(path))
                .unwrap_or_else(|| panic!("{}, {which}: the reader panics", self.name));
            let most = self.memory[0] + self.memory[1] * longest;
            assert!(
                memory <= most,
                "{}, {which}: {memory} bytes of memory for a file of {}, expected at most {most}",
                self.name,
                file.len()
            );
            tally.memory = tally.memory.max(memory);
            quickest = quickest.min(time);
            if quickest <= SLOWEST {
                tally.time = tally.time.max(quickest);
                *(if accepted {
                    &mut tally.accepted
                } else {
                    &mut tally.refused
                }) += 1;
                return accepted;
            }
        }
        panic!(
            "{}, {which}: {quickest:?} for a file of {} bytes",
            self.name,
            file.len()
        );
    }

    /// The damaged content with a number; the same at every run.
    fn damaged(&self, number: u64) -> Vec<u8> {
        let rng = &mut ChaCha8Rng::seed_from_u64(number);
        let mut bytes = pick(rng, &self.seeds).clone();
        for _ in 0..*pick(rng, &[1, 1, 2, 4]) {
            self.damage(rng, &mut bytes);
            bytes.truncate(LONGEST);
        }
        bytes
    }

    fn damage(&self, rng: &mut ChaCha8Rng, bytes: &mut Vec<u8>) {
        let at = rng.random_range(0..=bytes.len());
        let piece = at..bytes.len().min(at + rng.random_range(1..=64));
        match rng.random_range(0..10) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            2 if at < bytes.len() => bytes[at] = rng.random(),
            3 => {
                let other = pick(rng, &self.seeds);
                bytes.truncate(at);
                bytes.extend(&other[rng.random_range(0..=other.len())..]);
            }
            4 => drop(bytes.drain(piece)),
            5 => {
                // A piece over and over: nesting, rows, long words.
                let copies = 1 << rng.random_range(0..12);
                let repeated = bytes[piece].repeat(copies);
                bytes.splice(at..at, repeated);
            }
            6 => {
                // Anything behind a valid beginning.
                bytes.truncate(at);
                let mut noise = vec![0; rng.random_range(1..256)];
                rng.fill_bytes(&mut noise);
                bytes.extend(noise);
            }
            7 if !self.words.is_empty() => {
                let word = pick(rng, self.words).bytes();
                bytes.splice(at..at, word);
            }
            8 => {
                // A number in a text.
                let number = |byte: &u8| byte.is_ascii_digit() || b".-+".contains(byte);
                let Some(start) = (0..bytes.len())
                    .cycle()
                    .skip(at.min(bytes.len().saturating_sub(1)))
                    .take(bytes.len())
                    .find(|&k| number(&bytes[k]) && (k == 0 || !number(&bytes[k - 1])))
                else {
                    return;
                };
                let len = bytes[start..]
                    .iter()
                    .take_while(|byte| number(byte))
                    .count();
                bytes.splice(start..start + len, pick(rng, &NUMBERS).bytes());
            }
            _ => {
                // A number in a header.
                let value = match rng.random_range(0..4) {
                    0 => u64::MAX >> rng.random_range(0..64),
                    1 => 1 << rng.random_range(0..64),
                    2 => rng.random_range(0..300),
                    _ => (bytes.len() as u64 + rng.random_range(0..3)).saturating_sub(1),
                };
                let width = 1 << rng.random_range(0..4);
                let mut word = value.to_le_bytes()[..width].to_vec();
                if rng.random() {
                    word.reverse();
                }
                let end = bytes.len().min(at + width);
                bytes.splice(at..end, word);
            }
        }
    }
}

fn pick<'a, T>(rng: &mut ChaCha8Rng, from: &'a [T]) -> &'a T {
    &from[rng.random_range(0..from.len())]
}

/// The most memory that a reader holds.
///
/// # Panics
/// If the reader does.
#[cfg(feature = "images")]
pub fn memory(read: impl FnOnce()) -> usize {
    watched(read).expect("the reader panics").1
}

/// Runs a reader; returns what it says, the most memory that it held, and its time, or nothing if it panics.
fn watched<T>(read: impl FnOnce() -> T) -> Option<(T, usize, Duration)> {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let start = Instant::now();
    let result = catch_unwind(AssertUnwindSafe(read)).ok()?;
    let time = start.elapsed();
    Some((result, MEMORY.peak_usage().saturating_sub(before), time))
}
