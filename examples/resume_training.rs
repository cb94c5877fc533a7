//! Training that is killed, and goes on as if it had not been.
//!
//! The model, its data and `SGD` with momentum are a few lines each, so that all there is to resuming can be
//! seen: after every epoch the program saves what PyTorch's tutorial saves,
//!
//! ```python
//! torch.save({
//!     "epoch": epoch,
//!     "model_state_dict": model.state_dict(),
//!     "optimizer_state_dict": optimizer.state_dict(),
//!     "loss": loss,
//! }, path)
//! ```
//!
//! and begins with what it finds. Without arguments it trains once without an interruption, then starts itself as
//! another process that it kills in the middle of an epoch, goes on from the file that is left, and checks that the
//! losses are the same to the last bit. PyTorch goes on from the same file, and this program from PyTorch's.
//!
//! `cargo run -p statedict-examples --example resume_training [train FILE EPOCHS [paced]]`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use statedict::Checkpoint;
use statedict::DType;
use statedict::optim::{Algorithm, OptimizerState};
use statedict::prelude::*;

/// `nn.Linear`, with rows of plain numbers.
#[derive(StateDict)]
struct Linear {
    /// Outputs × inputs.
    #[param]
    weight: CpuTensor,
    #[param]
    bias: CpuTensor,
}

/// `fc2(tanh(fc1(x)))`.
#[derive(StateDict)]
struct Net {
    fc1: Linear,
    fc2: Linear,
}

const INPUTS: usize = 2;
const HIDDEN: usize = 8;

/// `torch.optim.SGD`; the fields are named as in its state dict.
#[derive(StateDict)]
struct Sgd {
    state: Vec<Momentum>,
    param_groups: Vec<Options>,
}

#[derive(StateDict)]
struct Momentum {
    #[buffer]
    momentum_buffer: CpuTensor,
}

#[derive(StateDict)]
struct Options {
    #[buffer]
    lr: f64,
    #[buffer]
    momentum: f64,
}

impl Linear {
    /// Small numbers that look random and are the same everywhere.
    fn new(inputs: usize, outputs: usize) -> Self {
        let tensor = |shape: &[usize]| {
            let mut tensor = CpuTensor::zeros(DType::F32, shape);
            for (index, element) in floats_mut(&mut tensor).iter_mut().enumerate() {
                *element = ((index * 7 + 3) % 11) as f32 / 10.0 - 0.5;
            }
            tensor
        };
        Linear { weight: tensor(&[outputs, inputs]), bias: tensor(&[outputs]) }
    }

    fn forward(&self, x: &[f32]) -> Vec<f32> {
        let rows = floats(&self.weight).chunks_exact(x.len()).zip(floats(&self.bias));
        rows.map(|(row, bias)| bias + row.iter().zip(x).map(|(w, x)| w * x).sum::<f32>()).collect()
    }

    /// Adds the gradients of this layer's parameters, given that of its outputs.
    fn backward(x: &[f32], outputs: &[f32], [weight, bias]: [&mut Vec<f32>; 2]) {
        for (row, output) in weight.chunks_exact_mut(x.len()).zip(outputs) {
            row.iter_mut().zip(x).for_each(|(gradient, x)| *gradient += output * x);
        }
        bias.iter_mut().zip(outputs).for_each(|(gradient, output)| *gradient += output);
    }
}

impl Net {
    fn new() -> Self {
        Net { fc1: Linear::new(INPUTS, HIDDEN), fc2: Linear::new(HIDDEN, 1) }
    }

    /// The parameters in the order of `named_parameters`.
    fn parameters(&mut self) -> [&mut CpuTensor; 4] {
        let Net { fc1, fc2 } = self;
        [&mut fc1.weight, &mut fc1.bias, &mut fc2.weight, &mut fc2.bias]
    }

    /// The mean squared error of some samples, and its gradients.
    fn loss(&self, samples: &[([f32; INPUTS], f32)]) -> (f32, [Vec<f32>; 4]) {
        let sizes = [HIDDEN * INPUTS, HIDDEN, HIDDEN, 1];
        let [mut w1, mut b1, mut w2, mut b2] = sizes.map(|size| vec![0.0; size]);
        let mut loss = 0.0;
        for (x, y) in samples {
            let hidden: Vec<f32> = self.fc1.forward(x).into_iter().map(f32::tanh).collect();
            let error = self.fc2.forward(&hidden)[0] - y;
            loss += error * error / samples.len() as f32;
            let output = 2.0 * error / samples.len() as f32;
            Linear::backward(&hidden, &[output], [&mut w2, &mut b2]);
            let inner: Vec<f32> = floats(&self.fc2.weight)
                .iter()
                .zip(&hidden)
                .map(|(w, h)| output * w * (1.0 - h * h))
                .collect();
            Linear::backward(x, &inner, [&mut w1, &mut b1]);
        }
        (loss, [w1, b1, w2, b2])
    }
}

impl Sgd {
    fn new(net: &mut Net) -> Self {
        let zeros = |parameter: &CpuTensor| CpuTensor::zeros(DType::F32, parameter.shape().clone());
        let state =
            net.parameters().map(|parameter| Momentum { momentum_buffer: zeros(parameter) });
        Sgd { state: state.into(), param_groups: vec![Options { lr: 0.05, momentum: 0.9 }] }
    }

    #[allow(clippy::cast_possible_truncation)]
    fn step(&mut self, net: &mut Net, gradients: &[Vec<f32>; 4]) {
        let Options { lr, momentum } = self.param_groups[0];
        let (lr, momentum) = (lr as f32, momentum as f32);
        let states = self.state.iter_mut().zip(gradients);
        for (parameter, (state, gradient)) in net.parameters().into_iter().zip(states) {
            let buffer = floats_mut(&mut state.momentum_buffer);
            for ((p, buffer), gradient) in
                floats_mut(parameter).iter_mut().zip(buffer).zip(gradient)
            {
                *buffer = *buffer * momentum + gradient;
                *p -= lr * *buffer;
            }
        }
    }
}

fn floats(tensor: &CpuTensor) -> &[f32] {
    tensor.as_slice().expect("float32")
}

fn floats_mut(tensor: &mut CpuTensor) -> &mut [f32] {
    tensor.as_mut_slice().expect("float32")
}

/// 32 points of a square, and the product of their coordinates.
fn data() -> Vec<([f32; INPUTS], f32)> {
    let point = |i: usize| [(i % 8) as f32 / 4.0 - 0.875, (i * 5 % 32) as f32 / 16.0 - 0.96875];
    (0..32).map(point).map(|x| (x, x[0] * x[1])).collect()
}

/// A training, as far as it has come.
struct Training {
    net: Net,
    optimizer: Sgd,
    /// How many epochs are done.
    epoch: i64,
}

impl Training {
    fn new() -> Self {
        let mut net = Net::new();
        let optimizer = Sgd::new(&mut net);
        Training { net, optimizer, epoch: 0 }
    }

    /// What is in the file; everything is checked before anything is taken.
    fn resume(path: &Path) -> Result<Self, Box<dyn Error>> {
        let mut training = Training::new();
        let checkpoint = Checkpoint::open(path)?;
        training.net.load_state_dict(&checkpoint.state_dict("model_state_dict")?)?;
        checkpoint
            .optimizer_state("optimizer_state_dict")?
            .with_names(&training.net)?
            .load_into(&mut training.optimizer)?;
        training.epoch = checkpoint.get("epoch")?;
        Ok(training)
    }

    /// Replaces the file in one step: whenever the process is killed, there is a whole checkpoint.
    fn save(&self, path: &Path, loss: f64) -> Result<(), Box<dyn Error>> {
        // PyTorch's options of SGD, so that PyTorch can go on; then what this optimizer holds.
        let names = self.net.named_parameters().into_iter().map(|(name, _)| name);
        let mut options = OptimizerState::new();
        options.add_param_group(Algorithm::Sgd, names)?;
        let optimizer = options.updated_from(&self.optimizer)?;

        let mut checkpoint = Checkpoint::new();
        checkpoint.set("epoch", self.epoch)?;
        checkpoint.set_state_dict("model_state_dict", &self.net)?;
        checkpoint.set_optimizer_state("optimizer_state_dict", &optimizer)?;
        checkpoint.set("loss", loss)?;
        checkpoint.save(path)?;
        Ok(())
    }

    /// One pass over the data; returns the mean loss.
    fn epoch(&mut self) -> f64 {
        let data = data();
        let batches = data.chunks(8);
        let count = batches.len() as f64;
        let mut sum = 0.0;
        for batch in batches {
            let (loss, gradients) = self.net.loss(batch);
            self.optimizer.step(&mut self.net, &gradients);
            sum += f64::from(loss);
        }
        self.epoch += 1;
        sum / count
    }
}

/// Trains up to so many epochs, from the file if there is one, and saves each. Returns the losses with their epochs.
pub fn train(
    path: &Path,
    epochs: i64,
    mut before_each: impl FnMut() -> std::io::Result<()>,
) -> Result<Vec<(i64, f64)>, Box<dyn Error>> {
    let mut training = if path.exists() { Training::resume(path)? } else { Training::new() };
    let mut losses = Vec::new();
    while training.epoch < epochs {
        before_each()?;
        let loss = training.epoch();
        training.save(path, loss)?;
        losses.push((training.epoch, loss));
        println!("epoch {} loss {loss}", training.epoch);
    }
    Ok(losses)
}

/// How long the training is.
pub const EPOCHS: i64 = 20;
const KILLED_AFTER: usize = 7;

/// Starts a paced training as another process, and kills it once it has begun the eighth epoch.
pub fn start_and_kill(mut training: Command) -> Result<(), Box<dyn Error>> {
    let mut child = training.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut go = child.stdin.take().ok_or("no standard input")?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no standard output")?).lines();
    for _ in 0..KILLED_AFTER {
        writeln!(go)?;
        let line = loop {
            let line = lines.next().ok_or("the training ended by itself")??;
            if line.starts_with("epoch") {
                break line;
            }
        };
        println!("{line}");
    }
    // Somewhere in an epoch, or in the writing of its checkpoint.
    writeln!(go)?;
    child.kill()?;
    println!("killed: {}", child.wait()?);
    Ok(())
}

/// The pace of a training that another process leads.
pub fn wait_for_line() -> std::io::Result<()> {
    std::io::stdin().read_line(&mut String::new()).map(|_| ())
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [command, path, epochs, pace @ ..] = args.as_slice()
        && command == "train"
    {
        let wait = if pace.is_empty() { || Ok(()) } else { wait_for_line };
        return train(Path::new(path), epochs.parse()?, wait).map(|_| ());
    }

    let folder = std::env::temp_dir().join(format!("resume_training.{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    println!("without an interruption:");
    let straight = train(&folder.join("straight.pt"), EPOCHS, || Ok(()))?;
    println!("\nwith one:");
    let path = folder.join("checkpoint.pt");
    let mut training = Command::new(std::env::current_exe()?);
    training.arg("train").arg(&path).args([EPOCHS.to_string().as_str(), "paced"]);
    start_and_kill(training)?;
    let resumed = train(&path, EPOCHS, || Ok(()))?;
    std::fs::remove_dir_all(&folder)?;

    let rest = straight.len() - resumed.len();
    if rest == 0 || straight[rest..] != resumed {
        return Err("the losses differ".into());
    }
    println!("\nverified: epochs {} to {EPOCHS} have the same losses, bit for bit", rest + 1);
    Ok(())
}
