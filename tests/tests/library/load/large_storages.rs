//! Storages that can only be read as a whole are read once, whatever is loaded out of them: how long a load
//! takes is counted in bytes that are read, not in seconds.

use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use statedict::codec::{self, Source};
use statedict::leaf::TensorMut;
use statedict::load::Atomicity;
use statedict::prelude::*;
use statedict::{DTypePolicy, LoadOptions, ReadOptions};

use crate::read::zip_builder::{Member, archive_of, members_of};

/// A file that counts the bytes that are read of it.
struct Counted {
    file: Cursor<Vec<u8>>,
    count: Arc<AtomicUsize>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.count.fetch_add(count, Ordering::Relaxed);
        Ok(count)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// The form in which the members of a file are written.
#[derive(Debug, Clone, Copy)]
enum Form {
    Deflated,
    BigEndian,
    Both,
}

/// A file of the tensors of `map`, in another form.
fn file(map: &StateMap<'_>, form: Form) -> Vec<u8> {
    let mut plain = Vec::new();
    let options = statedict::WriteOptions::new().keep_storage(true);
    map.write_with(&mut plain, &options).unwrap();
    let is_big = matches!(form, Form::BigEndian | Form::Both);
    let written = members_of(&plain).into_iter().map(|mut member| {
        if member.name.ends_with("byteorder") && is_big {
            return Member::new(&member.name, b"big");
        }
        if !member.name.contains("/data/") {
            return member;
        }
        if is_big {
            member.stored.chunks_exact_mut(4).for_each(<[u8]>::reverse);
            member = Member::new(&member.name, &member.stored);
        }
        if matches!(form, Form::BigEndian) { member } else { member.deflated() }
    });
    archive_of(&written.collect::<Vec<_>>())
}

/// Loads `file` into `model`; how many bytes were read per byte of it.
fn load<M: StateDict>(model: &mut M, file: Vec<u8>, options: &LoadOptions) -> f64 {
    let (size, count) = (file.len(), Arc::new(AtomicUsize::new(0)));
    let file = Counted { file: Cursor::new(file), count: Arc::clone(&count) };
    let source = Source::reader(file).unwrap();
    let document = codec::Document::read_with(source, &ReadOptions::default()).unwrap();
    model.load_state_dict_with(&document.state_map().unwrap(), options).unwrap();
    count.load(Ordering::Relaxed) as f64 / size as f64
}

fn numbers(count: usize) -> Vec<f32> {
    (0u16..1000).cycle().take(count).map(f32::from).collect()
}

#[test]
fn a_large_tensor_is_expanded_once() {
    #[derive(StateDict)]
    struct Large {
        #[param]
        weight: Vec<f32>,
        #[param]
        small: Vec<f32>,
    }
    // Three pieces of those that threads share.
    let count = 3 << 20;
    let mut map = StateMap::new();
    map.insert("weight", TensorView::from_vec(numbers(count), [count]).unwrap());
    map.insert("small", TensorView::from_vec(numbers(3), [3]).unwrap());
    for form in [Form::Deflated, Form::BigEndian, Form::Both] {
        let mut model = Large { weight: vec![0.0; count], small: vec![0.0; 3] };
        let read = load(&mut model, file(&map, form), &LoadOptions::new());
        // Once for the checksum, once for the elements.
        assert!(read < 2.1, "{form:?}: {read} bytes per byte");
        assert!(model.weight == numbers(count) && model.small == numbers(3), "{form:?}");
    }
}

#[test]
fn many_tensors_of_one_storage_expand_it_once() {
    #[derive(StateDict, Clone)]
    struct Row<T: TensorMut> {
        #[param]
        row: T,
    }
    #[derive(StateDict)]
    struct Rows {
        plain: Vec<Row<Vec<f32>>>,
        wide: Vec<Row<Vec<f64>>>,
    }
    const ROWS: usize = 300;
    let flat = TensorView::from_vec(numbers(2 * ROWS * 100), [2 * ROWS, 100]).unwrap();
    let row = |index: usize| flat.narrow(0, index..index + 1).unwrap().reshape([100]).unwrap();
    let plain = (0..ROWS).map(|index| (format!("plain.{index}.row"), row(index)));
    let wide = (0..ROWS).map(|index| (format!("wide.{index}.row"), row(ROWS + index)));
    let map: StateMap<'_> = plain.chain(wide).collect();
    for form in [Form::Deflated, Form::BigEndian, Form::Both] {
        for atomicity in [Atomicity::Validated, Atomicity::Staged] {
            let mut model = Rows {
                plain: vec![Row { row: vec![0.0; 100] }; ROWS],
                wide: vec![Row { row: vec![0.0; 100] }; ROWS],
            };
            let options = LoadOptions::new().atomicity(atomicity).dtype(DTypePolicy::Widen);
            let read = load(&mut model, file(&map, form), &options);
            // For the checksum, for what is copied, and for what is converted before it.
            assert!(read < 4.1, "{form:?}, {atomicity:?}: {read} bytes per byte");
            let all = model.plain.iter().flat_map(|row| &row.row).copied().map(f64::from);
            let all = all.chain(model.wide.iter().flat_map(|row| &row.row).copied());
            assert!(all.eq(numbers(2 * ROWS * 100).into_iter().map(f64::from)), "{form:?}");
        }
    }
}
