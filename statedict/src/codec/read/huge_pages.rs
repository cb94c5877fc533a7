//! Asking for huge pages where a buffer is large enough to have some.

/// The size of a huge page where the system has them.
pub(super) const HUGE_PAGE: usize = 2 << 20;

/// Asks the system to back what the buffer has room for with huge pages: of large buffers, most of the
/// cost is that fresh memory comes in pages of 4 KiB, each with a fault of its own. A wish: where it is not
/// granted nothing else changes.
#[cfg(target_os = "linux")]
pub(super) fn wish_for(buffer: &mut Vec<u8>) {
    use rustix::mm::{Advice, madvise};
    let room = buffer.spare_capacity_mut();
    let skipped = room.as_ptr().align_offset(HUGE_PAGE);
    let Some(pages) = room.get_mut(skipped..).filter(|pages| pages.len() >= HUGE_PAGE) else {
        return;
    };
    let len = pages.len() / HUGE_PAGE * HUGE_PAGE;
    // SAFETY: the range is memory of the buffer's own that nothing was written to yet, and this advice
    // changes neither its content nor its validity, only how large the pages behind it are.
    let _ = unsafe { madvise(pages.as_mut_ptr().cast(), len, Advice::LinuxHugepage) };
}

#[cfg(not(target_os = "linux"))]
pub(super) fn wish_for(_: &mut Vec<u8>) {}
