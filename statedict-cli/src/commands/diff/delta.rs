//! How far the numbers of two tensors are from each other.

use serde_json::{Value as Json, json};
use statedict::TensorView;

use crate::failure::{Failure, chain};
use crate::numbers::{Numbers, check_size, decode, has_numbers};

/// How many elements are compared in one go.
const RUN: usize = 1 << 16;

/// How far the numbers of two tensors are from each other.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Delta {
    /// The largest difference of two elements; infinite where one is NaN and the other not.
    pub(super) max_abs: f64,
    /// How many numbers differ, of how many; a complex number is two.
    differing: usize,
    count: usize,
    /// Sums of squares and products.
    square_of_delta: f64,
    square_of_a: f64,
    square_of_b: f64,
    product: f64,
}

/// What comparing the bytes of two tensors of one shape gave.
pub(super) enum Compared {
    Identical,
    /// The numbers differ by this.
    Numbers(Delta),
    /// What the bytes stand for is not known, and they differ.
    Bytes,
}

/// Compares two tensors of one shape.
pub(super) fn compare(a: &TensorView<'_>, b: &TensorView<'_>) -> Result<Compared, Failure> {
    check_size(a.nbytes(), a.storage())?;
    check_size(b.nbytes(), b.storage())?;
    // Borrowed from the map where that is possible; only what is scattered is gathered.
    let (of_a, of_b) = (a.bytes().map_err(|error| chain(&error))?, b.bytes());
    let of_b = of_b.map_err(|error| chain(&error))?;
    if a.dtype() == b.dtype() && of_a == of_b {
        return Ok(Compared::Identical);
    }
    if !has_numbers(a.dtype()) || !has_numbers(b.dtype()) {
        return Ok(Compared::Bytes);
    }
    let mut delta = Delta::default();
    let of_a = of_a.chunks(RUN * a.dtype().size().max(1));
    for (a_run, b_run) in of_a.zip(of_b.chunks(RUN * b.dtype().size().max(1))) {
        match (decode(a_run, a.dtype())?, decode(b_run, b.dtype())?) {
            (Numbers::Signed(a), Numbers::Signed(b)) => {
                a.iter().zip(b).for_each(|(&a, b)| delta.add_integers(a.into(), b.into()));
            }
            (Numbers::Unsigned(a), Numbers::Unsigned(b)) => {
                a.iter().zip(b).for_each(|(&a, b)| delta.add_integers(a.into(), b.into()));
            }
            (a, b) => {
                let (a, b) = (a.into_floats(), b.into_floats());
                // Of a real and a complex tensor: the real one has no imaginary parts.
                let (a, b) = match a.len().cmp(&b.len()) {
                    std::cmp::Ordering::Less => (with_imaginary_parts(a), b),
                    std::cmp::Ordering::Equal => (a, b),
                    std::cmp::Ordering::Greater => (a, with_imaginary_parts(b)),
                };
                a.iter()
                    .zip(b)
                    .for_each(|(&a, b)| delta.add(a, b, a == b || (a.is_nan() && b.is_nan())));
            }
        }
    }
    Ok(Compared::Numbers(delta))
}

fn with_imaginary_parts(real: Vec<f64>) -> Vec<f64> {
    real.into_iter().flat_map(|number| [number, 0.0]).collect()
}

impl Numbers {
    fn into_floats(self) -> Vec<f64> {
        match self {
            Numbers::Signed(numbers) => numbers.into_iter().map(|number| number as f64).collect(),
            Numbers::Unsigned(numbers) => numbers.into_iter().map(|number| number as f64).collect(),
            Numbers::Float(numbers) => numbers,
        }
    }
}

impl Delta {
    fn add_integers(&mut self, a: i128, b: i128) {
        self.add(a as f64, b as f64, a == b);
        // What rounding has made equal is not.
        if a != b {
            self.max_abs = self.max_abs.max((a - b).unsigned_abs() as f64);
        }
    }

    fn add(&mut self, a: f64, b: f64, is_same: bool) {
        self.count += 1;
        self.square_of_a += a * a;
        self.square_of_b += b * b;
        self.product += a * b;
        if is_same {
            return;
        }
        self.differing += 1;
        let delta = (a - b).abs();
        self.square_of_delta += delta * delta;
        self.max_abs = self.max_abs.max(if delta.is_nan() { f64::INFINITY } else { delta });
    }

    /// The length of the difference, in lengths of the first tensor.
    fn rel_l2(&self) -> f64 {
        (self.square_of_delta / self.square_of_a).sqrt()
    }

    /// The cosine of the angle between both.
    fn cosine(&self) -> f64 {
        self.product / (self.square_of_a.sqrt() * self.square_of_b.sqrt())
    }

    pub(super) fn text(&self) -> String {
        let number = |number: f64| match number.is_finite() {
            true => format!("{number:.1e}"),
            false => number.to_string(),
        };
        if self.differing == 0 {
            return "equal numbers in other bytes".to_owned();
        }
        let (max, rel) = (number(self.max_abs), number(self.rel_l2()));
        let Delta { differing, count, .. } = self;
        // There is no angle to a tensor of zeros.
        let angle = match self.cosine() {
            cosine if cosine.is_nan() => String::new(),
            cosine => format!("   cos {cosine:.4}"),
        };
        format!("max|Δ| {max}   rel L2 {rel}{angle}   {differing} of {count}")
    }

    pub(super) fn json(&self) -> Json {
        // What is not finite has no number in JSON, and is null.
        json!({
            "max_abs": self.max_abs,
            "rel_l2": self.rel_l2(),
            "cosine": self.cosine(),
            "differing": self.differing,
            "count": self.count,
        })
    }
}

#[cfg(test)]
mod tests {
    use statedict::DType;

    use super::*;

    fn delta(a: &TensorView<'_>, b: &TensorView<'_>) -> Delta {
        let Ok(Compared::Numbers(delta)) = compare(a, b) else { panic!() };
        delta
    }

    fn floats(numbers: &[f32]) -> TensorView<'static> {
        TensorView::from_vec(numbers.to_vec(), [numbers.len()]).unwrap()
    }

    #[test]
    fn the_largest_difference_the_length_and_the_angle() {
        let found = delta(&floats(&[3.0, 4.0, 0.0]), &floats(&[3.0, 4.0, 5.0]));
        assert_eq!((found.max_abs, found.differing, found.count), (5.0, 1, 3));
        assert_eq!(found.rel_l2(), 1.0);
        assert!((found.cosine() - 25.0 / (5.0 * 50f64.sqrt())).abs() < 1e-12);
    }

    #[test]
    fn nan_is_the_same_as_nan_and_far_from_everything_else() {
        let found = delta(&floats(&[f32::NAN, 1.0]), &floats(&[f32::NAN, 2.0]));
        assert_eq!((found.max_abs, found.differing), (1.0, 1));
        let found = delta(&floats(&[f32::NAN, 1.0]), &floats(&[0.0, 1.0]));
        assert_eq!((found.max_abs, found.differing), (f64::INFINITY, 1));
        let same = floats(&[f32::INFINITY, f32::NAN]);
        assert!(matches!(compare(&same, &same.clone()), Ok(Compared::Identical)));
        let found = delta(&floats(&[f32::INFINITY, 0.0]), &floats(&[f32::INFINITY, -0.0]));
        assert_eq!((found.max_abs, found.differing), (0.0, 0));
    }

    #[test]
    fn integers_that_floating_point_cannot_tell_apart_differ() {
        let int = |number| TensorView::from_vec(vec![number], [1]).unwrap();
        let found = delta(&int(i64::MAX - 1), &int(i64::MAX));
        assert_eq!((found.max_abs, found.differing), (1.0, 1));
    }

    #[test]
    fn other_element_types_are_compared_by_their_numbers() {
        let wide = floats(&[1.0, 1.001]);
        let found = delta(&wide, &wide.cast(DType::BF16).unwrap());
        assert!(found.differing == 1 && found.max_abs < 0.002);
        let found = delta(&wide, &wide.cast(DType::C64).unwrap());
        assert_eq!((found.differing, found.count), (0, 4));
    }
}
