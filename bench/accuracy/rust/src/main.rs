use serde_json::json;

fn main() {
    let text = "hello from a container";
    let found: Vec<&str> = text.split_whitespace().collect();
    println!("{}", json!({ "words": found, "count": found.len() }));
}
