//! The little Markdown that the tables and pages are made of. Catalogue texts are plain, so whatever Markdown would
//! take for its own is escaped.

/// A table of GitHub's kind. Cells are Markdown already.
pub(super) fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut out = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len()));
    for row in rows {
        out.push_str("| ");
        out.push_str(&row.join(" | "));
        out.push_str(" |\n");
    }
    out
}

/// A list, one line an item. Items are Markdown already.
pub(super) fn bullets(items: impl IntoIterator<Item = String>) -> String {
    let lines: Vec<String> = items.into_iter().map(|item| format!("- {item}")).collect();
    lines.join("\n")
}

/// Plain text, on one line.
pub(super) fn text(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len() + 8);
    for letter in plain.chars() {
        match letter {
            '\n' | '\r' => out.push(' '),
            '<' => out.push_str("&lt;"),
            '|' | '*' | '`' | '\\' => out.extend(['\\', letter]),
            _ => out.push(letter),
        }
    }
    out
}

/// A word of the machine's. The bar is escaped because a table would end its cell there, even inside code.
pub(super) fn code(word: &str) -> String {
    let word = word.replace(['\n', '\r'], " ").replace('|', "\\|");
    if word.contains('`') { format!("`` {word} ``") } else { format!("`{word}`") }
}

/// Several words of the machine's.
pub(super) fn codes(words: &[String], between: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| code(word)).collect();
    words.join(between)
}

#[cfg(test)]
mod tests {
    use super::{code, table, text};

    #[test]
    fn a_cell_cannot_break_its_table() {
        assert_eq!(text("a | b\n<br> *c*"), "a \\| b &lt;br> \\*c\\*");
        assert_eq!(code("^(a|b)$"), "`^(a\\|b)$`");
        assert_eq!(table(&["A", "B"], [vec![text("1"), code("2")]]), "| A | B |\n| --- | --- |\n| 1 | `2` |\n");
    }
}
