//! What this project does.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use statedict::prelude::*;
use statedict::{LoadOptions, WriteOptions};

use crate::Outcome;
use crate::limits::{clear, out_file};
use crate::measure::{self, Measured};
use crate::models::{Chain, Linear, Llama, Many, Small, many};

pub(crate) fn run(what: &str, file: &str, calls: usize) -> Outcome<Measured> {
    let path = Path::new(file);
    let nothing = || ();
    Ok(match what {
        "open" => measure::calls(calls, nothing, || {
            let map = StateMap::load(path)?;
            let dims: usize = map.iter().map(|(_, tensor)| tensor.shape().len()).sum();
            Ok::<_, statedict::Error>((map, dims))
        }),
        "load" => measure::calls(calls, nothing, || StateMap::load_owned(path)),
        "map" => measure::calls(calls, nothing, || mapped(path)),
        "map and verify" => measure::calls(calls, nothing, || {
            let map = mapped(path)?;
            assert!(map.damaged().is_empty(), "the file is whole");
            Ok::<_, statedict::Error>(map)
        }),
        "load into a model" => {
            let sizes = Llama::sizes(&StateMap::load(path)?).ok_or("a Llama")?;
            let mut model = Llama::new(sizes);
            measure::calls(calls, nothing, || model.load(path))
        }
        "load into a small model" => {
            let mut model = Small::new();
            measure::calls(calls, nothing, || model.load(path))
        }
        "save" | "save durably" => {
            let map = StateMap::load_owned(path)?;
            let out = out_file(path);
            let options = WriteOptions::default().sync(what == "save durably");
            let save = || map.save_with(&out, &options);
            let measured = measure::calls(calls, || clear(&out), save);
            clear(&out);
            measured
        }
        "check keys in order" | "check shuffled keys" => {
            let map = many(file.parse()?, 4);
            let keys: Vec<String> = map.keys().map(str::to_owned).collect();
            let map = if what == "check shuffled keys" { shuffled(&map) } else { map };
            measure::calls(calls, nothing, || {
                let keys = map.check_keys(keys.iter().map(String::as_str));
                assert!(keys.is_empty(), "the keys are the same");
                keys
            })
        }
        "check a model" => {
            let count = file.parse()?;
            let (model, map) = (Many::new(count), many(count, 4));
            let options = LoadOptions::new();
            measure::calls(calls, nothing, || {
                let report = model.check_state_dict_with(&map, &options);
                assert!(report.is_ok(), "the keys are the model's");
                report.ok()
            })
        }
        "HashMap<String>" => {
            let count = file.parse()?;
            let map = many(count, 4);
            let keys: Vec<&str> = map.keys().collect();
            measure::calls(calls, nothing, || {
                let mut entries: HashMap<String, usize> =
                    keys.iter().enumerate().map(|(nth, key)| ((*key).to_owned(), nth)).collect();
                let missing = keys.iter().filter(|&&key| entries.remove(key).is_none()).count();
                assert!(missing == 0 && entries.is_empty(), "the keys are the same");
            })
        }
        "load a flat model" => {
            let mut model: Vec<Linear> = (0..file.parse()?).map(|_| Linear::new()).collect();
            load_state_dict(&mut model, calls)?
        }
        "load a deep model" => load_state_dict(&mut Chain::new(file.parse()?), calls)?,
        _ => return Err(format!("we have nothing called {what}").into()),
    })
}

/// All tensors of a file where the file is mapped: not one is copied.
fn mapped(path: &Path) -> Result<StateMap<'static>, statedict::Error> {
    let map = StateMap::load(path)?;
    for (key, tensor) in map.iter() {
        assert!(matches!(tensor.bytes(), Ok(Cow::Borrowed(_))), "{key} is mapped");
    }
    Ok(map)
}

fn load_state_dict<M: StateDict>(model: &mut M, calls: usize) -> Outcome<Measured> {
    let map = model.state_dict()?.into_owned()?;
    Ok(measure::calls(calls, || (), || model.load_state_dict(&map)))
}

/// The same entries in an order without one.
fn shuffled(map: &StateMap<'static>) -> StateMap<'static> {
    let mut order: Vec<usize> = (0..map.len()).collect();
    let mut state = 12_345u64;
    for last in (1..order.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).unwrap_or(0) % (last + 1);
        order.swap(last, other);
    }
    let entries = order.into_iter().filter_map(|index| map.get_index(index));
    entries.map(|(key, tensor)| (key.to_owned(), tensor.clone())).collect()
}
