//! The migrations that PyTorch's own modules do, as steps to use in models of yours.
//!
//! Each is a function on [`Migration`], to be called from a `#[migrate(to = N, with = ...)]` step.
//! What `nn.BatchNorm2d` does (its version 2 counts batches) needs no step: it is `#[since(2)]` on
//! `num_batches_tracked`.

mod spectral_norm;

use crate::migration::{MigrateError, Migration};
use crate::tensor::ViewError;

pub use spectral_norm::spectral_norm;

/// `nn.utils.weight_norm` to `nn.utils.parametrizations.weight_norm`: `NAME_g` and `NAME_v` become
/// `parametrizations.NAME.original0` and `original1`. Nothing happens unless both are there, as in PyTorch.
///
/// ```
/// use statedict::prelude::*;
/// use statedict::{Migration, migrations};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut map = StateMap::new();
/// map.insert("weight_g", TensorView::full(1.0f32, [2, 1])?);
/// map.insert("weight_v", TensorView::full(1.0f32, [2, 3])?);
/// let map = Migration::run_alone(map, |m| migrations::weight_norm(m, "weight"))?;
/// let keys: Vec<&str> = map.keys().collect();
/// assert_eq!(keys, ["parametrizations.weight.original0", "parametrizations.weight.original1"]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where a new name is taken.
pub fn weight_norm(migration: &mut Migration<'_>, name: &str) -> Result<(), MigrateError> {
    let (g, v) = (format!("{name}_g"), format!("{name}_v"));
    if migration.contains(&g) && migration.contains(&v) {
        migration.rename(&g, &format!("parametrizations.{name}.original0"))?;
        migration.rename(&v, &format!("parametrizations.{name}.original1"))?;
    }
    Ok(())
}

/// The packed projections of `nn.MultiheadAttention` into three: `in_proj_weight` and, if there is
/// one, `in_proj_bias` are cut along dimension 0 into `NAME.weight` and `NAME.bias` for each name.
/// The pieces are views; no byte is copied.
///
/// ```
/// use statedict::prelude::*;
/// use statedict::{Migration, migrations};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut map = StateMap::new();
/// map.insert("in_proj_weight", TensorView::full(1.0f32, [6, 2])?);
/// let map = Migration::run_alone(map, |m| migrations::unpack_in_proj(m, ["q", "k", "v"]))?;
/// assert_eq!(map.keys().collect::<Vec<_>>(), ["q.weight", "k.weight", "v.weight"]);
/// assert_eq!(map.get("k.weight").unwrap().shape(), &[2, 2]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where there is no `in_proj_weight`, it does not divide by three, or a new name is taken.
pub fn unpack_in_proj(migration: &mut Migration<'_>, names: [&str; 3]) -> Result<(), MigrateError> {
    for (packed, part) in [("in_proj_weight", "weight"), ("in_proj_bias", "bias")] {
        if part == "bias" && !migration.contains(packed) {
            continue;
        }
        let rows = migration.get(packed)?.shape().first().copied().unwrap_or(0);
        if rows % 3 != 0 {
            let sizes = vec![rows / 3; 3];
            let source = ViewError::Split { sizes, size: rows };
            return Err(MigrateError::View { key: packed.to_owned(), source });
        }
        let keys = names.map(|name| format!("{name}.{part}"));
        let pieces: Vec<(&str, usize)> = keys.iter().map(|key| (key.as_str(), rows / 3)).collect();
        migration.split(packed, 0, &pieces)?;
    }
    Ok(())
}

/// The reverse of [`unpack_in_proj`]: three projections into the packed ones of `nn.MultiheadAttention`.
///
/// # Errors
/// Where one is missing, or they do not fit.
pub fn pack_in_proj(migration: &mut Migration<'_>, names: [&str; 3]) -> Result<(), MigrateError> {
    for (packed, part) in [("in_proj_weight", "weight"), ("in_proj_bias", "bias")] {
        let keys = names.map(|name| format!("{name}.{part}"));
        let keys: [&str; 3] = std::array::from_fn(|index| keys[index].as_str());
        if part == "weight" || keys.iter().any(|key| migration.contains(key)) {
            migration.cat(&keys, 0, packed)?;
        }
    }
    Ok(())
}

/// Does what `nn.InstanceNorm1d` and its kin do without running statistics: a file from before PyTorch 0.4,
/// which says no version, is refused with PyTorch's text where it has statistics.
///
/// `prefix` is the path of the module with a dot behind it (`""` at the root), for the text alone.
///
/// # Errors
/// Where there are statistics in a file that says no version.
pub fn instance_norm_without_stats(
    migration: &Migration<'_>,
    class: &str,
    prefix: &str,
) -> Result<(), MigrateError> {
    let found: Vec<String> = ["running_mean", "running_var"]
        .into_iter()
        .filter(|name| migration.contains(name))
        .map(|name| format!("\"{prefix}{name}\""))
        .collect();
    if found.is_empty() || migration.from_version().is_some() {
        return Ok(());
    }
    Err(MigrateError::message(format!(
        "Unexpected running stats buffer(s) {} for {class} with track_running_stats=False. \
         If state_dict is a checkpoint saved before 0.4.0, this may be expected because {class} \
         does not track running stats by default since 0.4.0. Please remove these keys from \
         state_dict. If the running stats are actually needed, instead set \
         track_running_stats=True in {class} to enable them. See the documentation of {class} \
         for details.",
        found.join(" and ")
    )))
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;
    use crate::map::Part;
    use crate::tensor::TensorView;

    pub(super) fn migration(entries: &[(&str, Vec<f32>, &[usize])]) -> Migration<'static> {
        let entry = |(key, elements, shape): &(&str, Vec<f32>, &[usize])| {
            let tensor = TensorView::from_vec(elements.clone(), *shape).unwrap();
            (key.to_string(), Part::Tensor(tensor))
        };
        Migration::new("", entries.iter().map(entry).collect::<IndexMap<_, _>>(), None, None)
    }

    #[test]
    fn packing_undoes_unpacking() {
        let weight: Vec<f32> = (0u8..12).map(f32::from).collect();
        let mut m = migration(&[
            ("in_proj_weight", weight.clone(), &[6, 2]),
            ("in_proj_bias", vec![1.0; 6], &[6]),
        ]);
        unpack_in_proj(&mut m, ["q", "k", "v"]).unwrap();
        assert_eq!(m.get("k.weight").unwrap().to_vec::<f32>().unwrap(), [4.0, 5.0, 6.0, 7.0]);
        pack_in_proj(&mut m, ["q", "k", "v"]).unwrap();
        assert_eq!(m.keys().collect::<Vec<_>>(), ["in_proj_weight", "in_proj_bias"]);
        assert_eq!(m.get("in_proj_weight").unwrap().to_vec::<f32>().unwrap(), weight);
        let mut m = migration(&[("in_proj_weight", vec![0.0; 4], &[4, 1])]);
        assert!(unpack_in_proj(&mut m, ["q", "k", "v"]).is_err());
    }

    #[test]
    fn weight_norm_needs_both_parts() {
        let mut m = migration(&[("weight_g", vec![1.0], &[1])]);
        weight_norm(&mut m, "weight").unwrap();
        assert_eq!(m.keys().collect::<Vec<_>>(), ["weight_g"]);
    }

    #[test]
    fn statistics_of_an_unversioned_instance_norm_are_refused_in_torchs_words() {
        let m = migration(&[("running_mean", vec![0.0], &[1]), ("running_var", vec![0.0], &[1])]);
        let text = instance_norm_without_stats(&m, "InstanceNorm1d", "n.").unwrap_err().to_string();
        assert!(text.starts_with(
            "Unexpected running stats buffer(s) \"n.running_mean\" and \"n.running_var\" for \
             InstanceNorm1d with track_running_stats=False. If state_dict is a checkpoint saved before 0.4.0,"
        ));
        assert!(text.ends_with("See the documentation of InstanceNorm1d for details."));
    }
}
