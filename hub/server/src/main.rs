mod console;

fn main() {}
