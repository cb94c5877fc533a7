//! `statedict inspect --report`: the page as a file, and as a browser shows it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use statedict::{DType, StateMap, TensorView};

const HOSTILE: [&str; 6] = [
    "</script><img src=x onerror=document.documentElement.dataset.hacked=1>",
    "<!--<script>.weight",
    "\"><svg onload=document.documentElement.dataset.hacked=2>.weight",
    "__proto__.constructor",
    "javascript:alert(1)//\u{2028}.toString",
    "hasOwnProperty.size.\u{202e}x",
];

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_statedict")).arg("inspect").args(arguments).output().unwrap()
}

/// A state dict with these keys, each a tensor of four numbers.
fn file_of(path: &Path, keys: impl IntoIterator<Item = String>) {
    let tensor =
        |number: f32| TensorView::from_vec(vec![number, 0.5, f32::NAN, -number], [2, 2]).unwrap();
    let map: StateMap<'static> =
        (0u8..255).cycle().zip(keys).map(|(number, key)| (key, tensor(number.into()))).collect();
    map.save(path).unwrap();
}

/// The page of a file.
fn report(path: &Path) -> String {
    let out = path.with_extension("html");
    let output = run(&[path.to_str().unwrap(), "--report", out.to_str().unwrap(), "--force"]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && output.stdout.is_empty(), "{words}");
    std::fs::read_to_string(out).unwrap()
}

/// What the page's script reads.
fn data(page: &str) -> Value {
    let start = page.split("id=\"data\">").nth(1).unwrap();
    serde_json::from_str(start.split("</script>").next().unwrap()).unwrap()
}

fn fixture(name: &str) -> std::path::PathBuf {
    let folder = tempfile::tempdir().unwrap().keep();
    let path = folder.join("model.pt");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    std::fs::copy(fixtures.join(name), &path).unwrap();
    path
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let page = report(&fixture("architectures/resnet50.pt"));
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"));
    let outside = page.replace("http://www.w3.org/2000/svg", "");
    assert!(
        !outside.contains("http:") && !outside.contains("https:") && !outside.contains("@import")
    );
    let data = data(&page);
    assert_eq!((&data["count"], &data["histograms"]), (&json!(320), &json!(200)));
    assert_eq!(data["versions"]["count"], 151);
    let conv = &data["tensors"][0];
    assert_eq!(conv["path"], json!(["conv1", "weight"]));
    assert_eq!((&conv["dtype"], &conv["shape"]), (&json!("float32"), &json!([2, 3, 7, 7])));
}

#[test]
fn ties_are_counted_once_and_other_values_are_listed() {
    let found = data(&report(&fixture("architectures/gpt.pt")));
    assert_eq!(found["ties"], json!([[1, ["transformer.wte.weight", "lm_head.weight"]]]));
    let again: Vec<&Value> = found["tensors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|tensor| tensor["again"] == true)
        .collect();
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["name"], "lm_head.weight");
    let found = data(&report(&fixture("read/checkpoint.pt")));
    let values = found["values"]["items"].as_array().unwrap();
    assert!(values.iter().any(|value| value[0] == json!(["epoch"])), "{values:?}");
}

#[test]
fn what_is_not_finite_and_what_was_sampled_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.pt");
    let mut map = StateMap::new();
    let large = vec![1u8; 3 << 20];
    map.insert("large", TensorView::from_bytes(large, DType::U8, [3 << 20]).unwrap());
    map.insert("odd", TensorView::from_vec(vec![1.0f32, f32::NAN, f32::INFINITY], [3]).unwrap());
    map.save(&path).unwrap();
    let data = data(&report(&path));
    let [large, odd] = data["tensors"].as_array().unwrap().as_slice() else { panic!() };
    assert_eq!(
        (&large["histogram"]["all"], &odd["histogram"]["all"]),
        (&json!(false), &json!(true))
    );
    assert_eq!((&odd["histogram"]["nan"], &odd["histogram"]["infinite"]), (&json!(1), &json!(1)));
}

#[test]
fn no_name_gets_out_of_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.pt");
    file_of(&path, HOSTILE.map(str::to_owned));
    let page = report(&path);
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("<img") && !page.contains("<svg") && !page.contains("<!--"));
    assert_eq!(data(&page)["tensors"].as_array().unwrap().len(), HOSTILE.len());
}

#[test]
fn nothing_is_overwritten_unless_that_is_asked_for() {
    let path = fixture("conv_batch_norm.pt");
    let out = path.with_extension("html");
    std::fs::write(&out, "mine").unwrap();
    let (file, target) = (path.to_str().unwrap(), out.to_str().unwrap());
    let output = run(&[file, "--report", target]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--force replaces it"));
    assert_eq!(std::fs::read_to_string(&out).unwrap(), "mine");
    assert_eq!(run(&[file, file, "--report", target, "--force"]).status.code(), Some(1));
    assert_eq!(run(&[file, "--report", target, "--json"]).status.code(), Some(2));
    assert!(run(&[file, "--report", target, "--force"]).status.success());
    assert!(std::fs::read_to_string(&out).unwrap().starts_with("<!doctype html>"));
}

/// The page as Chromium has it after its script has run; `code` runs after it.
fn browse(path: &Path, code: &str) -> String {
    let page = report(path);
    let mut html = path.with_extension("html");
    if !code.is_empty() {
        // The page's policy would let no other script run.
        let (head, rest) = page.split_once("<meta http-equiv").unwrap();
        let (_, rest) = rest.split_once('>').unwrap();
        let page = format!(
            "{head}{}",
            rest.replace("</body>", &format!("<script>{code}</script></body>"))
        );
        html = path.with_extension("clicked.html");
        std::fs::write(&html, page).unwrap();
    }
    let profile = tempfile::tempdir().unwrap();
    let browser = std::env::var("STATEDICT_CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    let output = Command::new(&browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--disable-dev-shm-usage", "--window-size=1400,1000", "--virtual-time-budget=8000"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", html.canonicalize().unwrap().display()))
        .output()
        .unwrap_or_else(|error| panic!("{browser}: {error}; STATEDICT_CHROMIUM names another"));
    let dom = String::from_utf8(output.stdout).unwrap();
    let root = dom.split("<head>").next().unwrap();
    assert!(
        root.contains("data-ready=\"yes\""),
        "{root} {}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(!root.contains("data-error"), "{root}");
    assert!(!root.contains("data-hacked"), "{root}");
    dom
}

/// How many rectangles of tensors there are.
fn rectangles(dom: &str) -> usize {
    let counted = dom.matches("<rect class=\"tensor").count();
    assert!(dom.contains(&format!("data-tensors=\"{counted}\"")), "{counted}");
    counted
}

#[test]
#[ignore = "needs Chromium: see CONTRIBUTING.md"]
fn every_tensor_is_a_rectangle_of_the_map() {
    // The second name of the tied tensor has none.
    assert_eq!(rectangles(&browse(&fixture("architectures/gpt.pt"), "")), 28);
    let dom = browse(&fixture("quickstart.v1.pt"), "");
    assert_eq!(rectangles(&dom), 6);
    for text in ["Distributions", "Element types", "Ties", "Versions", "Checkpoint", "my_param"] {
        assert!(dom.contains(text), "{text}");
    }
}

#[test]
#[ignore = "needs Chromium: see CONTRIBUTING.md"]
fn hostile_names_are_only_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hostile.pt");
    file_of(&path, HOSTILE.map(str::to_owned));
    let dom = browse(&path, "");
    assert!(!dom.contains("<img") && !dom.contains("<svg onload"));
    assert_eq!(rectangles(&dom), HOSTILE.len());
}

#[test]
#[ignore = "needs Chromium: see CONTRIBUTING.md"]
fn a_click_goes_into_a_module_and_a_crumb_back_out() {
    let click = "
        const state = document.documentElement.dataset;
        const click = (at) => at.dispatchEvent(new MouseEvent('click', { bubbles: true }));
        const count = () => document.querySelectorAll('rect.tensor').length;
        const all = count();
        click([...document.querySelectorAll('rect.module')].find((rect) => rect.node.name === 'layer4'));
        state.inside = count() + ' of ' + all;
        state.crumbs = document.querySelector('.crumbs').textContent;
        click(document.querySelector('rect.tensor'));
        state.side = document.querySelector('.side').textContent;
        click(document.querySelector('.crumbs button'));
        state.outside = String(count() === all);
        const find = document.querySelector('input');
        find.value = 'downsample';
        find.dispatchEvent(new Event('input'));
        state.found = String(count() - document.querySelectorAll('rect.away').length);
    ";
    let dom = browse(&fixture("architectures/resnet50.pt"), click);
    let root = dom.split("<head>").next().unwrap();
    assert!(root.contains("data-crumbs=\"model.pt›layer4\""), "{root}");
    assert!(root.contains("data-outside=\"true\""), "{root}");
    assert!(root.contains("float32") && root.contains("zeros"), "{root}");
    assert!(!root.contains("data-inside=\"0 of"), "{root}");
    assert!(!root.contains("data-found=\"0\""), "{root}");
}

#[test]
#[ignore = "needs Chromium: see CONTRIBUTING.md"]
fn ten_thousand_tensors_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.pt");
    let keys = (0..10_000).map(|index| format!("layers.{}.{}.weight", index / 100, index % 100));
    file_of(&path, keys);
    assert!(rectangles(&browse(&path, "")) >= 5_000);
}
