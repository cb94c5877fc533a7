//! Two models in one file: a GAN that is stopped in the middle of its training and goes on from the file.
//!
//! ```python
//! torch.save({
//!     "step": step,
//!     "generator_state_dict": generator.state_dict(),
//!     "discriminator_state_dict": discriminator.state_dict(),
//!     "rng": rng, "config": config, "history": history,
//! }, "gan.pt")
//! ```
//!
//! The generator makes numbers that look as if they came from a normal distribution around 3; the discriminator
//! tells them from real ones. One training runs through. Another is killed half-way, when all that is left of it is
//! the file, and goes on: both end with the same weights, to the last bit.
//!
//! `cargo run -p statedict-examples --example gan [CHECKPOINT.pt]`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use statedict::Checkpoint;
use statedict::prelude::*;

/// `nn.Linear(1, 1).double()`: a noise becomes a number.
#[derive(StateDict, Clone, PartialEq, Debug)]
struct Generator {
    #[param]
    weight: [[f64; 1]; 1],
    #[param]
    bias: [f64; 1],
}

/// `nn.Linear(2, 1).double()` of a number and its square, then a sigmoid: how real the number looks.
#[derive(StateDict, Clone, PartialEq, Debug)]
struct Discriminator {
    #[param]
    weight: [[f64; 2]; 1],
    #[param]
    bias: [f64; 1],
    /// How many numbers it has judged.
    #[buffer]
    judged: i64,
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
struct Config {
    target: (f64, f64),
    rates: Rates,
    batch: u32,
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
struct Rates {
    generator: f64,
    discriminator: f64,
}

#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
struct Moment {
    step: u64,
    mean: f64,
    loss: f64,
}

/// A generator of random numbers (xorshift) whose state is saved: a `u64`, for Python an int as any.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f64 / f64::from(1u32 << 24)
    }

    /// Nearly normal: a sum of uniform numbers.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

struct Training {
    config: Config,
    step: u64,
    generator: Generator,
    discriminator: Discriminator,
    random: Random,
    history: Vec<Moment>,
}

impl Generator {
    fn make(&self, noise: f64) -> f64 {
        self.weight[0][0] * noise + self.bias[0]
    }
}

impl Discriminator {
    fn judge(&self, x: f64) -> f64 {
        let [weight] = self.weight;
        1.0 / (1.0 + (-(weight[0] * x + weight[1] * x * x + self.bias[0])).exp())
    }

    /// Moves the weights along the slope of one number's loss.
    fn learn(&mut self, x: f64, slope: f64) {
        self.weight[0][0] -= slope * x;
        self.weight[0][1] -= slope * x * x;
        self.bias[0] -= slope;
        self.judged += 1;
    }
}

impl Training {
    fn new() -> Self {
        let rates = Rates { generator: 0.01, discriminator: 0.01 };
        Training {
            config: Config { target: (3.0, 0.5), rates, batch: 16 },
            step: 0,
            generator: Generator { weight: [[1.0]], bias: [0.0] },
            discriminator: Discriminator { weight: [[0.0; 2]], bias: [0.0], judged: 0 },
            random: Random(0x9e37_79b9_7f4a_7c15),
            history: Vec::new(),
        }
    }

    fn run(&mut self, until: u64) {
        while self.step < until {
            let (mut mean, mut loss) = (0.0, 0.0);
            for _ in 0..self.config.batch {
                let (centre, width) = self.config.target;
                let real = centre + width * self.random.normal();
                let noise = self.random.normal();
                let made = self.generator.make(noise);
                // The discriminator: -log(judge(real)) - log(1 - judge(made)).
                let rate = self.config.rates.discriminator;
                self.discriminator.learn(real, rate * (self.discriminator.judge(real) - 1.0));
                self.discriminator.learn(made, rate * self.discriminator.judge(made));
                // The generator: -log(judge(made)).
                let judged = self.discriminator.judge(made);
                let [weight] = self.discriminator.weight;
                let slope = (judged - 1.0) * (weight[0] + 2.0 * weight[1] * made);
                let rate = self.config.rates.generator;
                self.generator.weight[0][0] -= rate * slope * noise;
                self.generator.bias[0] -= rate * slope;
                mean += made / f64::from(self.config.batch);
                loss -= judged.ln() / f64::from(self.config.batch);
            }
            self.step += 1;
            if self.step.is_multiple_of(250) {
                self.history.push(Moment { step: self.step, mean, loss });
            }
        }
    }

    fn save(&self, path: &Path) -> Result<(), Box<dyn Error>> {
        let mut checkpoint = Checkpoint::new();
        checkpoint.set("step", self.step)?;
        checkpoint.set_state_dict("generator_state_dict", &self.generator)?;
        checkpoint.set_state_dict("discriminator_state_dict", &self.discriminator)?;
        checkpoint.set("rng", self.random.0)?;
        checkpoint.set("config", &self.config)?;
        checkpoint.set("history", &self.history)?;
        Ok(checkpoint.save(path)?)
    }

    fn open(path: &Path) -> Result<Self, Box<dyn Error>> {
        let checkpoint = Checkpoint::open(path)?;
        print!("{}: {checkpoint}", path.display());
        let mut training = Training::new();
        training.generator.load_state_dict(&checkpoint.state_dict("generator_state_dict")?)?;
        let state_dict = checkpoint.state_dict("discriminator_state_dict")?;
        training.discriminator.load_state_dict(&state_dict)?;
        training.step = checkpoint.get("step")?;
        training.random = Random(checkpoint.get("rng")?);
        training.config = checkpoint.get("config")?;
        training.history = checkpoint.get("history")?;
        Ok(training)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).map(PathBuf::from);
    let path = path.unwrap_or_else(|| std::env::temp_dir().join("gan.pt"));

    let mut through = Training::new();
    through.run(1500);

    let mut killed = Training::new();
    killed.run(700);
    killed.save(&path)?;
    drop(killed);

    let mut resumed = Training::open(&path)?;
    if resumed.step != 700 || resumed.discriminator.judged != 700 * 16 * 2 {
        return Err(format!("the file is of step {}", resumed.step).into());
    }
    resumed.run(1500);
    println!();
    for Moment { step, mean, loss } in &resumed.history {
        println!("step {step:>4}: mean of what is made {mean:>5.2}, loss {loss:.3}");
    }
    if resumed.generator != through.generator || resumed.discriminator != through.discriminator {
        return Err("the resumed training went another way".into());
    }
    if resumed.history != through.history || resumed.random.0 != through.random.0 {
        return Err("the resumed training remembers another one".into());
    }
    let mean = resumed.generator.bias[0];
    if (mean - 3.0).abs() > 0.5 {
        return Err(format!("the generator makes numbers around {mean}").into());
    }
    println!("\nverified: stopped and resumed, both models are what they would have become");

    // Which of the two is *the* state dict cannot be told, and is not guessed.
    let checkpoint = Checkpoint::open(&path)?;
    match checkpoint.find_state_dict() {
        Err(error) => println!("\n{error}"),
        Ok(_) => return Err("one of two models was taken".into()),
    }
    Ok(())
}
