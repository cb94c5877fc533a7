//! A trained model gets a new head: ten classes become three.
//!
//! ```python
//! model = Classifier(classes=3)
//! state = torch.load("classifier.pt")["model_state_dict"]          # of Classifier(classes=10)
//! model.load_state_dict(state, strict=False)                       # RuntimeError: size mismatch for head.weight
//! ```
//!
//! PyTorch raises even with `strict=False`, and has by then overwritten the rest. Here nothing is written unless
//! everything fits or is said to be left out. Then the program trains the new head on a task of its own, with the
//! features of the old model as they are, saves it with what the training needs, and checks each step.
//!
//! `cargo run -p statedict-examples --example warm_start [CHECKPOINT.pt [NEW.pt]]`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use statedict::prelude::*;
use statedict::{Checkpoint, LoadOptions};

const CLASSES: usize = 3;
const FEATURES: usize = 16;

/// `nn.Linear(IN, OUT)`.
#[derive(StateDict, Clone)]
struct Linear<const IN: usize, const OUT: usize> {
    #[param]
    weight: [[f32; IN]; OUT],
    #[param]
    bias: [f32; OUT],
}

#[derive(StateDict, Clone)]
struct Classifier {
    features: Linear<4, FEATURES>,
    head: Linear<FEATURES, CLASSES>,
}

/// What the training was, saved beside the model.
#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Training {
    from: String,
    from_epoch: u64,
    learning_rate: f32,
    losses: Vec<f64>,
}

impl Classifier {
    /// The probabilities of the classes, and the features they come from.
    fn forward(&self, input: &[f32; 4]) -> (Vec<f32>, [f32; FEATURES]) {
        let mut features = self.features.bias;
        for (feature, row) in features.iter_mut().zip(&self.features.weight) {
            *feature += row.iter().zip(input).map(|(a, b)| a * b).sum::<f32>();
            *feature = feature.max(0.0);
        }
        let logit = |(row, bias): (&[f32; FEATURES], &f32)| {
            bias + row.iter().zip(&features).map(|(a, b)| a * b).sum::<f32>()
        };
        let logits: Vec<f32> = self.head.weight.iter().zip(&self.head.bias).map(logit).collect();
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let exponents: Vec<f32> = logits.iter().map(|logit| (logit - largest).exp()).collect();
        let sum: f32 = exponents.iter().sum();
        (exponents.iter().map(|exponent| exponent / sum).collect(), features)
    }

    /// One step of gradient descent for the head alone; the mean loss before it.
    fn step(&mut self, data: &[([f32; 4], usize)], rate: f32) -> f64 {
        let mut weight = [[0.0; FEATURES]; CLASSES];
        let mut bias = [0.0; CLASSES];
        let mut loss = 0.0;
        let scale = 1.0 / data.len() as f32;
        for (input, label) in data {
            let (probabilities, features) = self.forward(input);
            loss -= f64::from(probabilities[*label].ln());
            for (class, probability) in probabilities.iter().enumerate() {
                let slope = (probability - f32::from(u8::from(class == *label))) * scale;
                bias[class] += slope;
                for (sum, feature) in weight[class].iter_mut().zip(&features) {
                    *sum += slope * feature;
                }
            }
        }
        for class in 0..CLASSES {
            self.head.bias[class] -= rate * bias[class];
            for (value, slope) in self.head.weight[class].iter_mut().zip(&weight[class]) {
                *value -= rate * slope;
            }
        }
        loss / data.len() as f64
    }

    fn accuracy(&self, data: &[([f32; 4], usize)]) -> f64 {
        let right = data.iter().filter(|(input, label)| {
            let (probabilities, _) = self.forward(input);
            let others = probabilities.iter().enumerate().filter(|(class, _)| class != label);
            others.map(|(_, other)| other).all(|&other| probabilities[*label] > other)
        });
        right.count() as f64 / data.len() as f64
    }
}

/// Points of a grid, each with the class it is to have: which of its first three numbers is largest.
fn data() -> Vec<([f32; 4], usize)> {
    let steps = [-0.9, -0.3, 0.2, 0.7];
    let mut data = Vec::new();
    for a in steps {
        for b in steps {
            for c in steps {
                let input: [f32; 4] = [a, b + 0.05, c + 0.1, 0.5];
                let largest = input[..3].iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let label = input.iter().position(|&x| x >= largest).unwrap_or(0);
                data.push((input, label));
            }
        }
    }
    data
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let path = args.next().unwrap_or_else(|| {
        concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/checkpoints/classifier.pt").into()
    });
    let new = args.next().unwrap_or_else(|| std::env::temp_dir().join("warm_start.pt"));

    let checkpoint = Checkpoint::open(&path)?;
    print!("{}: {checkpoint}", path.display());
    let state_dict = checkpoint.state_dict("model_state_dict")?;

    // A model with a head for three classes, whose weights begin at nothing.
    let head = Linear { weight: [[0.0; FEATURES]; CLASSES], bias: [0.0; CLASSES] };
    let features = Linear { weight: [[0.0; 4]; FEATURES], bias: [0.0; FEATURES] };
    let mut model = Classifier { features, head };

    // The heads do not fit, and without leave nothing at all is loaded.
    let Err(error) = model.load_state_dict_with(&state_dict, &LoadOptions::new().strict(false))
    else {
        return Err("a head for ten classes fits one for three".into());
    };
    println!("\n{error}");
    if model.features.bias != [0.0; FEATURES] {
        return Err("a load that failed has written".into());
    }
    let options = LoadOptions::new().ignore_mismatched(true);
    let report = model.load_state_dict_with(&state_dict, &options)?;
    println!("\n{report}\n");
    let left_out: Vec<&str> = report.mismatched.iter().map(|left| left.key.as_str()).collect();
    if left_out != ["head.weight", "head.bias"] || report.loaded.len() != 2 {
        return Err(format!("left out: {left_out:?}").into());
    }
    let pretrained = state_dict.get("features.weight").ok_or("no features")?.to_vec::<f32>()?;
    if model.features.weight.as_flattened() != pretrained || model.head.bias != [0.0; CLASSES] {
        return Err("the features should be the file's and the head as it was".into());
    }

    // The new head learns on the old features.
    let data = data();
    let mut training = Training {
        from: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        from_epoch: checkpoint.get("epoch")?,
        learning_rate: 0.5,
        losses: Vec::new(),
    };
    println!("accuracy before: {:.2}", model.accuracy(&data));
    for step in 0..400 {
        let loss = model.step(&data, training.learning_rate);
        if step % 100 == 0 || step == 399 {
            println!("step {step:>3}: loss {loss:.4}");
            training.losses.push(loss);
        }
    }
    let accuracy = model.accuracy(&data);
    println!("accuracy after: {accuracy:.2}");
    let falls = training.losses.windows(2).all(|pair| pair[1] < pair[0]);
    if !falls || accuracy < 0.9 {
        return Err("the head has not learned".into());
    }
    if model.features.weight.as_flattened() != pretrained {
        return Err("only the head was to be trained".into());
    }

    // Model and training in one file, and back.
    let mut saved = Checkpoint::new();
    saved.set("training", &training)?;
    saved.set_state_dict("model_state_dict", &model)?;
    saved.save(&new)?;
    let file = Checkpoint::open(&new)?;
    if file.get::<Training>("training")? != training {
        return Err("the file has another training".into());
    }
    let mut fresh = model.clone();
    fresh.head.weight.iter_mut().for_each(|row| row.fill(9.0));
    fresh.load_state_dict(&file.find_state_dict()?)?;
    if fresh.head.weight != model.head.weight || fresh.accuracy(&data) < accuracy {
        return Err("the file has another model".into());
    }
    println!("\nverified: {} has the warm-started model\n{file}", new.display());
    Ok(())
}
