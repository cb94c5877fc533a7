//! What no reader and writer of files can be faster than.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use crate::Outcome;
use crate::machine::{fresh, prime};
use crate::measure::{self, Measured};

const PIECE: usize = 1 << 20;

pub(crate) fn run(what: &str, file: &str, calls: usize) -> Outcome<Measured> {
    if what == "prime" {
        prime(calls)?;
        return Ok(measure::calls(0, || (), || ()));
    }
    let path = Path::new(file);
    let len = usize::try_from(fs::metadata(path)?.len())?;
    let nothing = || ();
    // Pages that hold something: those that do not are all the same one, and in the cache.
    let full = || -> io::Result<memmap2::MmapMut> {
        let mut memory = fresh(len, true)?;
        memory.fill(1);
        Ok(memory)
    };
    Ok(match what {
        "memcpy to fresh memory"
        | "memcpy to fresh memory on 2 threads"
        | "memcpy to fresh huge pages" => {
            let source = full()?;
            let threads = if what.ends_with("2 threads") { 2 } else { 1 };
            measure::calls(calls, nothing, || {
                let mut memory = fresh(len, what.ends_with("huge pages"))?;
                copy(&source, &mut memory, threads);
                io::Result::Ok(memory)
            })
        }
        "memcpy" | "memcpy on 2 threads" => {
            let (source, mut memory) = (full()?, full()?);
            let threads = if what == "memcpy" { 1 } else { 2 };
            measure::calls(calls, nothing, || copy(&source, &mut memory, threads))
        }
        "read" => measure::calls(calls, nothing, || read(path)),
        "CRC" | "CRC on 2 threads" => {
            let source = full()?;
            let threads = if what == "CRC" { 1 } else { 2 };
            measure::calls(calls, nothing, || hash(&source, threads))
        }
        // What is mapped anew has a page fault for every few pages.
        "CRC of a map on 2 threads" => measure::calls(calls, nothing, || {
            let file = File::open(path)?;
            // SAFETY: nobody else has the file, and it is only read.
            let map = unsafe { memmap2::Mmap::map(&file)? };
            io::Result::Ok((hash(&map, 2), map))
        }),
        // The first in a process asks the processor what it can do, which a virtual machine answers slowly.
        "CRC of nothing" => measure::calls(calls, nothing, || crc32fast::hash(&[])),
        "write" | "write and fsync" => {
            let source = full()?;
            let out = out_file(path);
            let measured =
                measure::calls(calls, || clear(&out), || write(&source, &out, what != "write"));
            clear(&out);
            measured
        }
        _ => return Err(format!("no limit is called {what}").into()),
    })
}

/// Where a measurement of saving writes to.
pub(crate) fn out_file(file: &Path) -> PathBuf {
    file.with_extension("out")
}

/// Removes what the measurement before wrote, and waits until the disk has nothing to do.
pub(crate) fn clear(out: &Path) {
    let _ = fs::remove_file(out);
    if let Some(folder) = out.parent() {
        sync(folder);
    }
}

#[cfg(target_os = "linux")]
fn sync(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = rustix::fs::syncfs(&folder);
    }
}

#[cfg(not(target_os = "linux"))]
fn sync(_: &Path) {}

fn copy(source: &[u8], memory: &mut [u8], threads: usize) {
    let part = source.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        for (memory, source) in memory.chunks_mut(part).zip(source.chunks(part)) {
            scope.spawn(|| memory.copy_from_slice(source));
        }
    });
}

fn hash(source: &[u8], threads: usize) -> u32 {
    let part = source.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let parts: Vec<_> =
            source.chunks(part).map(|part| scope.spawn(|| crc32fast::hash(part))).collect();
        parts.into_iter().filter_map(|part| part.join().ok()).fold(0, |all, part| all ^ part)
    })
}

/// Reads a file into a small buffer, again and again the same.
fn read(path: &Path) -> io::Result<usize> {
    use io::Read;
    let (mut file, mut buffer, mut total) = (File::open(path)?, vec![0; PIECE / 4], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(total),
            count => total += count,
        }
    }
}

/// Writes a new file whose space was reserved.
fn write(source: &[u8], out: &Path, sync: bool) -> io::Result<()> {
    use io::Write;
    let mut file = File::create(out)?;
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{FallocateFlags, fallocate};
        fallocate(&file, FallocateFlags::empty(), 0, source.len() as u64)?;
    }
    source.chunks(PIECE).try_for_each(|piece| file.write_all(piece))?;
    if sync { file.sync_all() } else { Ok(()) }
}
