//! A checkpoint by its name: downloaded once, checked, unwrapped, and loaded into a model.
//!
//! ```python
//! from mmcv.runner import load_checkpoint
//!
//! load_checkpoint(net, "open-mmlab://tiny")
//! ```
//!
//! The program has a server of its own, so that it needs no network: it gives what mmcv saves of a model in
//! `DataParallel`, `{"epoch": 12, "state_dict": {"module.fc.weight": …}}`.
//!
//! `cargo run -p statedict-examples --features hub --example load_checkpoint`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use statedict::WriteOptions;
use statedict::hub::{self, Options, Schemes};
use statedict::prelude::*;
use statedict::value::Graph;

/// `nn.Linear(2, 2)`.
#[derive(StateDict)]
struct Linear {
    #[param]
    weight: [[f32; 2]; 2],
    #[param]
    bias: [f32; 2],
}

#[derive(StateDict)]
struct Net {
    fc: Linear,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("statedict-hub-{}", std::process::id()));
    let result = run(&Options::new().directory(&folder).environment_proxy(false));
    std::fs::remove_dir_all(&folder)?;
    result
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut schemes = Schemes::new();
    schemes.insert("open-mmlab", "tiny", serve(checkpoint()?)?)?;
    let options = options.clone().schemes(schemes).progress(|progress| {
        println!("{}: {} of {:?} bytes", progress.address, progress.downloaded, progress.total);
    });

    let mut net = Net { fc: Linear { weight: [[0.0; 2]; 2], bias: [0.0; 2] } };
    let report = hub::load_checkpoint_with(&mut net, "open-mmlab://tiny", &options)?;
    println!("{report}");
    assert_eq!((net.fc.weight, net.fc.bias), ([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0]));

    // It is in the cache now, as torch.hub would have it there.
    let path = hub::fetch_with("open-mmlab://tiny", &options.clone().offline(true))?;
    println!("cached as {}", path.display());

    // A model with another head takes what fits, and says what does not.
    #[derive(StateDict)]
    struct Other {
        fc: Body,
        #[param]
        head: [f32; 3],
    }
    #[derive(StateDict)]
    struct Body {
        #[param]
        weight: [[f32; 2]; 2],
        #[param]
        bias: [f32; 3],
    }
    let mut other = Other { fc: Body { weight: [[0.0; 2]; 2], bias: [0.0; 3] }, head: [0.0; 3] };
    let tolerant =
        options.load_options(statedict::LoadOptions::new().strict(false).ignore_mismatched(true));
    let report = hub::load_checkpoint_with(&mut other, path, &tolerant)?;
    println!("{}", hub::mismatch_report(&report).ok_or("everything fitted")?);
    assert_eq!((other.fc.weight, other.fc.bias), ([[1.0, 2.0], [3.0, 4.0]], [0.0; 3]));
    assert_eq!(report.missing, ["head"]);
    assert_eq!(other.head, [0.0; 3]);
    Ok(())
}

/// What mmcv saves.
fn checkpoint() -> Result<Vec<u8>, Box<dyn Error>> {
    let mut map = StateMap::new();
    let weight = TensorView::from_vec(vec![1.0f32, 2.0, 3.0, 4.0], [2, 2])?;
    map.insert("module.fc.weight", weight);
    map.insert("module.fc.bias", TensorView::from_vec(vec![5.0f32, 6.0], [2])?);
    let mut graph = Graph::new();
    let root = graph.root().value_id();
    graph.set(root, "epoch", 12)?;
    let map = graph.state_map(&map);
    graph.put(root, "state_dict", map)?;
    let mut file = Vec::new();
    graph.write_with(&mut file, &WriteOptions::default())?;
    Ok(file)
}

/// Gives `file` to the first who asks; its address.
fn serve(file: Vec<u8>) -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = format!("http://{}/models/tiny.pth", listener.local_addr()?);
    std::thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        let mut lines = BufReader::new(stream.try_clone()?).lines().map_while(Result::ok);
        if lines.any(|line| line.is_empty()) {
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", file.len())?;
            stream.write_all(&file)?;
        }
        Ok(())
    });
    Ok(address)
}
