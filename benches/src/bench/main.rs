//! Our reading and writing, that of others, and what the machine can do at best, side by side in one run.
//!
//! Every measurement is a process of its own, so that each starts with the same memory and its peak is its
//! own. A round visits all of them in a new order; what is compared is always of one round.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the numbers are what it is for")]

mod goals;
mod limits;
mod machine;
mod measure;
mod models;
mod options;
mod ours;
#[cfg(feature = "peers")]
mod peers;
mod plan;
mod report;
mod rounds;
mod workloads;

use std::error::Error;
use std::path::Path;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [child, who, what, file, calls] = arguments.as_slice()
        && child == "--child"
    {
        return self::child(who, what, file, calls.parse()?);
    }
    let options = options::Options::parse(&arguments)?;
    let folder = options.folder()?;
    println!("{}", machine::describe());
    let files = workloads::Files::make(folder.path(), options.quick, &options.groups)?;
    let measurements = plan::measurements(&options, &files)?;
    let results = rounds::run(&options, &measurements)?;
    let rows = goals::rows(&results, &files);
    report::print(&rows, &results);
    if let Some(path) = &options.json {
        report::write_json(path, &rows, &results)?;
    }
    if options.keep {
        println!("The files are in {}", folder.keep().display());
    }
    Ok(())
}

/// One measurement, in a process of its own; prints it as a line of JSON.
fn child(who: &str, what: &str, file: &str, calls: usize) -> Outcome<()> {
    let measured = match who {
        "ours" => ours::run(what, file, calls)?,
        "limit" => limits::run(what, file, calls)?,
        #[cfg(feature = "peers")]
        _ => peers::run(who, what, Path::new(file), calls)?,
        #[cfg(not(feature = "peers"))]
        _ => return Err(format!("{who} is not built in: {}", Path::new(file).display()).into()),
    };
    println!("{}", measured.to_json());
    Ok(())
}
