//! What the measurements depend on besides the code.

use std::fs;

const GIB: usize = 1 << 30;
const HUGE_PAGE: usize = 2 << 20;

/// The machine in a few lines.
pub(crate) fn describe() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(": ")).map_or("unknown", |(_, name)| name);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let pages = huge_pages();
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("unknown");
    format!(
        "{threads} threads of {model}, kernel {}, transparent huge pages: {pages}, load {load}\n",
        kernel.trim()
    )
}

/// Which huge pages the system gives: `always`, `madvise`, `never`.
pub(crate) fn huge_pages() -> String {
    let text = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    let text = text.unwrap_or_default();
    let chosen = text.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    chosen.map_or("unknown", |(chosen, _)| chosen).to_owned()
}

/// Memory from the system itself, which nobody has used yet.
pub(crate) fn fresh(len: usize, huge: bool) -> std::io::Result<memmap2::MmapMut> {
    let map = memmap2::MmapOptions::new().len(len.max(1)).map_anon()?;
    #[cfg(target_os = "linux")]
    if huge {
        let _ = map.advise(memmap2::Advice::HugePage);
    }
    Ok(map)
}

/// Uses memory and gives it back. A virtual machine gives memory that it does not use back to its host, and then
/// the first to touch it again waits for the host: seconds a GiB, now and then.
pub(crate) fn prime(gib: usize) -> std::io::Result<()> {
    let mut memory = fresh(gib * GIB, true)?;
    memory.iter_mut().step_by(HUGE_PAGE / 512).for_each(|byte| *byte = 1);
    Ok(())
}
