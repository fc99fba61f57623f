//! Functions of at most 70 lines, files of at most 600 lines of code, long tests in a file of their own.

use super::Finding;
use super::tree::Tree;

/// From the line of `fn` to the line of the closing brace. Longer ones are not read as a whole.
const FUNCTION_LINES_MAX: usize = 70;

/// Lines that hold more than a comment, tests included. Longer files hold more than one idea.
const FILE_LINES_MAX: usize = 600;

/// Lines of a test module inside the file that it tests. Longer ones push the code out of sight.
const INLINE_TEST_LINES_MAX: usize = 300;

/// Finds what is too long.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.sources() {
        for function in source.functions().into_iter().filter(|function| function.lines > FUNCTION_LINES_MAX)
        {
            let what = format!(
                "fn {} has {} lines, and {FUNCTION_LINES_MAX} is the most",
                function.name, function.lines
            );
            findings.push(Finding::new(
                path,
                function.line,
                what,
                "give its steps names and functions of their own",
            ));
        }
        let lines = source.code_lines(0..source.tokens.len());
        if lines > FILE_LINES_MAX {
            let what = format!("{lines} lines of code, and {FILE_LINES_MAX} is the most");
            findings.push(Finding::new(path, 1, what, "split it by idea: foo.rs and foo/"));
        }
        for module in source.modules().into_iter().filter(|module| module.inline && module.test) {
            let line = source.tokens.get(module.body.start).map_or(1, |token| token.line);
            let lines = source.code_lines(module.body);
            if lines > INLINE_TEST_LINES_MAX && !path.contains("/tests/") {
                let what =
                    format!("mod {} has {lines} lines, and {INLINE_TEST_LINES_MAX} is the most", module.name);
                findings.push(Finding::new(path, line, what, "move the tests to a file of their own"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::check_rule;

    fn check(text: &str, expected: &[&str]) {
        check_rule(super::check, &[("a/src/b.rs", text)], expected);
    }

    #[test]
    fn functions_are_measured_from_fn_to_brace() {
        let function = |lines: usize| {
            format!("//! x\nfn long<T>(a: [u8; 2]) {{\n{}}}\nfn b() {{}}", "a();\n".repeat(lines))
        };
        check(&function(68), &[]);
        check(&function(69), &["a/src/b.rs:2 fn long has 71 lines, and 70 is the most"]);
        check("trait A { fn b(c: fn(u8) -> u8); }", &[]);
    }

    #[test]
    fn files_are_measured_without_comments() {
        check(&format!("{}{}", "// a\n\n".repeat(700), "use a;\n".repeat(600)), &[]);
        check(&"use a;\n".repeat(601), &["a/src/b.rs:1 601 lines of code, and 600 is the most"]);
    }

    #[test]
    fn long_tests_have_a_file_of_their_own() {
        let text = format!("\n#[cfg(test)]\nmod tests {{\n{}}}", "use a;\n".repeat(300));
        check(&text, &["a/src/b.rs:3 mod tests has 302 lines, and 300 is the most"]);
    }
}
