//! How much memory is free, and arrays that are refused where they do not fit.
//!
//! Memory of a size that is known beforehand is checked before the work that fills it: an allocation that fails would end the
//! program, and a system that hands out more memory than it has would end it later.

use bytemuck::Zeroable;
use ndarray::{Array, Dimension};

use crate::{Error, Result};

/// Sizes below are not compared with the free memory: asking the system takes longer than the work on so little.
const SMALL: u64 = 64 << 20;

/// Returns the bytes that this process may still take, where the system says so (Linux).
///
/// This is the least of: the free memory of the machine with its swap space, what the limit of the address space (`ulimit -v`)
/// leaves, and what the limits of the control groups leave. `None` on other systems.
pub fn available() -> Option<u64> {
    [machine(), address_space(), control_groups()]
        .into_iter()
        .flatten()
        .min()
}

/// Refuses memory that is not there.
///
/// # Arguments
/// * `what` — what the memory is for, such as "two matrices of 10 x 10"
/// * `bytes` — how many are needed; `u64::MAX` for more than can be counted
/// * `change` — what to do about it
///
/// # Errors
/// [`Error::OutOfMemory`].
///
/// # Examples
/// ```
/// use haarmonic::memory;
/// assert!(memory::check("an array", 1000, "use a shorter one").is_ok());
/// let error = memory::check("an array", 640_000_000_000_000, "use a shorter one").unwrap_err();
/// assert!(error.to_string().starts_with("an array: 640 TB of memory needed, "));
/// ```
pub fn check(what: &str, bytes: u64, change: &str) -> Result<()> {
    if bytes < SMALL {
        return Ok(());
    }
    let available = available();
    // No system hands out half of the addresses.
    if bytes <= available.unwrap_or(isize::MAX as u64) {
        return Ok(());
    }
    Err(refused(what, bytes, available, change))
}

/// Returns the bytes of so many arrays of 64-bit numbers; `u64::MAX` if they cannot be counted.
///
/// # Examples
/// ```
/// use haarmonic::memory::bytes;
/// assert_eq!(bytes(2, &[200_000, 200_000]), 640_000_000_000);
/// assert_eq!(bytes(1, &[usize::MAX, 8]), u64::MAX);
/// ```
pub fn bytes(arrays: usize, shape: &[usize]) -> u64 {
    shape
        .iter()
        .fold(8_u64.saturating_mul(arrays as u64), |bytes, &len| {
            bytes.saturating_mul(len as u64)
        })
}

/// Makes an array of zeros.
///
/// # Errors
/// [`Error::OutOfMemory`] where [`check`] refuses it or the system does.
pub(crate) fn zeros<A, D>(what: &str, shape: D, change: &str) -> Result<Array<A, D>>
where
    A: Zeroable,
    D: Dimension,
{
    let bytes = bytes(1, shape.slice()).saturating_mul(size_of::<A>() as u64) / 8;
    check(what, bytes, change)?;
    let len = shape.slice().iter().product();
    let zeros = bytemuck::allocation::try_zeroed_vec(len)
        .map_err(|()| refused(what, bytes, None, change))?;
    Ok(Array::from_shape_vec(shape, zeros).expect("as many zeros as the shape has entries"))
}

fn refused(what: &str, needed: u64, available: Option<u64>, change: &str) -> Error {
    Error::out_of_memory(what, needed, available, change)
}

/// The number of kilobytes that stands after a name in a table of the kernel, in bytes.
fn kilobytes(table: &str, name: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.split_whitespace().next()?.parse().ok()?;
    number.checked_mul(1024)
}

fn machine() -> Option<u64> {
    let table = std::fs::read_to_string("/proc/meminfo").ok()?;
    let free = kilobytes(&table, "MemAvailable:")?;
    Some(free + kilobytes(&table, "SwapFree:").unwrap_or(0))
}

fn address_space() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max address space"))?;
    // "unlimited" is no number.
    let limit: u64 = line.split_whitespace().next()?.parse().ok()?;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(limit.saturating_sub(kilobytes(&status, "VmSize:")?))
}

/// The tightest of the limits on the group of this process and on the groups around it.
fn control_groups() -> Option<u64> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    let mut least = None;
    for line in groups.lines() {
        // Number, controllers, path; version 2 has one group without controllers.
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let (root, names) = match controllers {
            "" => ("/sys/fs/cgroup", ["memory.max", "memory.current"]),
            "memory" => (
                "/sys/fs/cgroup/memory",
                ["memory.limit_in_bytes", "memory.usage_in_bytes"],
            ),
            _ => continue,
        };
        let path = path.trim_start_matches('/');
        for group in std::path::Path::new(path).ancestors() {
            let folder = std::path::Path::new(root).join(group);
            least = [least, left_in(&folder, names)].into_iter().flatten().min();
        }
    }
    least
}

/// What one control group leaves; cached files count as free, since they give way.
fn left_in(folder: &std::path::Path, [limit, usage]: [&str; 2]) -> Option<u64> {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    // "max" is no number.
    let limit: u64 = read(limit)?.trim().parse().ok()?;
    let usage: u64 = read(usage)?.trim().parse().ok()?;
    let cached = read("memory.stat").and_then(|table| {
        let line = table
            .lines()
            .find_map(|line| line.strip_prefix("inactive_file "))?;
        line.trim().parse::<u64>().ok()
    });
    Some(limit.saturating_sub(usage.saturating_sub(cached.unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Ix2;

    #[test]
    fn arrays_of_any_size_are_made_or_refused() {
        let made = zeros::<f64, _>("matrix", Ix2(3, 4), "").unwrap();
        assert_eq!(made, ndarray::Array2::<f64>::zeros((3, 4)));
        for side in [1 << 24, 1 << 31, usize::MAX] {
            let refused = zeros::<f64, _>("matrix", Ix2(side, side), "use a smaller one");
            let message = refused.unwrap_err().to_string();
            assert!(message.contains("use a smaller one"), "{message}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_says_how_much_is_free() {
        let free = available().unwrap();
        assert!(free > 0 && free < 1 << 60, "{free}");
    }
}
