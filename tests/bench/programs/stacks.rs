// Six threads that sleep below calls with locals of many types.
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread;

enum Shape {
    Circle { radius: f64 },
    Square(f64),
    Nothing,
}

struct Walker {
    name: String,
    shared: Arc<Mutex<Vec<u32>>>,
}

impl Walker {
    fn walk(&self, depth: u32, path: &[u32]) -> u32 {
        let mut longer = path.to_vec();
        longer.push(depth);
        let seen: HashMap<&str, u32> = HashMap::from([("depth", depth), ("twice", depth * 2)]);
        let label = format!("{} at {depth}", self.name);
        let last: Option<&u32> = longer.last();
        let shape = match depth % 3 {
            0 => Shape::Nothing,
            1 => Shape::Circle { radius: 0.5 },
            _ => Shape::Square(2.0),
        };
        let below = if depth > 0 { self.walk(depth - 1, &longer) } else { self.rest() };
        let size = match shape {
            Shape::Circle { radius } => radius,
            Shape::Square(side) => side,
            Shape::Nothing => 0.0,
        };
        below + seen.len() as u32 + label.len() as u32 + last.copied().unwrap_or(0) + size as u32
    }

    fn rest(&self) -> u32 {
        let boxed: Box<(u8, char)> = Box::new((7, 'ß'));
        self.shared.lock().expect("nobody panics").push(1);
        loop {
            thread::park();
            if boxed.0 == 0 {
                return 0;
            }
        }
    }
}

fn main() {
    let shared = Arc::new(Mutex::new(Vec::new()));
    let walker = |name: &str| Walker { name: name.to_string(), shared: Arc::clone(&shared) };
    for number in 0..5 {
        let own = walker(&format!("walker {number}"));
        thread::spawn(move || own.walk(5, &[number]));
    }
    walker("main").walk(5, &[]);
}
