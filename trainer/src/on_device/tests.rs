//! Learning on libtorch's CPU, held against plain loops in 64-bit floats.

mod learning;
mod parts;
