//! What did not fit, in mmcv's words.

use crate::load::LoadReport;

/// Which batch normalisation counts its batches in: mmcv does not miss them.
const UNMISSED: &str = "num_batches_tracked";

/// Returns what a load that was not strict left out, as the text that mmcv's `load_checkpoint` logs. `None` where
/// everything fitted.
///
/// As in mmcv, missing `num_batches_tracked` are not mentioned. Its list of missing keys is in no order;
/// ours is in the model's.
///
/// ```
/// use statedict::hub;
/// use statedict::prelude::*;
/// use statedict::LoadOptions;
///
/// #[derive(StateDict)]
/// struct Head {
///     #[param]
///     weight: Vec<f32>,
///     #[param]
///     bias: Vec<f32>,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut map = StateMap::new();
/// map.insert("weight", TensorView::from_vec(vec![0.0f32; 1000], [1000])?);
///
/// let mut head = Head { weight: vec![0.0; 10], bias: vec![0.0; 10] };
/// let options = LoadOptions::new().strict(false).ignore_mismatched(true);
/// let report = head.load_state_dict_with(&map, &options)?;
/// assert_eq!(
///     hub::mismatch_report(&report).unwrap(),
///     "The model and loaded state dict do not match exactly\n\n\
///      missing keys in source state_dict: bias\n\n\
///      these keys have mismatched shape:\n\
///      +--------+------------------+--------------------+\n\
///      | key    | expected shape   | loaded shape       |\n\
///      +--------+------------------+--------------------+\n\
///      | weight | torch.Size([10]) | torch.Size([1000]) |\n\
///      +--------+------------------+--------------------+",
/// );
/// # Ok(())
/// # }
/// ```
pub fn mismatch_report(report: &LoadReport) -> Option<String> {
    let missed = report.missing.iter().filter(|key| !key.contains(UNMISSED));
    let missing: Vec<&str> = missed.collect();
    let mut parts = vec!["The model and loaded state dict do not match exactly\n".to_owned()];
    if !report.unexpected.is_empty() {
        let keys = report.unexpected.join(", ");
        parts.push(format!("unexpected key in source state_dict: {keys}\n"));
    }
    if !missing.is_empty() {
        parts.push(format!("missing keys in source state_dict: {}\n", missing.join(", ")));
    }
    if let Some(table) = report.mismatch_table() {
        parts.push(format!("these keys have mismatched shape:\n{table}"));
    }
    (parts.len() > 1).then(|| parts.join("\n"))
}
