//! The step that `nn.utils.spectral_norm` needs for files of before PyTorch 1.0.

use crate::migration::{MigrateError, Migration};
use crate::tensor::{TensorView, ViewError};

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
    use super::super::tests::migration;
    use super::*;

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
}
