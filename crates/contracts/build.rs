//! Compiles the contracts of `proto/` with protox: no `protoc` is needed on the machine.

use prost::Message as _;
use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    let files = [
        "common",
        "entity",
        "people",
        "projects",
        "records",
        "access",
        "mapping",
        "sync",
        "seal",
        "analytics",
    ]
    .map(|name| root.join(format!("keylight/v1/{name}.proto")));
    // `compile_fds` does not say this itself
    for file in &files {
        println!("cargo:rerun-if-changed={}", file.display());
    }
    let descriptors = protox::compile(&files, [&root])?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(
        out.join("keylight.v1.descriptor.bin"),
        descriptors.encode_to_vec(),
    )?;
    tonic_prost_build::configure().compile_fds(descriptors)?;
    Ok(())
}
