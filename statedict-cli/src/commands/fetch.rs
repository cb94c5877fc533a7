//! `statedict fetch`.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use statedict::hub::{self, Options, Schemes};

use crate::envelope::Envelope;
use crate::failure::{Failure, Outcome};
use crate::printable::printable;
use crate::progress::Progress;
use crate::terminal::Screen;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
What is downloaded is kept in torch.hub's folder, and found there by PyTorch and by the next call. A SHA-256 in the \
file's name (resnet18-5c106cde.pth) is checked, there too; a download that was interrupted goes on.

For example: statedict inspect \"$(statedict fetch https://example.org/resnet18-5c106cde.pth)\"")]
pub(crate) struct Arguments {
    /// An address, a name of a scheme, or a file
    location: OsString,
    /// Keep downloads in DIR instead of torch.hub's folder
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// JSON with the schemes' names and what they stand for: {"open-mmlab": {"vgg16_caffe": "https://..."}}
    #[arg(long, value_name = "FILE")]
    schemes: Option<PathBuf>,
    /// The SHA-256 that the file must have, or how it begins
    #[arg(long, value_name = "DIGITS")]
    sha256: Option<String>,
    /// Take no more than BYTES [default: 64 GiB]
    #[arg(long, value_name = "BYTES")]
    max_size: Option<u64>,
    /// Give up after SECONDS [default: 24 hours]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// Download nothing: the file must be there
    #[arg(long)]
    offline: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, screen: &mut Screen) -> Result<Outcome, Failure> {
    let bar = Progress::new();
    // A server need not say how much there will be: the bar is then full all the time, and counts.
    let mut options = Options::new().offline(arguments.offline).progress(move |download| {
        bar.tell(download.downloaded, download.total.unwrap_or(download.downloaded));
    });
    if let Some(directory) = &arguments.directory {
        options = options.directory(directory);
    }
    if let Some(schemes) = &arguments.schemes {
        options = options.schemes(Schemes::load(schemes)?);
    }
    if let Some(digits) = &arguments.sha256 {
        options = options.sha256(digits);
    }
    if let Some(bytes) = arguments.max_size {
        options = options.max_size(bytes);
    }
    if let Some(seconds) = arguments.timeout {
        options = options.timeout(Duration::from_secs(seconds));
    }
    let path = hub::fetch_with(&arguments.location, &options).map_err(|error| {
        let text = error.to_string().replace("`Options::max_size`", "`--max-size`");
        text.replace("`Options::timeout`", "`--timeout`")
    })?;
    let shown = path.display().to_string();
    if arguments.json {
        let mut object = Envelope::start(screen, "fetch")?;
        object.field("path", &shown)?;
        object.field("nbytes", &std::fs::metadata(&path)?.len())?;
        object.end()?;
    } else {
        writeln!(screen, "{}", printable(&shown))?;
    }
    Ok(Outcome::Fine)
}
