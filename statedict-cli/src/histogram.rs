//! How the elements of a tensor are distributed: read run by run, exact.

use statedict::{DType, TensorView};

use crate::failure::{Failure, chain};
use crate::numbers::{Numbers, check_size, decode, has_numbers};

/// How many elements become numbers in one go.
const RUN: usize = 1 << 14;

/// What there is to say of the elements of a tensor; of complex ones, of their absolute values.
pub(crate) struct Histogram {
    /// How many elements were looked at.
    pub(crate) looked: u64,
    /// Whether these are all.
    pub(crate) all: bool,
    pub(crate) nan: u64,
    /// How many are infinite, of either sign.
    pub(crate) infinite: u64,
    pub(crate) zeros: u64,
    /// Of the finite ones; none where there are none.
    pub(crate) spread: Option<Spread>,
}

/// The finite elements.
pub(crate) struct Spread {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) mean: f64,
    /// As `torch.std`: with n - 1. Of one element, NaN.
    pub(crate) std: f64,
    /// How many are in each of the equal parts of what is between `low` and `high`; the last includes `high`.
    pub(crate) bins: Vec<u64>,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// The first look: everything but the bins, which need the range.
#[derive(Default)]
struct Moments {
    finite: u64,
    nan: u64,
    infinite: u64,
    zeros: u64,
    mean: f64,
    /// The sum of squared distances from the mean.
    squares: f64,
    min: f64,
    max: f64,
}

impl Moments {
    fn add(&mut self, number: f64) {
        if number.is_nan() {
            self.nan += 1;
            return;
        }
        if number.is_infinite() {
            self.infinite += 1;
            return;
        }
        self.zeros += u64::from(number == 0.0);
        if self.finite == 0 {
            (self.min, self.max) = (number, number);
        }
        self.finite += 1;
        self.min = self.min.min(number);
        self.max = self.max.max(number);
        // Welford's way loses nothing where the mean is far from zero.
        let distance = number - self.mean;
        self.mean += distance / self.finite as f64;
        self.squares += distance * (number - self.mean);
    }
}

/// The distribution of a tensor's elements in `bins` parts; where there are more than `most`, of as many
/// of them, in runs from everywhere.
pub(crate) fn measure(
    tensor: &TensorView<'_>,
    bins: usize,
    most: Option<usize>,
) -> Result<Histogram, Failure> {
    let dtype = tensor.dtype();
    if !has_numbers(dtype) {
        return Err(format!("the elements of a {dtype} tensor are no numbers").into());
    }
    if tensor.location() == "meta" {
        return Err("a tensor on meta has no elements".into());
    }
    check_size(tensor.nbytes(), tensor.storage())?;
    let bytes = tensor.bytes().map_err(|error| chain(&error))?;
    let mut moments = Moments::default();
    let looked = each(&bytes, dtype, most, |number| moments.add(number))?;
    let all = looked == tensor.numel();
    let spread = match moments.finite {
        0 => None,
        finite => {
            let (low, high, bins) = range(&moments, dtype, bins);
            let mut counts = vec![0; bins];
            let last = bins.saturating_sub(1);
            // Halved, so that the distance of the largest numbers is none that is infinite.
            let width = high / 2.0 - low / 2.0;
            each(&bytes, dtype, most, |number| {
                if number.is_finite() {
                    let part = (number / 2.0 - low / 2.0) / width;
                    counts[place(part, last)] += 1;
                }
            })?;
            let std = (moments.squares / (finite as f64 - 1.0)).sqrt();
            let std = if finite == 1 { f64::NAN } else { std };
            let Moments { min, max, mean, .. } = moments;
            Some(Spread { min, max, mean, std, bins: counts, low, high })
        }
    };
    let Moments { nan, infinite, zeros, .. } = moments;
    Ok(Histogram { looked: u64::try_from(looked)?, all, nan, infinite, zeros, spread })
}

/// What the bins are parts of. Of few whole numbers each gets its own.
fn range(moments: &Moments, dtype: DType, bins: usize) -> (f64, f64, usize) {
    let (min, max) = (moments.min, moments.max);
    let whole = !dtype.is_floating_point() && !dtype.is_complex();
    let distinct = max - min + 1.0;
    if whole && distinct <= bins as f64 {
        let bins = (1..=bins).find(|&bins| bins as f64 >= distinct).unwrap_or(bins);
        return (min - 0.5, max + 0.5, bins);
    }
    if min == max {
        // All are equal: one bin around them.
        let around = (min.abs() / 2.0).max(0.5);
        return (min - around, max + around, 1);
    }
    (min, max, bins)
}

/// The bin of what is `part` of the way along; `last` is the last one.
fn place(part: f64, last: usize) -> usize {
    let bins = last as f64 + 1.0;
    // Truncation is meant: `part` is from 0 to 1.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let place = (part.clamp(0.0, 1.0) * bins) as usize;
    place.min(last)
}

/// Tells of elements as numbers; returns how many.
fn each(
    bytes: &[u8],
    dtype: DType,
    most: Option<usize>,
    mut tell: impl FnMut(f64),
) -> Result<usize, Failure> {
    let run = RUN * dtype.size().max(1);
    let runs = bytes.len().div_ceil(run);
    let wanted = most.map_or(runs, |most| most.div_ceil(RUN).max(1)).min(runs);
    let mut looked = 0;
    for number in 0..wanted {
        // Evenly from everywhere.
        let start = (number * runs / wanted) * run;
        let bytes = bytes.get(start..bytes.len().min(start + run)).unwrap_or_default();
        looked += bytes.len() / dtype.size().max(1);
        match decode(bytes, dtype)? {
            Numbers::Signed(numbers) => numbers.iter().for_each(|&number| tell(number as f64)),
            Numbers::Unsigned(numbers) => numbers.iter().for_each(|&number| tell(number as f64)),
            Numbers::Float(numbers) if dtype.is_complex() => {
                numbers
                    .chunks(2)
                    .for_each(|parts| tell(parts.iter().fold(0.0, |a, b| a.hypot(*b))));
            }
            Numbers::Float(numbers) => numbers.into_iter().for_each(&mut tell),
        }
    }
    Ok(looked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_is_in_one_bin() {
        let numbers: Vec<f32> = (0..100u8).map(f32::from).collect();
        let tensor = TensorView::from_vec(numbers, [100]).unwrap();
        for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16, DType::C64] {
            let found = measure(&tensor.cast(dtype).unwrap(), 10, None).unwrap();
            let spread = found.spread.unwrap();
            assert_eq!(spread.bins, [10; 10], "{dtype}");
            assert_eq!((spread.min, spread.max, spread.mean), (0.0, 99.0, 49.5), "{dtype}");
            assert!((spread.std - 29.011_491_975_882_016).abs() < 1e-9, "{dtype}");
            assert_eq!((found.zeros, found.looked, found.all), (1, 100, true), "{dtype}");
        }
    }

    #[test]
    fn what_is_not_finite_is_counted_apart() {
        let numbers = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, -0.0];
        let tensor = TensorView::from_vec(numbers, [6]).unwrap();
        let found = measure(&tensor, 2, None).unwrap();
        assert_eq!((found.nan, found.infinite, found.zeros), (1, 2, 1));
        assert_eq!(found.spread.unwrap().bins, [1, 2]);
    }

    #[test]
    fn few_whole_numbers_have_a_bin_each() {
        let tensor = TensorView::from_vec(vec![3i64, 5, 5, 3, 3], [5]).unwrap();
        let spread = measure(&tensor, 20, None).unwrap().spread.unwrap();
        assert_eq!((spread.bins, spread.low, spread.high), (vec![3, 0, 2], 2.5, 5.5));
        let tensor = TensorView::from_vec(vec![0.25f32; 5], [5]).unwrap();
        assert_eq!(measure(&tensor, 20, None).unwrap().spread.unwrap().bins, [5]);
        let none = TensorView::from_vec(Vec::<f32>::new(), [0]).unwrap();
        assert!(measure(&none, 20, None).unwrap().spread.is_none());
    }

    #[test]
    fn a_sample_is_said_to_be_one() {
        let tensor = TensorView::from_vec(vec![1.0f32; RUN * 10 + 1], [RUN * 10 + 1]).unwrap();
        let found = measure(&tensor, 4, Some(RUN * 2)).unwrap();
        assert!(!found.all && found.looked > 0);
        assert!(measure(&tensor, 4, Some(RUN * 20)).unwrap().all);
    }
}
