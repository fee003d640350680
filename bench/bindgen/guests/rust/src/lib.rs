//! The same function by wit-bindgen's Rust.

wit_bindgen::generate!({ path: "../wit", world: "greeter" });

struct Greeter;
export!(Greeter);

impl Guest for Greeter {
    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }
}
