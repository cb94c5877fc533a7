//! A name: one of many in one text, or one by itself.

use std::fmt;
use std::sync::Arc;

/// A key of a map. Those of a file are parts of one text: a million of them are one allocation.
#[derive(Clone)]
pub(super) enum Name {
    Own(Box<str>),
    Part { text: Arc<String>, start: u32, len: u32 },
}

impl Name {
    pub(super) fn own(name: String) -> Self {
        Name::Own(name.into_boxed_str())
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Name::Own(name) => name,
            Name::Part { text, start, len } => {
                let (start, len) = (*start as usize, *len as usize);
                text.get(start..start.saturating_add(len)).unwrap_or_default()
            }
        }
    }
}

impl std::ops::Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_small() {
        assert_eq!(size_of::<Name>(), 24);
    }
}
