//! burn's layers without parameters, so that they can be fields of a model: they have a place among
//! its modules, as in PyTorch, and nothing in its state dict.

use burn::nn::activation::{
    Celu, Elu, GLU, Gelu, HardShrink, HardSigmoid, HardSwish, Hardtanh, LeakyRelu, LogSigmoid,
    Mish, RRelu, Relu, Relu6, Selu, SiLU, Sigmoid, SoftShrink, Softplus, Softsign, Tanh,
    Tanhshrink, Threshold,
};
use burn::nn::interpolate::{Interpolate1d, Interpolate2d};
use burn::nn::pool::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AvgPool1d, AvgPool2d, MaxPool1d,
    MaxPool2d,
};
use burn::nn::{
    CosineSimilarity, Dropout, Fold4d, GaussianNoise, Identity, LocalResponseNorm,
    PairwiseDistance, PixelShuffle, PixelUnshuffle, Unfold4d,
};

use crate::adapters::stateless::stateless;

stateless! {
    AdaptiveAvgPool1d "AdaptiveAvgPool1d", AdaptiveAvgPool2d "AdaptiveAvgPool2d",
    AdaptiveAvgPool3d "AdaptiveAvgPool3d", AvgPool1d "AvgPool1d", AvgPool2d "AvgPool2d",
    Celu "CELU", CosineSimilarity "CosineSimilarity", Dropout "Dropout", Elu "ELU", Fold4d "Fold",
    GLU "GLU", GaussianNoise "GaussianNoise", Gelu "GELU", HardShrink "Hardshrink",
    HardSigmoid "Hardsigmoid", HardSwish "Hardswish", Hardtanh "Hardtanh", Identity "Identity",
    Interpolate1d "Upsample", Interpolate2d "Upsample", LeakyRelu "LeakyReLU",
    LocalResponseNorm "LocalResponseNorm", LogSigmoid "LogSigmoid", MaxPool1d "MaxPool1d",
    MaxPool2d "MaxPool2d", Mish "Mish", PairwiseDistance "PairwiseDistance",
    PixelShuffle "PixelShuffle", PixelUnshuffle "PixelUnshuffle", RRelu "RReLU", Relu "ReLU",
    Relu6 "ReLU6", Selu "SELU", SiLU "SiLU", Sigmoid "Sigmoid", SoftShrink "Softshrink",
    Softplus "Softplus", Softsign "Softsign", Tanh "Tanh", Tanhshrink "Tanhshrink",
    Threshold "Threshold", Unfold4d "Unfold",
}
