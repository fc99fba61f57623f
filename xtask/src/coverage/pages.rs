//! The sources with their counts as HTML: one page per file and a list of them.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::{Measured, percent};

const HEAD: &str = "<!doctype html><meta charset=utf-8><style>\
    body { font: 14px/1.4 monospace; color-scheme: light dark; margin: 1rem }\
    td { padding: 0 .6em; white-space: pre; vertical-align: top } td:nth-child(-n+2) { text-align: right; opacity: .6 }\
    .run { background: #2a62 } .missing { background: #d336 }</style>";

/// Writes the pages into `folder`, which may be there already.
pub(super) fn write(folder: &Path, files: &[Measured]) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut list = format!("{HEAD}<title>Lines run by tests</title><table>");
    for file in files {
        let name = format!("{}.html", file.path.replace('/', "-"));
        let (lines, missing) = (file.lines.len(), file.missing().len());
        let row = format!("<td>{:.1} %<td>{missing} of {lines}", percent(lines - missing, lines));
        list.push_str(&format!("<tr>{row}<td><a href=\"{name}\">{}</a>", escaped(&file.path)));
        save(folder, &name, &page(file))?;
    }
    save(folder, "index.html", &list)
}

fn save(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))
}

fn page(file: &Measured) -> String {
    let mut page = format!("{HEAD}<title>{0}</title><h1>{0}</h1><table>", escaped(&file.path));
    for (index, text) in file.text.lines().enumerate() {
        let line = index + 1;
        let (class, count) = match file.lines.get(&line) {
            Some(0) => ("missing", "0".to_owned()),
            Some(count) => ("run", count.to_string()),
            None => ("", String::new()),
        };
        page.push_str(&format!("<tr class=\"{class}\"><td>{line}<td>{count}<td>{}", escaped(text)));
    }
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::{Measured, page};

    #[test]
    fn a_page_marks_each_line_and_holds_no_markup_of_the_source() {
        let lines = [(1, 0), (2, 3)].into();
        let file = Measured { path: "a.rs".to_owned(), text: "a<b>\n&c\n//".to_owned(), lines };
        let page = page(&file);
        let rows: Vec<&str> = page.split("<tr ").skip(1).collect();
        let expected = [
            r#"class="missing"><td>1<td>0<td>a&lt;b&gt;"#,
            r#"class="run"><td>2<td>3<td>&amp;c"#,
            r#"class=""><td>3<td><td>//"#,
        ];
        assert_eq!(rows, expected);
    }
}
