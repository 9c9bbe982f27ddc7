// Functions in modules, implementations and closures; generic code; much of the library inlined.
use std::collections::HashMap;

mod shapes {
    pub trait Area {
        fn area(&self) -> f64;
        fn doubled(&self) -> f64 {
            self.area() * 2.0
        }
    }

    pub struct Circle(pub f64);
    pub struct Square(pub f64);

    impl Area for Circle {
        fn area(&self) -> f64 {
            self.0 * self.0 * std::f64::consts::PI
        }
    }

    impl Area for Square {
        fn area(&self) -> f64 {
            self.0 * self.0
        }
    }

    pub mod deeper {
        #[inline(never)]
        pub fn total(shapes: &[Box<dyn super::Area>]) -> f64 {
            shapes.iter().map(|shape| shape.area() + shape.doubled()).sum()
        }
    }
}

fn count<T: Eq + std::hash::Hash + Clone>(items: &[T]) -> HashMap<T, usize> {
    let mut counts = HashMap::new();
    for item in items {
        *counts.entry(item.clone()).or_insert(0) += 1;
    }
    counts
}

fn main() {
    let shapes: Vec<Box<dyn shapes::Area>> =
        vec![Box::new(shapes::Circle(1.5)), Box::new(shapes::Square(2.0))];
    let words: Vec<String> = std::env::args().flat_map(|word| [word.clone(), word]).collect();
    let mut lengths: Vec<usize> = words.iter().map(|word| word.len()).collect();
    lengths.sort_by(|left, right| right.cmp(left));
    println!("{} {:?} {:?}", shapes::deeper::total(&shapes), count(&words).len(), lengths);
}
