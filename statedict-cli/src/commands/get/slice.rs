//! A part of a tensor, by indices as NumPy has them.

use statedict::TensorView;

use crate::failure::Failure;

/// The index of one dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Index {
    /// One place, which leaves no dimension.
    At(i64),
    /// From one place to before another.
    Range(Option<i64>, Option<i64>),
}

/// The indices of the first dimensions; of the others everything is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slice(Vec<Index>);

/// As clap parses an argument.
pub(super) fn parse(text: &str) -> Result<Slice, String> {
    let wrong = |part: &str| format!("`{part}` is no index; write `3`, `-1`, `0:4`, `2:` or `:`");
    let number = |part: &str| match part.trim() {
        "" => Ok(None),
        digits => digits.parse::<i64>().map(Some).map_err(|_| wrong(part)),
    };
    let index = |part: &str| match part.split_once(':') {
        Some((start, end)) => Ok(Index::Range(number(start)?, number(end)?)),
        None => number(part)?.map(Index::At).ok_or_else(|| wrong(part)),
    };
    text.split(',').map(index).collect::<Result<_, _>>().map(Slice)
}

impl Slice {
    /// The part of the tensor.
    pub(super) fn of<'o>(&self, tensor: &TensorView<'o>) -> Result<TensorView<'o>, Failure> {
        let Slice(indices) = self;
        let rank = tensor.shape().len();
        if indices.len() > rank {
            return Err(
                format!("{} indices for a tensor of {rank} dimensions", indices.len()).into()
            );
        }
        let mut part = tensor.clone();
        let mut shape = Vec::new();
        for (dim, &size) in tensor.shape().iter().enumerate() {
            let len = i64::try_from(size)?;
            // Negative numbers count from the end.
            let place = |at: i64| if at < 0 { at.saturating_add(len) } else { at };
            let clamped = |at: i64| usize::try_from(place(at).clamp(0, len)).unwrap_or(0);
            let range = match indices.get(dim) {
                None => 0..size,
                Some(Index::At(at)) => {
                    let start = usize::try_from(place(*at)).ok().filter(|&start| start < size);
                    let start = start.ok_or_else(|| {
                        format!("index {at} is out of range for dimension {dim} of size {size}")
                    })?;
                    part = part.narrow(dim, start..start + 1)?;
                    continue;
                }
                Some(Index::Range(start, end)) => {
                    let start = start.map_or(0, clamped);
                    start..end.map_or(size, clamped).max(start)
                }
            };
            shape.push(range.len());
            part = part.narrow(dim, range)?;
        }
        Ok(part.reshape(shape)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_numpys() {
        let tensor = TensorView::from_vec((0..12i64).collect(), [3, 4]).unwrap();
        let part = |text: &str| {
            let part = parse(text).unwrap().of(&tensor).unwrap();
            (part.shape().to_vec(), part.to_vec::<i64>().unwrap())
        };
        assert_eq!(part("1"), (vec![4], vec![4, 5, 6, 7]));
        assert_eq!(part("-1,-2:"), (vec![2], vec![10, 11]));
        assert_eq!(part(":2,0"), (vec![2], vec![0, 4]));
        assert_eq!(part("2,3"), (vec![], vec![11]));
        assert_eq!(part("1:1"), (vec![0, 4], vec![]));
        assert_eq!(part("1:99,3:"), (vec![2, 1], vec![7, 11]));
        assert!(parse("3").unwrap().of(&tensor).is_err());
        assert!(parse("0,0,0").unwrap().of(&tensor).is_err());
        assert!(parse("x").is_err() && parse("").is_err());
    }
}
