//! `statedict tree`.

mod layout;
mod nodes;

use std::io::Write;

use serde_json::json;

use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome};
use crate::glob::Filter;
use crate::inputs::Input;
use crate::opened::{Opened, Opening};
use crate::printable::printable;
use crate::sizes::{bytes, count, plural};
use crate::terminal::{Palette, Screen, paint, shorten};
use layout::Line;
use nodes::{Content, Node, Nodes};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Modules whose names are numbers that follow each other, and which have the same keys, shapes, element types and \
versions, are one line. ◆1 marks the names of one tensor.

Exit status: 0; 1 the file was refused; 2 wrong usage.")]
pub(crate) struct Arguments {
    /// A file that torch.save wrote, or a safetensors file; `-` is standard input
    #[arg(value_name = "FILE")]
    file: Input,
    /// How many levels to show
    #[arg(long, short, value_name = "LEVELS", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    depth: u32,
    /// Show repeated modules one by one
    #[arg(long)]
    unfold: bool,
    #[command(flatten)]
    filter: Filter,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    opening: Opening,
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let opened = Opened::open(&arguments.file, &arguments.opening)?;
    let nodes = Nodes::of(&opened, &arguments.filter)?;
    let lines = layout::lines(&nodes, arguments.depth, !arguments.unfold);
    match arguments.json {
        true => write_json(&opened, &nodes, &lines, screen)?,
        false => write(&opened, &nodes, &lines, screen)?,
    }
    Ok(Outcome::Fine)
}

fn write(
    opened: &Opened,
    nodes: &Nodes,
    lines: &[Line],
    screen: &mut Screen,
) -> Result<(), Failure> {
    let palette = screen.palette();
    let root = &nodes[0];
    let name = opened.input.short_name();
    let totals = totals(root);
    writeln!(screen, "{}   {totals}", paint(palette.title, printable(&name)))?;
    let most = screen.width().map_or(60, |width| (width / 2).max(20));
    let left = |line: &Line| {
        let name = line.name(nodes);
        format!("{}{}", line.branch(), shorten(printable(&name).to_string(), most))
    };
    let width = lines.iter().map(|line| left(line).chars().count()).max().unwrap_or(0).min(most);
    for line in lines {
        let text = format!("{:<width$}  {}", left(line), right(nodes, line, palette));
        writeln!(screen, "{}", text.trim_end())?;
    }
    Ok(())
}

/// How much is in a node and below.
fn totals(node: &Node) -> String {
    let (tensors, elements) = (plural(node.tensors, "tensor"), count(node.elements));
    format!("{tensors}  {elements} elements  {}", bytes(node.nbytes))
}

/// What a line says of its node.
fn right(nodes: &Nodes, line: &Line, palette: Palette) -> String {
    let node = &nodes[line.node];
    let mut parts = Vec::new();
    if let Some(version) = node.version.filter(|&version| version != 1) {
        parts.push(paint(palette.notable, format!("v{version}")).to_string());
    }
    match &node.content {
        Content::Tensor { dtype, shape, tie } => {
            let form = format!("{dtype} {shape}");
            let first = tie.as_ref().and_then(|tie| tie.same_as.as_ref());
            match first {
                Some(first) => parts.push(format!("{}  = {first}", paint(palette.label, form))),
                None => {
                    parts.push(format!("{}  {}", paint(palette.label, form), bytes(node.nbytes)));
                }
            }
            if let Some(tie) = tie {
                parts.push(paint(palette.tie, format!("◆{}", tie.number)).to_string());
            }
        }
        Content::Value(text) => parts.push(printable(&shorten(text.clone(), 60)).to_string()),
        Content::Refused(reason) => {
            let label = paint(palette.bad, "refused");
            parts.push(format!("{label}: {}", printable(reason)));
        }
        Content::Module | Content::Container(_) => {
            if let Content::Container(kind) = &node.content
                && node.tensors == 0
            {
                parts.push(format!("{} of {}", printable(kind), node.children.len()));
            }
            if line.folded > 1 {
                let same = format!("{} of identical layout, each", line.folded);
                parts.push(paint(palette.faint, same).to_string());
            }
            if node.tensors > 0 {
                parts.push(paint(palette.faint, totals(node)).to_string());
            }
        }
    }
    if line.is_cut {
        parts.push(paint(palette.faint, "…").to_string());
    }
    parts.retain(|part| !part.is_empty());
    parts.join("  ")
}

fn write_json(
    opened: &Opened,
    nodes: &Nodes,
    lines: &[Line],
    screen: &mut Screen,
) -> Result<(), Failure> {
    let mut object = Envelope::start(screen, "tree")?;
    object.field("file", &opened.input.to_string())?;
    object.field("container", &opened.container())?;
    let mut list = object.list("nodes")?;
    for line in lines {
        let node = &nodes[line.node];
        let (kind, mut entry) = match &node.content {
            Content::Tensor { dtype, shape, tie } => {
                let tie = tie.as_ref().map(|tie| tie.number);
                ("tensor", json!({"dtype": dtype.to_string(), "shape": shape.to_vec(), "tie": tie}))
            }
            Content::Value(text) => ("value", json!({"value": text})),
            Content::Refused(reason) => ("refused", json!({"reason": reason})),
            Content::Module => ("module", json!({})),
            Content::Container(kind) => ("container", json!({"type": kind})),
        };
        if let Some(entry) = entry.as_object_mut() {
            entry.insert("kind".to_owned(), json!(kind));
            entry.insert("depth".to_owned(), json!(line.depth()));
            entry.insert("name".to_owned(), json!(node.name));
            entry.insert("version".to_owned(), json!(node.version));
            entry.insert("tensors".to_owned(), json!(node.tensors));
            entry.insert("elements".to_owned(), json!(node.elements));
            entry.insert("nbytes".to_owned(), json!(node.nbytes));
            entry.insert("repeated".to_owned(), json!(line.folded));
            entry.insert("cut".to_owned(), json!(line.is_cut));
        }
        list.add(&entry)?;
    }
    list.end()?;
    object.end()
}
