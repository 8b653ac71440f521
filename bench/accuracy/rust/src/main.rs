use regex::Regex;
use serde_json::json;

fn main() {
    let word = Regex::new(r"\w+").unwrap();
    let text = "hello from a container";
    let found: Vec<&str> = word.find_iter(text).map(|part| part.as_str()).collect();
    println!("{}", json!({ "words": found, "count": found.len() }));
}
