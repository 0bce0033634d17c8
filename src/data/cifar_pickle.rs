//! The Python version of the CIFAR files: pickled dictionaries of lists, strings and NumPy arrays of bytes.
//!
//! A pickle is a program for a stack machine. This reader knows the instructions that dictionaries of plain data and arrays need, in the protocols 1
//! to 5; it builds values and never calls anything. Instructions that it does not know are an error.

use std::collections::HashMap;

/// The number of a value.
type Id = usize;

/// A value of a pickle; parts are values of their own, by their numbers.
#[derive(Debug, Clone)]
enum Value {
    /// None, a float: nothing that is needed.
    Other,
    Integer(i64),
    Bytes(Vec<u8>),
    /// The place of long bytes in the file.
    Place(usize, usize),
    Tuple(Vec<Id>),
    List(Vec<Id>),
    Dictionary(Vec<(Id, Id)>),
    /// A function or class, as `module name`.
    Global(String),
    /// A call of a function, and the state that was set later.
    Call {
        function: Id,
        arguments: Id,
        state: Option<Id>,
    },
}

/// A dictionary of a pickle.
pub(super) struct Pickle<'a> {
    bytes: &'a [u8],
    values: Vec<Value>,
    root: Id,
}

/// Strings of at least this length are not copied out of the file.
const LONG: usize = 256;

impl<'a> Pickle<'a> {
    /// Reads a pickle whose value is a dictionary.
    ///
    /// # Errors
    /// A message in one line.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Pickle<'a>, String> {
        let mut machine = Machine {
            bytes,
            at: 0,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
        };
        let root = machine.run()?;
        let pickle = Pickle {
            bytes,
            values: machine.values,
            root,
        };
        match pickle.values[root] {
            Value::Dictionary(_) => Ok(pickle),
            _ => Err("found a pickle without a dictionary".into()),
        }
    }

    /// The value of a key of the dictionary.
    fn get(&self, key: &str) -> Option<Id> {
        let Value::Dictionary(entries) = &self.values[self.root] else {
            return None;
        };
        let found = |entry: &&(Id, Id)| self.string(entry.0) == Some(key.as_bytes());
        entries.iter().find(found).map(|entry| entry.1)
    }

    fn string(&self, id: Id) -> Option<&[u8]> {
        match &self.values[id] {
            Value::Bytes(bytes) => Some(bytes),
            Value::Place(start, end) => Some(&self.bytes[*start..*end]),
            _ => None,
        }
    }

    fn list(&self, key: &str) -> Result<&[Id], String> {
        match self.get(key).map(|id| &self.values[id]) {
            Some(Value::List(items)) => Ok(items),
            Some(_) => Err(format!("found no list under the key {key:?}")),
            None => Err(format!("key {key:?} is missing")),
        }
    }

    /// A list of integers.
    pub(super) fn integers(&self, key: &str) -> Result<Vec<i64>, String> {
        let integer = |&id: &Id| match self.values[id] {
            Value::Integer(number) => Ok(number),
            _ => Err(format!("found no integers under the key {key:?}")),
        };
        self.list(key)?.iter().map(integer).collect()
    }

    /// A list of strings.
    pub(super) fn strings(&self, key: &str) -> Result<Vec<String>, String> {
        let text = |&id: &Id| match self.string(id) {
            Some(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
            None => Err(format!("found no strings under the key {key:?}")),
        };
        self.list(key)?.iter().map(text).collect()
    }

    /// A matrix of bytes, row by row, with the numbers of rows and columns.
    pub(super) fn matrix(&self, key: &str) -> Result<([usize; 2], Vec<u8>), String> {
        let id = self
            .get(key)
            .ok_or_else(|| format!("key {key:?} is missing"))?;
        let wrong = || format!("found no matrix of bytes under the key {key:?}");
        let (shape, fortran, data) = self.array(id).ok_or_else(wrong)?;
        let [rows, columns] = shape;
        if rows.checked_mul(columns) != Some(data.len()) {
            let len = data.len();
            return Err(format!(
                "found {len} bytes for a matrix of {rows} x {columns} under the key {key:?}"
            ));
        }
        let mut matrix = data.to_vec();
        if fortran {
            for (i, entry) in matrix.iter_mut().enumerate() {
                *entry = data[(i % columns) * rows + i / columns];
            }
        }
        Ok((shape, matrix))
    }

    /// Shape, order and data of an array of bytes of rank 2; none for other values.
    ///
    /// An array is a call of `_reconstruct` whose state is (version, shape, type, whether columns come first, data).
    fn array(&self, id: Id) -> Option<([usize; 2], bool, &[u8])> {
        let Value::Call {
            function,
            state: Some(state),
            ..
        } = &self.values[id]
        else {
            return None;
        };
        let Value::Global(name) = &self.values[*function] else {
            return None;
        };
        if !name.ends_with("multiarray _reconstruct") {
            return None;
        }
        let Value::Tuple(state) = &self.values[*state] else {
            return None;
        };
        let &[_, shape, kind, fortran, data] = state.as_slice() else {
            return None;
        };
        let Value::Tuple(lengths) = &self.values[shape] else {
            return None;
        };
        let lengths: Vec<usize> = lengths
            .iter()
            .map(|&id| self.integer(id).and_then(|n| usize::try_from(n).ok()))
            .collect::<Option<_>>()?;
        let &[rows, columns] = lengths.as_slice() else {
            return None;
        };
        let Value::Call { arguments, .. } = &self.values[kind] else {
            return None;
        };
        let Value::Tuple(arguments) = &self.values[*arguments] else {
            return None;
        };
        if self.string(*arguments.first()?)? != b"u1" {
            return None;
        }
        Some((
            [rows, columns],
            self.integer(fortran)? != 0,
            self.string(data)?,
        ))
    }

    fn integer(&self, id: Id) -> Option<i64> {
        match self.values[id] {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }
}

/// The stack machine.
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Id>,
    /// The heights of the stack at the marks.
    marks: Vec<usize>,
    memo: HashMap<usize, Id>,
}

impl<'a> Machine<'a> {
    fn run(&mut self) -> Result<Id, String> {
        loop {
            let at = self.at;
            let code = self.take(1)?[0];
            match code {
                // Protocol and frames.
                0x80 => drop(self.take(1)?),
                0x95 => drop(self.take(8)?),
                b'.' => return self.pop(),
                // Numbers and constants.
                b'N' => self.push(Value::Other),
                b'G' => {
                    self.take(8)?;
                    self.push(Value::Other);
                }
                0x88 => self.push(Value::Integer(1)),
                0x89 => self.push(Value::Integer(0)),
                b'K' => {
                    let number = self.length(1)?;
                    self.push(Value::Integer(number as i64));
                }
                b'M' => {
                    let number = self.length(2)?;
                    self.push(Value::Integer(number as i64));
                }
                b'J' => {
                    let number = self.length(4)? as u32 as i32;
                    self.push(Value::Integer(number.into()));
                }
                b'I' => {
                    let line = self.line()?;
                    let number = line
                        .parse()
                        .map_err(|_| format!("found {line:?} for an integer"))?;
                    self.push(Value::Integer(number));
                }
                0x8a => {
                    let len = self.length(1)?;
                    let digits = self.take(len)?;
                    self.push(integer(digits));
                }
                // Strings.
                b'U' | b'C' | 0x8c => self.string(1)?,
                b'T' | b'B' | b'X' => self.string(4)?,
                0x8e | 0x8d | 0x96 => self.string(8)?,
                // Collections.
                b'(' => self.marks.push(self.stack.len()),
                b')' => self.push(Value::Tuple(Vec::new())),
                b']' => self.push(Value::List(Vec::new())),
                b'}' => self.push(Value::Dictionary(Vec::new())),
                b't' => {
                    let items = self.since_mark()?;
                    self.push(Value::Tuple(items));
                }
                0x85..=0x87 => {
                    let len = usize::from(code - 0x84);
                    let start = self.stack.len().checked_sub(len).ok_or_else(empty)?;
                    let items = self.stack.split_off(start);
                    self.push(Value::Tuple(items));
                }
                b'l' => {
                    let items = self.since_mark()?;
                    self.push(Value::List(items));
                }
                b'a' => {
                    let item = self.pop()?;
                    self.append(vec![item])?;
                }
                b'e' => {
                    let items = self.since_mark()?;
                    self.append(items)?;
                }
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.insert(vec![key, value])?;
                }
                b'u' => {
                    let items = self.since_mark()?;
                    self.insert(items)?;
                }
                // The memo.
                b'q' => self.remember(1)?,
                b'r' => self.remember(4)?,
                0x94 => {
                    let (place, top) = (self.memo.len(), self.top()?);
                    self.memo.insert(place, top);
                }
                b'h' => self.recall(1)?,
                b'j' => self.recall(4)?,
                // Functions and classes.
                b'c' => {
                    let name = format!("{} {}", self.line()?, self.line()?);
                    self.push(Value::Global(name));
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    let text = |id: Id| match &self.values[id] {
                        Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                        _ => String::new(),
                    };
                    let name = format!("{} {}", text(module), text(name));
                    self.push(Value::Global(name));
                }
                b'R' => self.call()?,
                b'b' => {
                    let (new, object) = (self.pop()?, self.top()?);
                    if let Value::Call { state, .. } = &mut self.values[object] {
                        *state = Some(new);
                    }
                }
                _ => {
                    return Err(format!(
                        "found instruction {code:#04x} at byte {at}, expected those of lists, strings and arrays"
                    ));
                }
            }
        }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(len);
        let found = end.and_then(|end| self.bytes.get(self.at..end));
        let found = found.ok_or("cut short: the end of the pickle is missing")?;
        self.at += len;
        Ok(found)
    }

    /// A number of some bytes in little-endian order.
    fn length(&mut self, bytes: usize) -> Result<usize, String> {
        let digits = self.take(bytes)?;
        let number = digits
            .iter()
            .rev()
            .fold(0u64, |number, &byte| number << 8 | u64::from(byte));
        usize::try_from(number).map_err(|_| format!("found a length of {number} bytes"))
    }

    /// The text up to the end of the line.
    fn line(&mut self) -> Result<String, String> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|&byte| byte == b'\n');
        let end = end.ok_or("cut short: the end of the pickle is missing")?;
        self.at += end + 1;
        Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(self.values.len());
        self.values.push(value);
    }

    fn pop(&mut self) -> Result<Id, String> {
        self.stack.pop().ok_or_else(empty)
    }

    fn top(&self) -> Result<Id, String> {
        self.stack.last().copied().ok_or_else(empty)
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or_else(empty)?;
        if mark > self.stack.len() {
            return Err(empty());
        }
        Ok(self.stack.split_off(mark))
    }

    fn string(&mut self, bytes: usize) -> Result<(), String> {
        let len = self.length(bytes)?;
        let start = self.at;
        let text = self.take(len)?;
        self.push(if len >= LONG {
            Value::Place(start, start + len)
        } else {
            Value::Bytes(text.to_vec())
        });
        Ok(())
    }

    fn append(&mut self, items: Vec<Id>) -> Result<(), String> {
        let top = self.top()?;
        match &mut self.values[top] {
            Value::List(list) => list.extend(items),
            _ => return Err("found items for what is no list".into()),
        }
        Ok(())
    }

    fn insert(&mut self, items: Vec<Id>) -> Result<(), String> {
        let top = self.top()?;
        match &mut self.values[top] {
            Value::Dictionary(entries) => {
                entries.extend(items.as_chunks().0.iter().map(|&[key, value]| (key, value)));
            }
            _ => return Err("found keys for what is no dictionary".into()),
        }
        Ok(())
    }

    fn remember(&mut self, bytes: usize) -> Result<(), String> {
        let place = self.length(bytes)?;
        let top = self.top()?;
        self.memo.insert(place, top);
        Ok(())
    }

    fn recall(&mut self, bytes: usize) -> Result<(), String> {
        let place = self.length(bytes)?;
        let id = self.memo.get(&place).copied();
        self.stack
            .push(id.ok_or("found a reference to an unknown value")?);
        Ok(())
    }

    /// A call. Python 3 writes bytes in protocol 2 as the call `_codecs.encode(text, 'latin1')`, whose result is made here.
    fn call(&mut self) -> Result<(), String> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let encodes =
            matches!(&self.values[function], Value::Global(name) if name == "_codecs encode");
        if encodes && let Value::Tuple(items) = &self.values[arguments] {
            let text = match items.first().map(|&id| &self.values[id]) {
                Some(Value::Bytes(text)) => text,
                Some(Value::Place(start, end)) => &self.bytes[*start..*end],
                _ => return Err("found a call of encode without text".into()),
            };
            let text = std::str::from_utf8(text).map_err(|err| err.to_string())?;
            let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
            let bytes = bytes.ok_or("found text beyond latin1 for bytes")?;
            self.push(Value::Bytes(bytes));
            return Ok(());
        }
        self.push(Value::Call {
            function,
            arguments,
            state: None,
        });
        Ok(())
    }
}

fn empty() -> String {
    "damaged: a value is missing on the stack".into()
}

/// An integer of up to eight bytes in two's complement; longer ones are not needed.
fn integer(digits: &[u8]) -> Value {
    if digits.len() > 8 {
        return Value::Other;
    }
    let negative = digits.last().is_some_and(|&byte| byte >= 0x80);
    let start: i64 = if negative { -1 } else { 0 };
    let number = digits
        .iter()
        .rev()
        .fold(start, |number, &byte| number << 8 | i64::from(byte));
    Value::Integer(number)
}
