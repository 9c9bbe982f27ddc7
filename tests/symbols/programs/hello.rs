//! A Rust program: mangled names, and PT_LOAD segments that share pages of the file.
use std::thread;

fn main() {
    let worker = thread::spawn(|| println!("hello"));
    worker.join().unwrap();
}
