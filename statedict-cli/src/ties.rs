//! Names that lead to one tensor.

use std::collections::HashMap;

use statedict::{DType, TensorView};

use crate::failure::Failure;
use crate::opened::Opened;
use crate::walk::{Found, walk};

/// A storage, within the file.
pub(crate) type StorageKey = (usize, u32);

/// Numbers storages in the order in which they are met.
#[derive(Default)]
pub(crate) struct Numbering(HashMap<StorageKey, usize>);

impl Numbering {
    pub(crate) fn of(&mut self, tensor: &TensorView<'_>) -> usize {
        let next = self.0.len();
        *self.0.entry(tensor.storage().identity()).or_insert(next)
    }
}

/// Everything by which two views of a storage are the same.
#[derive(PartialEq, Eq, Hash)]
struct Form {
    storage: StorageKey,
    offset: usize,
    dtype: DType,
    shape: Vec<usize>,
    strides: Vec<isize>,
    conj: bool,
    neg: bool,
}

impl Form {
    fn of(tensor: &TensorView<'_>) -> Self {
        Form {
            storage: tensor.storage().identity(),
            offset: tensor.storage_offset(),
            dtype: tensor.dtype(),
            shape: tensor.shape().to_vec(),
            strides: tensor.strides().to_vec(),
            conj: tensor.is_conj(),
            neg: tensor.is_neg(),
        }
    }
}

/// A tensor of several names.
pub(crate) struct Tie {
    /// Its first name.
    pub(crate) first: String,
    /// Its other names.
    pub(crate) others: Vec<String>,
    /// From 1, in the order of the file.
    pub(crate) number: usize,
}

/// The tensors of a file that have several names.
#[derive(Default)]
pub(crate) struct Ties {
    ties: Vec<Tie>,
    by_form: HashMap<Form, usize>,
    /// How many storages there are.
    pub(crate) storages: usize,
    /// How many storages different views share.
    pub(crate) shared: usize,
}

impl Ties {
    /// Finds them. What has one name only costs a number.
    pub(crate) fn find(opened: &Opened) -> Result<Self, Failure> {
        let mut uses: HashMap<StorageKey, u32> = HashMap::new();
        walk(opened, |_, found| {
            if let Found::Tensor(tensor, _) = found {
                let count = uses.entry(tensor.storage().identity()).or_default();
                *count = count.saturating_add(u32::from(tensor.numel() > 0));
            }
            Ok(())
        })?;
        let storages = uses.len();
        uses.retain(|_, count| *count > 1);
        let mut forms: HashMap<Form, usize> = HashMap::new();
        let mut all: Vec<Tie> = Vec::new();
        let mut views: HashMap<StorageKey, u32> = HashMap::new();
        // A small file can give one tensor very many names.
        let mut room = opened.allowed.saturating_mul(4).saturating_add(1 << 20);
        if !uses.is_empty() {
            walk(opened, |place, found| {
                let Found::Tensor(tensor, _) = found else { return Ok(()) };
                let storage = tensor.storage().identity();
                if tensor.numel() == 0 || !uses.contains_key(&storage) {
                    return Ok(());
                }
                let name = place.name();
                match forms.get(&Form::of(&tensor)) {
                    Some(&index) => {
                        let cost = u64::try_from(name.len())?.saturating_add(32);
                        let others = &mut all[index].others;
                        match room.checked_sub(cost) {
                            Some(left) => {
                                room = left;
                                others.push(name);
                            }
                            None if others.last().is_none_or(|last| last != "…") => {
                                others.push("…".to_owned());
                            }
                            None => {}
                        }
                    }
                    None => {
                        forms.insert(Form::of(&tensor), all.len());
                        all.push(Tie { first: name, others: Vec::new(), number: 0 });
                        *views.entry(storage).or_default() += 1;
                    }
                }
                Ok(())
            })?;
        }
        // Only those with several names stay.
        let mut place = vec![None; all.len()];
        let mut ties = Vec::new();
        for (index, mut tie) in all.into_iter().enumerate() {
            if !tie.others.is_empty() {
                place[index] = Some(ties.len());
                tie.number = ties.len() + 1;
                ties.push(tie);
            }
        }
        let by_form =
            forms.into_iter().filter_map(|(form, index)| Some((form, place[index]?))).collect();
        let shared = views.values().filter(|&&count| count > 1).count();
        Ok(Ties { ties, by_form, storages, shared })
    }

    /// The tie that a tensor belongs to.
    pub(crate) fn of(&self, tensor: &TensorView<'_>) -> Option<&Tie> {
        if self.by_form.is_empty() || tensor.numel() == 0 {
            return None;
        }
        self.by_form.get(&Form::of(tensor)).map(|&index| &self.ties[index])
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Tie> {
        self.ties.iter()
    }
}
