//! What `pickle.dump` writes without `torch.save`, against what Python loads of it.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use serde_json::json;
use statedict::codec::{self, ContainerKind, ReadOptions, Source, Verdict};
use statedict::{StateMap, WriteOptions};
use statedict_tests::{Torch, lines, shared_storages, temp_dir};

#[derive(Deserialize)]
struct Case {
    says: Vec<String>,
    shared: Vec<[String; 2]>,
}

#[test]
#[ignore = "needs Python with torch: see CONTRIBUTING.md"]
fn tensors_that_pickle_dump_wrote_are_what_python_loads() {
    let torch = Torch::start();
    let folder = temp_dir();
    let cases: BTreeMap<String, Case> = torch.get("pickled.write", json!([folder.path()]));
    assert_eq!(cases.len(), 66);
    for (name, case) in &cases {
        let path = folder.path().join(name);
        let document = codec::Document::open_with(&path, &ReadOptions::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(document.container(), ContainerKind::Pickle, "{name}");
        if !case.says.is_empty() {
            assert_eq!(lines(&document), case.says, "{name}");
        }
        assert_eq!(shared_storages(document.root()), case.shared, "{name}");
        let scan = codec::scan(Source::open(&path).unwrap()).unwrap();
        assert_eq!(scan.verdict(), Verdict::Known, "{name}: {scan:?}");
        let has_files = scan.pickles().iter().any(|pickle| pickle.name().contains("file at byte"));
        assert_eq!(has_files, !name.starts_with("no tensors"), "{name}");

        // As an archive of torch.save it holds the same.
        let mut archive = Vec::new();
        let options = WriteOptions::default().keep_storage(true);
        document.graph().write_with(&mut archive, &options).unwrap();
        if !case.says.is_empty() {
            let again = codec::Document::read_with(Source::bytes(archive), &ReadOptions::default())
                .unwrap();
            assert_eq!(lines(&again), case.says, "{name}");
        }
    }
    let map = StateMap::load(folder.path().join("state_dict 4.pkl")).unwrap();
    assert!(map.metadata().is_some());
    assert_eq!(map.len(), 8);
    assert!(fs::metadata(folder.path().join("state_dict 2.pkl")).unwrap().len() > 1000);
}
