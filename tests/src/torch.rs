//! PyTorch, in a Python process that all tests of a binary share: importing it takes seconds.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Names the Python to run.
const VARIABLE: &str = "STATEDICT_PYTHON";
/// Importing torch for the first time reads gigabytes of libraries.
const START: Duration = Duration::from_secs(300);
/// No call of a test takes a second; a loaded machine may need some.
const CALL: Duration = Duration::from_secs(120);

static PROCESS: Mutex<Option<Process>> = Mutex::new(None);

/// PyTorch for a test: calls functions of the modules in `tests/torch`.
///
/// ```no_run
/// use serde_json::json;
/// use statedict_tests::{Torch, temp_dir};
///
/// let torch = Torch::start();
/// let path = temp_dir().path().join("model.pt");
/// let saved = torch.call("checkpoint.save", json!({"model": "MyModule", "path": path}));
/// assert_eq!(saved["tensors"][0]["key"], "my_param");
/// ```
#[derive(Debug)]
pub struct Torch {
    _private: (),
}

/// What Python raised.
#[derive(Debug, Deserialize)]
pub struct PythonError {
    /// The exception's class, without its module.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its text.
    pub message: String,
    /// Python's traceback, which ends in both.
    pub traceback: String,
}

impl fmt::Display for PythonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.traceback.trim_end())
    }
}

impl std::error::Error for PythonError {}

impl Torch {
    /// Starts the process, unless a test before did.
    ///
    /// # Panics
    /// Where there is no Python with torch.
    #[track_caller]
    pub fn start() -> Torch {
        if let Err(reason) = with_process(|_| Ok(())) {
            panic!("{reason}");
        }
        Torch { _private: () }
    }

    /// Calls `function` (`"module.name"`) with `args`: an object for keywords, or an array.
    ///
    /// # Panics
    /// Where it raises an exception, with Python's traceback; where it does not answer in time.
    #[track_caller]
    pub fn call(&self, function: &str, args: Value) -> Value {
        match self.try_call(function, args) {
            Ok(value) => value,
            Err(error) => panic!("{function}: {error}"),
        }
    }

    /// As [`call`](Self::call), for a function that returns what `T` describes.
    ///
    /// # Panics
    /// As `call`, and where the value is something else.
    #[track_caller]
    pub fn get<T: DeserializeOwned>(&self, function: &str, args: Value) -> T {
        let value = self.call(function, args);
        serde_json::from_value(value).unwrap_or_else(|error| panic!("{function}: {error}"))
    }

    /// As [`call`](Self::call), for a function that may raise an exception.
    ///
    /// # Errors
    /// The exception.
    ///
    /// # Panics
    /// Where Python does not answer in time.
    #[track_caller]
    pub fn try_call(&self, function: &str, args: Value) -> Result<Value, PythonError> {
        call_within(CALL, function, &args).unwrap_or_else(|reason| panic!("{function}: {reason}"))
    }
}

fn call_within(
    limit: Duration,
    function: &str,
    args: &Value,
) -> Result<Result<Value, PythonError>, String> {
    with_process(|process| process.call(limit, function, args))
}

/// Runs `work` with the process, starting it first where there is none. One that failed is killed:
/// the next test gets a fresh one.
fn with_process<T>(work: impl FnOnce(&mut Process) -> Result<T, String>) -> Result<T, String> {
    // A test that panicked with the lock left the process between two calls or none at all.
    let mut slot: MutexGuard<'_, _> = PROCESS.lock().unwrap_or_else(PoisonError::into_inner);
    // Out of the slot while in use, so that no failure leaves it there.
    let mut process = match slot.take() {
        Some(process) => process,
        None => Process::start(std::env::var_os(VARIABLE).as_deref().map(Path::new))?,
    };
    let result = work(&mut process)?;
    *slot = Some(process);
    Ok(result)
}

/// `serve.py`. It ends when its standard input does, so at the latest with this process.
struct Process {
    child: Child,
    requests: ChildStdin,
    /// Lines, from a thread: a pipe cannot be read with a time limit.
    replies: Receiver<String>,
    /// A file and not a pipe: nobody has to read it for Python to go on.
    stderr: File,
    calls: u64,
}

impl Process {
    fn start(python: Option<&Path>) -> Result<Process, String> {
        let python = python.ok_or_else(|| missing("it is not set"))?;
        let stderr = tempfile::tempfile().map_err(|error| error.to_string())?;
        let mut child = Command::new(python)
            // No bytecode: tests leave nothing in the source tree.
            .arg("-B")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("torch/serve.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().map_err(|error| error.to_string())?)
            .spawn()
            .map_err(|error| missing(&format!("{} cannot be run: {error}", python.display())))?;
        let requests = child.stdin.take().ok_or("no standard input")?;
        let output = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let (sender, replies) = channel();
        std::thread::spawn(move || {
            // Ends with the output, or with nobody left to listen.
            output.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok())
        });
        let mut process = Process { child, requests, replies, stderr, calls: 0 };
        let about = |reason: &str| missing(&format!("{}: {reason}", python.display()));
        match process.reply::<Hello>(START).map_err(|reason| about(&reason))? {
            Hello::Torch(_) => Ok(process),
            Hello::Error(error) => Err(about(&error.to_string())),
        }
    }

    fn call(
        &mut self,
        limit: Duration,
        function: &str,
        args: &Value,
    ) -> Result<Result<Value, PythonError>, String> {
        self.calls += 1;
        let request = json!({"id": self.calls, "function": function, "args": args});
        // Python always reads, so this never waits long; where it died, the reply tells more.
        let _ = writeln!(self.requests, "{request}");
        let reply = self.reply::<Reply>(limit)?;
        if reply.id != self.calls {
            return Err(format!("reply {} to request {}", reply.id, self.calls));
        }
        Ok(match reply.error {
            Some(error) => Err(error),
            None => Ok(reply.value),
        })
    }

    fn reply<T: DeserializeOwned>(&mut self, limit: Duration) -> Result<T, String> {
        match self.replies.recv_timeout(limit) {
            Ok(line) => serde_json::from_str(&line).map_err(|error| format!("{error}: {line}")),
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("no answer in {} s{}", limit.as_secs(), self.last_words()))
            }
            Err(RecvTimeoutError::Disconnected) => {
                Err(format!("Python ended{}", self.last_words()))
            }
        }
    }

    /// How a process that is of no more use ended, and what it wrote to standard error.
    fn last_words(&mut self) -> String {
        let _ = self.child.kill();
        let status = self.child.wait().map_or_else(|error| error.to_string(), |s| s.to_string());
        let mut text = Vec::new();
        let read = self.stderr.rewind().and_then(|()| self.stderr.read_to_end(&mut text));
        let text = read.map_or_else(|error| error.to_string(), |_| lossy_end(&text));
        format!(" ({status}); its standard error:\n{text}")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Hello {
    Torch(#[expect(dead_code, reason = "for people who run serve.py by hand")] String),
    Error(PythonError),
}

#[derive(Deserialize)]
struct Reply {
    id: u64,
    #[serde(default)]
    value: Value,
    error: Option<PythonError>,
}

fn missing(reason: &str) -> String {
    format!(
        "this test needs Python with torch, and the environment variable {VARIABLE} names none; \
         see CONTRIBUTING.md, \"The torch tests\". {reason}"
    )
}

/// The last of a long text: what a traceback says is at its end.
fn lossy_end(text: &[u8]) -> String {
    String::from_utf8_lossy(&text[text.len().saturating_sub(4000)..]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_python_the_message_says_where_to_read_on() {
        let reasons = [
            Process::start(None).err(),
            Process::start(Some(Path::new("/no/such/python"))).err(),
            // Ends without a word, as a Python of another kind might.
            Process::start(Some(Path::new("false"))).err(),
        ];
        for reason in reasons {
            let reason = reason.expect("there is no torch");
            assert!(reason.contains("CONTRIBUTING.md"), "{reason}");
        }
    }

    #[test]
    #[ignore = "needs Python with torch: see CONTRIBUTING.md"]
    fn values_come_back() {
        let torch = Torch::start();
        assert_eq!(torch.call("builtins.divmod", json!([7, 2])), json!([3, 1]));
        let keyword = json!({"s": "[1, {\"é\": null}]"});
        assert_eq!(torch.call("json.loads", keyword), json!([1, {"é": null}]));
        assert_eq!(torch.get::<u64>("torch.get_num_threads", json!([])), 1);
    }

    #[test]
    #[ignore = "needs Python with torch: see CONTRIBUTING.md"]
    fn exceptions_come_back_with_their_traceback() {
        let torch = Torch::start();
        let error = torch.try_call("checkpoint.describe", json!(["/no/such/file"])).unwrap_err();
        assert_eq!(error.kind, "FileNotFoundError");
        assert!(error.message.contains("/no/such/file"), "{error}");
        assert!(error.traceback.contains("in describe"), "{error}");

        // What JSON cannot say is an exception like another, and so is what cannot be found.
        assert_eq!(torch.try_call("builtins.object", json!([])).unwrap_err().kind, "TypeError");
        assert_eq!(torch.try_call("models.nothing", json!([])).unwrap_err().kind, "AttributeError");
    }

    #[test]
    #[ignore = "needs Python with torch: see CONTRIBUTING.md"]
    fn what_python_prints_is_no_reply() {
        let torch = Torch::start();
        assert_eq!(torch.call("builtins.print", json!(["{\"id\": 1, \"value\": 2}"])), Value::Null);
        assert_eq!(torch.call("os.system", json!(["echo 'from a child'"])), json!(0));
        // More than a pipe holds, in both directions.
        let long = "x".repeat(1 << 20);
        assert_eq!(torch.call("builtins.print", json!([long])), Value::Null);
        assert_eq!(torch.call("builtins.str", json!([long])), json!(long));
    }

    #[test]
    #[ignore = "needs Python with torch: see CONTRIBUTING.md"]
    fn a_call_that_hangs_or_kills_python_fails_and_the_next_one_works() {
        let second = Duration::from_secs(1);
        let reason = call_within(second, "time.sleep", &json!([60])).unwrap_err();
        assert!(reason.contains("no answer in 1 s"), "{reason}");
        let reason = call_within(CALL, "os._exit", &json!([3])).unwrap_err();
        assert!(reason.contains("exit status: 3"), "{reason}");
        assert_eq!(Torch::start().call("builtins.abs", json!([-1])), json!(1));
    }
}
