//! What other crates do with the same tensors.

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use candle_core::Device;
use memmap2::Mmap;
use pytorch_reader::PytorchReader;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize_to_file};
use statedict::StateMap;

use crate::Outcome;
use crate::limits::{clear, out_file};
use crate::measure::{self, Measured};

type Tensors = HashMap<String, Vec<u8>>;

pub(crate) fn run(who: &str, what: &str, path: &Path, calls: usize) -> Outcome<Measured> {
    let nothing = || ();
    Ok(match (who, what) {
        ("pytorch-reader", "open") => measure::calls(calls, nothing, || {
            let reader = PytorchReader::new(path)?;
            let dims: usize = reader.tensors().values().map(|it| it.shape().len()).sum();
            Ok::<_, pytorch_reader::PytorchError>((reader, dims))
        }),
        ("pytorch-reader", "load") => measure::calls(calls, nothing, || read_all(path, 1)),
        ("pytorch-reader", "load on 2 threads") => {
            measure::calls(calls, nothing, || read_all(path, 2))
        }
        ("candle", "load") => {
            measure::calls(calls, nothing, || candle_core::pickle::read_all(path))
        }
        ("candle", "load safetensors") => {
            measure::calls(calls, nothing, || candle_core::safetensors::load(path, &Device::Cpu))
        }
        ("safetensors", "open") => measure::calls(calls, nothing, || {
            let map = mapped(path)?;
            let tensors = SafeTensors::deserialize(&map)?;
            let dims: usize = tensors.iter().map(|(_, view)| view.shape().len()).sum();
            drop(tensors);
            Ok::<_, Box<dyn Error>>((map, dims))
        }),
        ("safetensors", "load") => measure::calls(calls, nothing, || {
            let map = mapped(path)?;
            let tensors = SafeTensors::deserialize(&map)?;
            let owned = tensors.iter().map(|(key, view)| (key.to_owned(), view.data().to_vec()));
            let owned: Tensors = owned.collect();
            Ok::<_, Box<dyn Error>>(owned)
        }),
        ("safetensors", "save") => {
            let bytes = std::fs::read(path)?;
            let tensors = SafeTensors::deserialize(&bytes)?;
            let out = out_file(path);
            let measured = measure::calls(
                calls,
                || clear(&out),
                || serialize_to_file(tensors.iter(), None, &out),
            );
            clear(&out);
            measured
        }
        _ => return Err(format!("{who} has nothing called {what}").into()),
    })
}

/// Writes the tensors of a checkpoint as a safetensors file.
pub(crate) fn save_safetensors(checkpoint: &Path, path: &Path) -> Outcome<()> {
    let map = StateMap::load(checkpoint)?;
    let bytes: Vec<_> = map.iter().map(|(_, tensor)| tensor.bytes()).collect::<Result<_, _>>()?;
    let views = map.iter().zip(&bytes).map(|((key, tensor), bytes)| {
        let view = TensorView::new(Dtype::F32, tensor.shape().to_vec(), bytes)?;
        Ok((key.to_owned(), view))
    });
    let views = views.collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    Ok(serialize_to_file(views, None, path)?)
}

fn mapped(path: &Path) -> std::io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: nobody else has the file, and it is only read.
    unsafe { Mmap::map(&file) }
}

/// All tensors, each read by one of the threads.
fn read_all(path: &Path, threads: usize) -> Result<Tensors, Box<dyn Error + Send + Sync>> {
    let tensors: Vec<_> = PytorchReader::new(path)?.into_tensors().into_iter().collect();
    let next = AtomicUsize::new(0);
    let work = || -> std::io::Result<_> {
        let mut read = Vec::new();
        while let Some((key, tensor)) = tensors.get(next.fetch_add(1, Ordering::Relaxed)) {
            read.push((key.clone(), tensor.read()?));
        }
        Ok(read)
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all: Tensors = work()?.into_iter().collect();
        for other in others {
            let read = other.join().unwrap_or_else(|_| Ok(Vec::new()))?;
            all.extend(read);
        }
        Ok(all)
    })
}
