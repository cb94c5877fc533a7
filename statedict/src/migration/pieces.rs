//! The migrations that PyTorch's own modules do, as steps to use in models of yours.
//!
//! Each is a function on [`Migration`], to be called from a `#[migrate(to = N, with = ...)]` step.
//! What `nn.BatchNorm2d` does (its version 2 counts batches) needs no step: it is `#[since(2)]` on
//! `num_batches_tracked`.

use crate::migration::{MigrateError, Migration};
use crate::tensor::{TensorView, ViewError};

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

/// What `nn.InstanceNorm1d` and its kin do without running statistics: a file from before PyTorch 0.4,
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

/// `nn.utils.spectral_norm` of before PyTorch 1.0, which kept `NAME_orig`, `NAME` and `NAME_u`: computes
/// `NAME_v` from them and drops `NAME`. `dim` is the dimension of the outputs: 0 for linear layers and convolutions,
/// 1 for transposed convolutions. A file that has `NAME_v` and no `NAME` is new already.
///
/// The elements must be `float32`. They are read here, not when the result is loaded.
///
/// # Errors
/// Where one of the three is missing, they do not fit, or they cannot be read.
pub fn spectral_norm(
    migration: &mut Migration<'_>,
    name: &str,
    dim: usize,
) -> Result<(), MigrateError> {
    let [orig, u, v] = ["orig", "u", "v"].map(|suffix| format!("{name}_{suffix}"));
    let all = [&orig, &u, &v].into_iter().all(|key| migration.contains(key));
    if all && !migration.contains(name) {
        return Ok(());
    }
    let weight = migration.get(name)?.to_vec::<f32>()?;
    let direction = migration.get(&u)?.to_vec::<f32>()?;
    let orig = migration.get(&orig)?;
    let ratios = orig.to_vec::<f32>()?.into_iter().zip(&weight).map(|(orig, weight)| orig / weight);
    let sigma = ratios.map(f64::from).sum::<f64>()
        / f64::from(u32::try_from(weight.len()).unwrap_or(u32::MAX));
    let matrix = Matrix::new(orig, dim)?;
    if matrix.rows != direction.len() {
        return Err(MigrateError::message(format!(
            "`{u}` has {} elements for {} outputs",
            direction.len(),
            matrix.rows
        )));
    }
    let direction: Vec<f64> = direction.into_iter().map(f64::from).collect();
    let solution = matrix.solve(&direction);
    let scale = sigma / dot(&direction, &matrix.times(&solution));
    #[expect(clippy::cast_possible_truncation, reason = "the file's precision is that of f32")]
    let solution: Vec<f32> = solution.into_iter().map(|x| (x * scale) as f32).collect();
    let shape = [solution.len()];
    migration.remove(name)?;
    migration.insert(v, TensorView::from_vec(solution, shape)?)
}

/// A weight as PyTorch's spectral norm sees it: outputs by everything else.
struct Matrix {
    rows: usize,
    columns: usize,
    elements: Vec<f64>,
}

impl Matrix {
    fn new(weight: &TensorView<'_>, dim: usize) -> Result<Self, MigrateError> {
        let shape = weight.shape();
        let rows = *shape.get(dim).ok_or_else(|| ViewError::Dim { dim, shape: shape.clone() })?;
        // The dimension to the front, the others in their order.
        let front =
            (0..dim).rev().try_fold(weight.clone(), |w, index| w.transpose(index, index + 1))?;
        let elements: Vec<f64> = front.to_vec::<f32>()?.into_iter().map(f64::from).collect();
        let columns = elements.len().checked_div(rows).unwrap_or(0);
        Ok(Matrix { rows, columns, elements })
    }

    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.elements.chunks(self.columns.max(1))
    }

    fn times(&self, x: &[f64]) -> Vec<f64> {
        self.rows().map(|row| dot(row, x)).collect()
    }

    fn transposed_times(&self, y: &[f64]) -> Vec<f64> {
        let mut product = vec![0.0; self.columns];
        for (row, y) in self.rows().zip(y) {
            product.iter_mut().zip(row).for_each(|(sum, element)| *sum += element * y);
        }
        product
    }

    /// The shortest `x` for which `self · x` is nearest to `y`, by conjugate gradients on the normal
    /// equations: from zero they never leave the row space, and so end at the shortest.
    fn solve(&self, y: &[f64]) -> Vec<f64> {
        let mut x = vec![0.0; self.columns];
        let mut residual = y.to_vec();
        let mut gradient = self.transposed_times(&residual);
        let mut step = gradient.clone();
        let mut norm = dot(&gradient, &gradient);
        let enough = norm * 1e-28;
        for _ in 0..4 * self.rows.min(self.columns) {
            if norm <= enough {
                break;
            }
            let moved = self.times(&step);
            let length = norm / dot(&moved, &moved);
            x.iter_mut().zip(&step).for_each(|(x, step)| *x += length * step);
            residual.iter_mut().zip(&moved).for_each(|(left, moved)| *left -= length * moved);
            gradient = self.transposed_times(&residual);
            let next = dot(&gradient, &gradient);
            let kept = next / norm;
            step.iter_mut().zip(&gradient).for_each(|(step, new)| *step = new + kept * *step);
            norm = next;
        }
        x
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;

    fn migration(entries: &[(&str, Vec<f32>, &[usize])]) -> Migration<'static> {
        let entry = |(key, elements, shape): &(&str, Vec<f32>, &[usize])| {
            (key.to_string(), TensorView::from_vec(elements.clone(), *shape).unwrap())
        };
        Migration::new(entries.iter().map(entry).collect::<IndexMap<_, _>>(), None)
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
    fn the_recovered_direction_is_the_one_that_gave_u() {
        // u = normalize(W v), weight = W / sigma with sigma = u W v, as one training step leaves it.
        let w = [[2.0f64, 0.5, -1.0], [0.25, 1.5, 0.75]];
        let v = [0.6f64, 0.0, 0.8];
        let wv: Vec<f64> = w.iter().map(|row| dot(row, &v)).collect();
        let norm = dot(&wv, &wv).sqrt();
        let to_f32 = |x: f64| -> f32 { x.to_string().parse().unwrap() };
        let u: Vec<f32> = wv.iter().map(|x| to_f32(x / norm)).collect();
        let orig: Vec<f32> = w.as_flattened().iter().map(|&x| to_f32(x)).collect();
        let weight: Vec<f32> = w.as_flattened().iter().map(|&x| to_f32(x / norm)).collect();
        let mut m = migration(&[
            ("weight_orig", orig, &[2, 3]),
            ("weight", weight, &[2, 3]),
            ("weight_u", u.clone(), &[2]),
        ]);
        spectral_norm(&mut m, "weight", 0).unwrap();
        assert_eq!(m.keys().collect::<Vec<_>>(), ["weight_orig", "weight_u", "weight_v"]);
        let found = m.get("weight_v").unwrap().to_vec::<f32>().unwrap();
        let found: Vec<f64> = found.into_iter().map(f64::from).collect();
        // W v points along u, and u W v is sigma.
        let back: Vec<f64> = w.iter().map(|row| dot(row, &found)).collect();
        for (back, u) in back.iter().zip(&u) {
            assert!((back / norm - f64::from(*u)).abs() < 1e-6, "{back} {u}");
        }
        // New files are left alone.
        let before: Vec<String> = m.keys().map(str::to_owned).collect();
        spectral_norm(&mut m, "weight", 0).unwrap();
        assert_eq!(m.keys().collect::<Vec<_>>(), before);
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
