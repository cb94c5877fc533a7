//! What the pickles of such an archive name: they are among the storages and tensors.

use crate::codec::pickle::{PickleScan, ScanLimits};
use crate::codec::read::error::ReadError;
use crate::codec::read::scan::{ScannedPickle, next};
use crate::codec::read::source::Source;
use crate::codec::read::tar::members::Members;
use crate::dtype::DType;

/// Scans the pickles of all members, as far as it can be told where they are.
pub(in crate::codec::read) fn scan(
    source: &Source,
    limits: &mut ScanLimits,
) -> Result<Vec<ScannedPickle>, ReadError> {
    let members = Members::read(source)?;
    let mut pickles = Vec::new();
    for name in ["sys_info", "storages", "tensors", "pickle"] {
        let Ok((start, end)) = members.find(name) else { continue };
        let mut place = Place { source, name, position: start, end, pickles: &mut pickles, limits };
        match name {
            "storages" => place.storages()?,
            "tensors" => place.tensors()?,
            _ => drop(place.pickle()?),
        }
    }
    Ok(pickles)
}

/// A place in a member.
struct Place<'s> {
    source: &'s Source,
    name: &'static str,
    position: u64,
    end: u64,
    pickles: &'s mut Vec<ScannedPickle>,
    limits: &'s mut ScanLimits,
}

impl Place<'_> {
    /// The next pickle: the last name in it, or nothing where there is no further one.
    fn pickle(&mut self) -> Result<Option<String>, ReadError> {
        if self.position >= self.end {
            return Ok(None);
        }
        if !self.limits.pickle(self.name) {
            self.pickles.push(ScannedPickle::too_many(self.name));
            return Ok(None);
        }
        let found = next(self.source, self.position, self.limits)?;
        let PickleScan { globals, len, problem, .. } = &found;
        let last = globals.last().map_or_else(String::new, |last| last.name().to_owned());
        let (start, is_ended) = (self.position, problem.is_none());
        self.position = start.saturating_add(u64::try_from(*len).unwrap_or(u64::MAX));
        self.pickles.push(ScannedPickle::new(self.name, Some(start), found));
        Ok(is_ended.then_some(last))
    }

    fn number(&mut self) -> Result<Option<u64>, ReadError> {
        let Some(end) = self.position.checked_add(8).filter(|&end| end <= self.end) else {
            return Ok(None);
        };
        let mut bytes = [0; 8];
        let read = self.source.read_at(self.position, &mut bytes);
        read.map_err(|error| self.source.failed(error))?;
        self.position = end;
        Ok(Some(u64::from_le_bytes(bytes)))
    }

    fn pass(&mut self, bytes: Option<u64>) {
        self.position = self.position.saturating_add(bytes.unwrap_or(u64::MAX));
    }

    /// The number of storages; each as a pickle that ends with its class, its size and its bytes; the views.
    fn storages(&mut self) -> Result<(), ReadError> {
        let _ = self.pickle()?;
        while let Some(class) = self.pickle()? {
            // The views name no class and end the member.
            let Some(dtype) = DType::from_storage_class(&class) else { return Ok(()) };
            let size = u64::try_from(dtype.size()).ok();
            let numel = self.number()?;
            self.pass(numel.zip(size).and_then(|(numel, size)| numel.checked_mul(size)));
        }
        Ok(())
    }

    /// The number of tensors; each as a pickle, the number of its dimensions, sizes, strides and offset.
    fn tensors(&mut self) -> Result<(), ReadError> {
        let _ = self.pickle()?;
        while self.pickle()?.is_some() {
            let rank = self.number()?.map(|rank| rank & u64::from(u32::MAX));
            self.pass(rank.and_then(|rank| rank.checked_mul(16)?.checked_add(8)));
        }
        Ok(())
    }
}
