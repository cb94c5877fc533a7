//! Asking for huge pages where a buffer is large enough to have some.

/// The size of a huge page where the system has them.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// Asks the system to back what the buffer has room for with huge pages: of large buffers, most of the
/// cost is that fresh memory comes in pages of 4 KiB, each with a fault of its own. A wish: where it is not
/// granted nothing else changes.
#[cfg(target_os = "linux")]
pub(crate) fn wish_for<T>(buffer: &mut Vec<T>) {
    use rustix::mm::{Advice, madvise};
    let room = buffer.spare_capacity_mut();
    let (start, len) = (room.as_mut_ptr().cast::<u8>(), size_of_val(room));
    let skipped = start.align_offset(HUGE_PAGE);
    let pages = len.saturating_sub(skipped) / HUGE_PAGE * HUGE_PAGE;
    if pages > 0 {
        // SAFETY: the range is memory of the buffer's own that nothing was written to yet, and this advice
        // changes neither its content nor its validity, only how large the pages behind it are.
        let _ = unsafe { madvise(start.add(skipped).cast(), pages, Advice::LinuxHugepage) };
    }
}

/// An empty buffer with room for so many elements, in huge pages where these are large enough.
pub(crate) fn buffer<T>(capacity: usize) -> Vec<T> {
    let mut buffer = Vec::with_capacity(capacity);
    wish_for(&mut buffer);
    buffer
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn wish_for<T>(_: &mut Vec<T>) {}
