//! `statedict get`.

mod print;
mod select;
mod slice;
mod write;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use statedict::{DType, TensorView};

use crate::failure::{Failure, Outcome, chain};
use crate::inputs::Input;
use crate::numbers::check_size;
use crate::opened::{Opened, Opening};
use crate::outputs::Overwriting;
use crate::terminal::Screen;
use select::{Selection, What, each, select};

#[derive(Debug, clap::Args)]
#[command(after_help = "\
KEY is a path as the other commands print it (fc.weight, [\"model\"][\"fc.weight\"]), or all its segments with dots \
between (model.fc.weight). Of a module or container, everything in it is printed.

Exit status: 0; 1 there is no such key, or the file was refused; 2 wrong usage.")]
pub(crate) struct Arguments {
    /// A file that torch.save wrote, or a safetensors file; `-` is standard input
    #[arg(value_name = "FILE")]
    file: Input,
    /// What to print
    #[arg(value_name = "KEY")]
    key: String,
    /// Write it to OUT
    #[arg(long, short, value_name = "OUT")]
    output: Option<PathBuf>,
    /// The form; otherwise by the ending of OUT (.npy, .json, else raw), and text without OUT
    #[arg(long = "as", value_name = "FORM")]
    form: Option<Form>,
    /// A part of the tensor, as NumPy has it: 0:4,:,-1
    #[arg(long, value_name = "INDICES", allow_hyphen_values = true, value_parser = slice::parse)]
    slice: Option<slice::Slice>,
    /// Convert to this element type first, as torch does
    #[arg(long, value_name = "DTYPE", value_parser = dtype)]
    dtype: Option<DType>,
    /// Print all numbers, not only the first and last
    #[arg(long)]
    all: bool,
    /// The same as `--as json`
    #[arg(long, conflicts_with = "form")]
    json: bool,
    #[command(flatten)]
    overwriting: Overwriting,
    #[command(flatten)]
    opening: Opening,
}

/// The form of what is printed or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// NumPy's format of one array
    Npy,
    /// The elements' bytes, row-major and little-endian
    Raw,
}

fn dtype(name: &str) -> Result<DType, String> {
    DType::from_name(name)
        .ok_or_else(|| "an element type is needed, such as `float32` or `int64`".to_owned())
}

impl Arguments {
    fn form(&self) -> Form {
        let by_name = self.output.as_ref().map(|path| {
            match path.extension().and_then(std::ffi::OsStr::to_str) {
                Some("npy") => Form::Npy,
                Some("json") => Form::Json,
                Some("txt") => Form::Text,
                _ => Form::Raw,
            }
        });
        let json = self.json.then_some(Form::Json);
        self.form.or(json).or(by_name).unwrap_or(Form::Text)
    }

    /// The tensor as it was asked for, its bytes checked.
    fn tensor<'o>(&self, tensor: TensorView<'o>) -> Result<TensorView<'o>, Failure> {
        if tensor.location() == "meta" {
            return Err("a tensor on the device meta has no elements".into());
        }
        tensor.storage().verify().map_err(|error| chain(&error))?;
        let part = match &self.slice {
            Some(slice) => slice.of(&tensor)?,
            None => tensor.clone(),
        };
        let part = match self.dtype {
            Some(dtype) => part.cast(dtype)?,
            None => part,
        };
        check_size(part.nbytes(), tensor.storage())?;
        Ok(part)
    }
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let form = arguments.form();
    if let Some(output) = &arguments.output {
        arguments.overwriting.check(output)?;
    } else if matches!(form, Form::Npy | Form::Raw) && std::io::stdout().is_terminal() {
        return Err("bytes are not printed on a terminal; -o OUT writes them to a file".into());
    }
    let opened = Opened::open(&arguments.file, &arguments.opening)?;
    let about = |error: Failure| -> Failure {
        match error.downcast::<std::io::Error>() {
            Ok(error) => error,
            Err(error) => format!("{}: {error}", arguments.file).into(),
        }
    };
    let key = &arguments.key;
    let mut selected = select(&opened, key).map_err(about)?;
    match &mut selected {
        Selection::One(one) => {
            if let What::Value { array: Some(array), .. } = &one.what
                && let Some(tensor) = array.to_tensor()
            {
                one.what = What::Tensor(tensor);
            }
            if let What::Tensor(tensor) = &mut one.what {
                *tensor = arguments.tensor(tensor.clone()).map_err(about)?;
            }
        }
        Selection::Several(count) => {
            if arguments.slice.is_some() || matches!(form, Form::Npy | Form::Raw) {
                return Err(about(format!("`{key}` is {count} tensors and values").into()));
            }
        }
    }
    let to = |out: &mut dyn Write| match (&selected, form) {
        (Selection::One(one), Form::Json) => print::json(&opened, one, out),
        (Selection::One(one), Form::Npy) => write::npy(one, out),
        (Selection::One(one), Form::Raw) => write::raw(one, out),
        (Selection::One(one), Form::Text) => print::text(one, arguments.all, out),
        (Selection::Several(_), Form::Json) => print::json_values(&opened, out, |list| {
            each(&opened, key, |one| list.add(&print::value(&one)))
        }),
        (Selection::Several(_), _) => each(&opened, key, |one| print::line(&one, out)),
    };
    match &arguments.output {
        Some(output) => arguments.overwriting.write(output, to).map_err(about)?,
        None => to(screen).map_err(about)?,
    }
    Ok(Outcome::Fine)
}
