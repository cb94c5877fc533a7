//! `statedict scaffold`.

use std::io::Write;

use crate::failure::{Failure, Outcome};
use crate::inputs::Input;
use crate::opened::{Opened, Opening};
use crate::scaffold::{self, Target};
use crate::terminal::Screen;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "What it prints compiles, and loads the file strictly, but for values that are no tensors, which have no \
                  field. A file does not say of which class a layer is: where two have the same keys and shapes, the likelier is taken, and a comment \
                  says so.\n\nExit status: 0; 1 no structs can have what is in the file; 2 wrong usage."
)]
pub(crate) struct Arguments {
    /// A file that torch.save wrote, or a safetensors file; `-` is standard input
    #[arg(value_name = "FILE")]
    input: Input,
    /// The library whose tensors the structs hold; plain is this crate's own CpuTensor
    #[arg(long = "for", value_name = "LIBRARY", default_value = "plain")]
    target: Target,
    /// The name of the outermost struct
    #[arg(long, default_value = "Model")]
    name: String,
    /// The state dict, by the keys that lead to it, such as model_state_dict; otherwise the only one
    #[arg(long, visible_alias = "at", value_name = "KEY")]
    key: Vec<String>,
    /// Print one JSON object with the structs instead
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    opening: Opening,
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let opening = Opening { whole_model: true, ..arguments.opening.clone() };
    let opened = Opened::open(&arguments.input, &opening)?;
    let request = scaffold::Request {
        opened: &opened,
        target: arguments.target,
        name: &arguments.name,
        at: &arguments.key,
    };
    if arguments.json {
        scaffold::describe(&request, screen)?;
    } else {
        screen.write_all(scaffold::program(&request)?.as_bytes())?;
    }
    Ok(Outcome::Fine)
}
