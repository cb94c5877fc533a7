//! `inspect` for people: what a file holds, in some lines.

use std::collections::BTreeMap;
use std::io::Write;

use indexmap::IndexMap;
use statedict::{DType, TensorView};

use super::contents::Contents;
use crate::failure::{Failure, refused};
use crate::opened::Opened;
use crate::path;
use crate::printable::printable;
use crate::sizes::{bytes, count, plural};
use crate::terminal::{Screen, paint};
use crate::ties::Ties;
use crate::walk::{Found, Place, walk};

/// More of a kind than this are counted.
const MOST: usize = 12;

/// The buffers of PyTorch's own modules.
const STATISTICS: [&str; 3] = ["running_mean", "running_var", "num_batches_tracked"];

/// What the file holds, counted.
#[derive(Default)]
struct Summary<'o> {
    tensors: usize,
    elements: u64,
    nbytes: u64,
    /// Tensors that are no parameters: as the file says, or by their name or element type.
    buffers: usize,
    /// `true` where the file says so.
    tells_buffers: bool,
    values: usize,
    dtypes: BTreeMap<DType, usize>,
    versions: BTreeMap<Option<i64>, usize>,
    largest: Option<(String, TensorView<'o>)>,
    views: usize,
    elsewhere: BTreeMap<String, usize>,
    refused: Vec<(String, String)>,
}

impl<'o> Summary<'o> {
    fn tensor(
        &mut self,
        place: &Place<'_, '_>,
        tensor: TensorView<'o>,
        is_parameter: Option<bool>,
    ) {
        self.tensors += 1;
        self.elements += wide(tensor.numel());
        self.nbytes += wide(tensor.nbytes());
        *self.dtypes.entry(tensor.dtype()).or_default() += 1;
        self.views += usize::from(!tensor.is_contiguous());
        if tensor.location() != "cpu" {
            *self.elsewhere.entry(tensor.location().to_owned()).or_default() += 1;
        }
        if let Some(is_parameter) = is_parameter {
            self.tells_buffers = true;
            self.buffers += usize::from(!is_parameter);
        } else if let Some(key) = place.steps.last().and_then(path::text)
            && let Some((_, name)) = key.rsplit_once('.')
        {
            let is_number = tensor.dtype().is_floating_point() || tensor.dtype().is_complex();
            self.buffers += usize::from(STATISTICS.contains(&name) || !is_number);
        }
        if self.largest.as_ref().is_none_or(|(_, largest)| tensor.nbytes() > largest.nbytes()) {
            self.largest = Some((place.name(), tensor));
        }
    }

    fn add(&mut self, opened: &Opened, place: &Place<'_, 'o>, found: Found<'o>) {
        match found {
            Found::Tensor(tensor, _) => {
                self.tensor(place, tensor, opened.is_parameter(place.steps));
            }
            Found::Refused(refusal) => self.refused.push((place.name(), refused(refusal))),
            Found::Metadata(metadata) => {
                for (_, entry) in metadata.as_mapping().into_iter().flat_map(|dict| dict.iter()) {
                    let version = entry.get("version").and_then(|version| version.as_i64());
                    *self.versions.entry(version).or_default() += 1;
                }
            }
            Found::Leaf(_) | Found::Long(_) | Found::Cycle | Found::Same(_) => self.values += 1,
            Found::Container(_) | Found::Flag(_) => {}
        }
    }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Writes the summary, after everything was looked at: a refused file writes nothing.
pub(super) fn write(opened: &Opened, screen: &mut Screen) -> Result<(), Failure> {
    let mut summary = Summary::default();
    let mut contents = Contents::default();
    walk(opened, |place, found| {
        contents.add(place, &found);
        summary.add(opened, place, found);
        Ok(())
    })?;
    let ties = Ties::find(opened)?;
    let palette = screen.palette();
    let label = |word: &'static str| paint(palette.label, word);

    let name = opened.input.short_name();
    let (format, order, size) = (opened.format(), opened.byte_order(), bytes(opened.len));
    let title = paint(palette.title, printable(&name));
    writeln!(screen, "{title}   {format} · {order}-endian · {size}")?;
    if let Some(facts) = opened.archive_facts()? {
        writeln!(screen, "  {}  {}", label("format"), printable(&facts))?;
    }
    let tied: usize = ties.iter().map(|tie| tie.others.len()).sum();
    let Summary { tensors, values, .. } = summary;
    let storages = ties.storages;
    writeln!(
        screen,
        "  {} {tensors}     storages {storages}     tied {tied}     other values {values}",
        label("tensors")
    )?;
    if tensors > 0 {
        let (elements, size) = (count(summary.elements), bytes(summary.nbytes));
        write!(screen, "  {}    {elements} elements, {size}", label("size"))?;
        if summary.tells_buffers {
            let parameters = plural(summary.tensors - summary.buffers, "parameter");
            write!(screen, "; {parameters}, {}", plural(summary.buffers, "buffer"))?;
        } else if summary.buffers > 0 {
            // The file does not say more.
            write!(screen, "; at least {} by name or type", plural(summary.buffers, "buffer"))?;
        }
        writeln!(screen)?;
    }
    let dtypes: Vec<String> =
        summary.dtypes.iter().map(|(dtype, count)| format!("{dtype} {count}")).collect();
    if !dtypes.is_empty() {
        writeln!(screen, "  {}  {}", label("dtypes"), dtypes.join("  ·  "))?;
    }
    if !summary.versions.is_empty() {
        let modules: usize = summary.versions.values().sum();
        let versions: Vec<String> = summary
            .versions
            .iter()
            .map(|(version, count)| match version {
                Some(version) => format!("{version}: {count}"),
                None => format!("none: {count}"),
            })
            .collect();
        writeln!(screen, "  {} {modules}, versions {{{}}}", label("modules"), versions.join(", "))?;
    }
    if let Some((name, tensor)) = &summary.largest {
        let (shape, dtype, size) = (tensor.shape(), tensor.dtype(), bytes(wide(tensor.nbytes())));
        writeln!(screen, "  {} {name}  {shape} {dtype}  {size}", label("largest"))?;
    }
    contents.write(opened, screen)?;
    write_ties(&ties, screen)?;
    for (location, count) in &summary.elsewhere {
        let location = printable(location);
        writeln!(screen, "  {}    {} on {location}", label("place"), plural(*count, "tensor"))?;
    }
    let note = paint(palette.notable, "note");
    if summary.views > 0 {
        let views = plural(summary.views, "tensor");
        writeln!(screen, "  {note}    {views} of strides that are not contiguous")?;
    }
    if ties.shared > 0 {
        let shared = plural(ties.shared, "storage");
        writeln!(screen, "  {note}    different tensors share {shared}")?;
    }
    for warning in opened.warnings() {
        writeln!(screen, "  {note}    {}", printable(&warning))?;
    }
    let refused = paint(palette.bad, "refused");
    for (path, reason) in &summary.refused {
        writeln!(screen, "  {refused} {path}: {}", printable(reason))?;
    }
    Ok(())
}

/// The ties, those of one module and another together: `f3.{weight, bias} = fc.{weight, bias}`.
fn write_ties(ties: &Ties, screen: &mut Screen) -> Result<(), Failure> {
    let mut modules: IndexMap<(&str, &str), Vec<(&str, &str)>> = IndexMap::new();
    for tie in ties.iter() {
        for other in &tie.others {
            let ((a, name), (b, first)) = (split(other), split(&tie.first));
            modules.entry((a, b)).or_default().push((name, first));
        }
    }
    let palette = screen.palette();
    let label = paint(palette.tie, "tied");
    for ((a, b), names) in modules.iter().take(MOST) {
        let join = |names: Vec<&str>| match names[..] {
            [name] => name.to_owned(),
            _ => format!("{{{}}}", names.join(", ")),
        };
        let others = join(names.iter().map(|&(name, _)| name).take(MOST).collect());
        let firsts = join(names.iter().map(|&(_, first)| first).take(MOST).collect());
        let more = names.len().saturating_sub(MOST);
        let more = if more > 0 { format!("  and {more} more") } else { String::new() };
        writeln!(screen, "  {label}    {a}{others} = {b}{firsts}{more}")?;
    }
    if modules.len() > MOST {
        writeln!(screen, "  {label}    … and {} more", plural(modules.len() - MOST, "module"))?;
    }
    Ok(())
}

/// A key as what comes before its last dot, the dot included, and the rest; a longer path is whole.
fn split(name: &str) -> (&str, &str) {
    if name.contains(['[', '@']) {
        return (name, "");
    }
    name.split_at(name.rfind('.').map_or(0, |dot| dot + 1))
}
