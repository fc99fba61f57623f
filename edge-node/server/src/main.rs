mod kiosk;

fn main() {}
