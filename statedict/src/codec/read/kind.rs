//! The formats of files, and the byte order of their numbers.

use std::fmt;

/// The container that the values of a file are packed in.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerKind {
    /// The ZIP archive that torch.save has written since PyTorch 1.6.
    Zip,
    /// The stream of pickles and storages that it wrote before.
    Legacy,
    /// The tar archive that it wrote in PyTorch 0.1.
    Tar,
    /// A pickle by itself, as `pickle.dump` writes it. `torch.load` takes none; here its tensors are those that it holds
    /// in files within it, and its arrays.
    Pickle,
    /// A safetensors file.
    Safetensors,
    /// The ZIP archive of `torch.jit.save`: a program with its parameters and buffers.
    TorchScript,
    /// The ZIP archive of `torch.export.save` (`.pt2`): exported programs with their parameters and buffers.
    Exported,
}

impl fmt::Display for ContainerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ContainerKind::Zip => "zip",
            ContainerKind::Legacy => "legacy",
            ContainerKind::Tar => "tar",
            ContainerKind::Pickle => "pickle",
            ContainerKind::Safetensors => "safetensors",
            ContainerKind::TorchScript => "torchscript",
            ContainerKind::Exported => "pt2",
        })
    }
}

/// The byte order of a file's numbers. What is read from it is little-endian in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

impl fmt::Display for ByteOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ByteOrder::Little => "little",
            ByteOrder::Big => "big",
        })
    }
}
