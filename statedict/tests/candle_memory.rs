//! What loading costs in memory besides the model's own tensors. In a binary of its own: it counts
//! every allocation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use candle_core::{DType, Device, Tensor};
use candle_nn::{Linear, VarBuilder, VarMap, linear};
use statedict::{LoadOptions, StateDict, StateDictExt};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static TOTAL: AtomicUsize = AtomicUsize::new(0);

fn grow(by: usize) {
    let now = NOW.fetch_add(by, Ordering::Relaxed) + by;
    PEAK.fetch_max(now, Ordering::Relaxed);
    TOTAL.fetch_add(by, Ordering::Relaxed);
}

// SAFETY: everything is passed on to the system's allocator; only sizes are counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` had allocated at most at once, and in all.
fn cost<T>(work: impl FnOnce() -> T) -> (T, usize, usize) {
    let before = (NOW.load(Ordering::Relaxed), TOTAL.load(Ordering::Relaxed));
    PEAK.store(before.0, Ordering::Relaxed);
    let result = work();
    let peak = PEAK.load(Ordering::Relaxed).saturating_sub(before.0);
    (result, peak, TOTAL.load(Ordering::Relaxed) - before.1)
}

const MIB: usize = 1 << 20;

/// 25 layers of 4 MiB, and a table of half-precision numbers.
#[derive(StateDict)]
struct Model {
    layers: Vec<Linear>,
    #[buffer]
    table: Tensor,
}

fn model(vb: &VarBuilder<'_>) -> Model {
    let layers = (0..25).map(|layer| linear(1024, 1024, vb.pp(layer)).unwrap()).collect();
    Model { layers, table: Tensor::zeros((1024, 1024), DType::BF16, &Device::Cpu).unwrap() }
}

/// One test, since what others allocate meanwhile would be counted too.
#[test]
fn a_model_of_100_mb_is_loaded_within_a_megabyte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    // Random numbers; each name is one variable of the map.
    let variables = VarMap::new();
    let random = VarBuilder::from_varmap(&variables, DType::F32, &Device::Cpu);
    let trained = model(&random);
    let ((), peak, _) = cost(|| trained.save(&path).unwrap());
    assert!(peak < 2 * MIB, "saving had {peak} bytes at once");
    assert!(std::fs::metadata(&path).unwrap().len() > 100_000_000);

    let mut fresh = model(&VarBuilder::zeros(DType::F32, &Device::Cpu));
    let (report, _, total) = cost(|| fresh.load(&path).unwrap());
    assert_eq!(report.loaded.len(), 51);
    assert!(total < MIB, "loading allocated {total} bytes in all");
    let weights = |model: &Model| model.layers[7].weight().flatten_all().unwrap().to_vec1::<f32>();
    assert_eq!(weights(&fresh).unwrap(), weights(&trained).unwrap());

    // Where tensors are assigned, each is read once more: the largest of 4 MiB, and the table of 2 MiB
    // besides, which becomes another tensor.
    let table = Tensor::zeros((1024, 1024), DType::F32, &Device::Cpu).unwrap();
    let mut other = Model { table, ..model(&VarBuilder::zeros(DType::F32, &Device::Cpu)) };
    let options = LoadOptions::new().assign(true);
    let (_, peak, _) = cost(|| other.load_with(&path, &options).unwrap());
    assert_eq!(other.table.dtype(), DType::BF16);
    assert!(peak < 7 * MIB, "assigning had {peak} bytes at once");
}
