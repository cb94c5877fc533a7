//! `statedict convert`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use statedict::{ArchiveLayout, StateMap, WriteOptions, save_graph, save_map, save_safetensors};

use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome, as_options, chain};
use crate::inputs::Input;
use crate::opened::{Held, Opened, Opening};
use crate::outputs::Overwriting;
use crate::progress::Progress;
use crate::terminal::Screen;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit status: 0; 1 it could not be converted, and OUT is as it was; 2 wrong usage."
)]
pub(crate) struct Arguments {
    /// A file that torch.save wrote, or a safetensors file; `-` is standard input
    #[arg(value_name = "IN")]
    input: Input,
    /// The new file
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// The format; otherwise safetensors where OUT is called so, else zip
    #[arg(long, value_name = "FORMAT")]
    to: Option<Format>,
    /// The state dict to convert, by the keys that lead to it, such as model_state_dict
    #[arg(long, value_name = "KEY")]
    at: Vec<String>,
    /// Take a model that was saved whole, with torch.save(model), as its state dict; nothing is run
    #[arg(long)]
    whole_model: bool,
    #[command(flatten)]
    overwriting: Overwriting,
    /// Print one JSON object that says what was written
    #[arg(long)]
    json: bool,
}

/// The formats that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// What torch.save has written since PyTorch 1.6
    Zip,
    /// What torch.save wrote before PyTorch 1.6
    Legacy,
    /// The safetensors format, for a state dict alone
    Safetensors,
}

impl Format {
    fn of_name(path: &Path) -> Format {
        match path.extension().and_then(OsStr::to_str) {
            Some("safetensors") => Format::Safetensors,
            _ => Format::Zip,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Format::Zip => "zip",
            Format::Legacy => "legacy",
            Format::Safetensors => "safetensors",
        }
    }
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let (input, output) = (&arguments.input, &arguments.output);
    arguments.overwriting.check(output)?;
    let format = arguments.to.unwrap_or_else(|| Format::of_name(output));
    let opening = Opening { opaque: true, whole_model: arguments.whole_model };
    let opened = Opened::open(input, &opening)?;
    let at: Vec<&str> = arguments.at.iter().map(String::as_str).collect();
    let saved = match (&opened.held, format) {
        (Held::SafeTensors(..), _) if !at.is_empty() => {
            return Err(format!(
                "{input}: a safetensors file holds one state dict; leave out --at"
            )
            .into());
        }
        (Held::SafeTensors(map, _), _) => save(map, output, format),
        (Held::Torch(document), Format::Zip | Format::Legacy)
            if at.is_empty() && !arguments.whole_model =>
        {
            save_graph(document.graph(), output, &write_options(format))
        }
        (Held::Torch(document), _) => {
            let map = document.state_map_at(&at);
            let about = |error| format!("{input}: {}", as_options(&chain(&error)));
            save(&map.map_err(about)?, output, format)
        }
    };
    saved.map_err(|error| format!("{}: {}", output.display(), chain(&error)))?;
    if arguments.json {
        let mut object = Envelope::start(screen, "convert")?;
        object.field("input", &input.to_string())?;
        object.field("from", &opened.container())?;
        object.field("output", &output.display().to_string())?;
        object.field("to", &format.name())?;
        object.field("nbytes", &std::fs::metadata(output)?.len())?;
        object.end()?;
    }
    Ok(Outcome::Fine)
}

fn save(map: &StateMap<'_>, output: &Path, format: Format) -> Result<(), statedict::WriteError> {
    match format {
        Format::Safetensors => save_safetensors(map, output),
        Format::Zip | Format::Legacy => save_map(map, output, &write_options(format)),
    }
}

/// As the file is: storages whole, and a bar where someone watches.
fn write_options(format: Format) -> WriteOptions {
    let layout = match format {
        Format::Legacy => ArchiveLayout::Legacy,
        Format::Zip | Format::Safetensors => ArchiveLayout::Torch2_7,
    };
    let progress = Progress::new();
    WriteOptions::default()
        .keep_storage(true)
        .layout(layout)
        .progress(move |done, total| progress.tell(done, total))
}
