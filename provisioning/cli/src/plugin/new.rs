//! Makes a project that carries its own copy of the SDK, so that it builds without the repository.

use super::{KindArg, manifest};
use crate::Outcome;
use anyhow::{Context as _, bail};
use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

/// What a project of one kind begins with; `NAME` stands for the plugin's name.
const FILTER: [(&str, &str); 3] = [
    (manifest::FILE, include_str!("template/dayshift-plugin.toml.in")),
    ("src/lib.rs", include_str!("template/lib.rs.in")),
    ("tests/cases.toml", include_str!("template/cases.toml.in")),
];
const ADMIT: [(&str, &str); 3] = [
    (manifest::FILE, include_str!("template/admit-plugin.toml.in")),
    ("src/lib.rs", include_str!("template/admit-lib.rs.in")),
    ("tests/cases.toml", include_str!("template/admit-cases.toml.in")),
];

/// The files that projects of all kinds have.
const FILES: [(&str, &str); 8] = [
    ("Cargo.toml", include_str!("template/Cargo.toml.in")),
    (".gitignore", "/target\n"),
    ("contract/v1/admit.wit", include_str!("../../../../plugins/contract/v1/admit.wit")),
    ("contract/v1/filter.wit", include_str!("../../../../plugins/contract/v1/filter.wit")),
    ("sdk/Cargo.toml", include_str!("template/sdk-Cargo.toml.in")),
    ("sdk/src/lib.rs", include_str!("../../../../plugins/sdk/src/lib.rs")),
    ("sdk/src/admission.rs", include_str!("../../../../plugins/sdk/src/admission.rs")),
    ("sdk/src/job.rs", include_str!("../../../../plugins/sdk/src/job.rs")),
];

/// Makes the project `name` in the current folder.
pub(super) fn run(name: &str, kind: KindArg) -> anyhow::Result<Outcome> {
    write_project(Path::new(name), name, kind)?;
    let rule = match kind {
        KindArg::Filter => "hides jobs farther away than 20 km; put yours into `keep`",
        KindArg::Admit => "admits whoever has fewer than 24 shifts; put yours into `admit`",
    };
    writeln!(
        io::stdout(),
        "made {name}/\n  the rule:   {name}/src/lib.rs {rule}\n  the cases:  {name}/tests/cases.toml\n\
         try it:     dayshift plugin test {name}"
    )?;
    Ok(Outcome::Done)
}

fn write_project(dir: &Path, name: &str, kind: KindArg) -> anyhow::Result<()> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let begins_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if !begins_well || !name.bytes().all(is_plain) || name.len() > 64 {
        bail!("`{name}` is no name for a plugin: a letter, then a-z, 0-9 and hyphens, at most 64");
    }
    if dir.exists() {
        bail!("{} exists; choose another name or remove it", dir.display());
    }
    let of_kind = match kind {
        KindArg::Filter => FILTER,
        KindArg::Admit => ADMIT,
    };
    for (path, text) in FILES.into_iter().chain(of_kind) {
        let path = dir.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        let is_template = !path.starts_with(dir.join("sdk")) && !path.starts_with(dir.join("contract"));
        let text = if is_template { text.replace("NAME", name) } else { text.to_owned() };
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{KindArg, write_project};
    use std::{env, fs, process};

    #[test]
    fn a_project_is_made_once_and_under_a_plain_name() {
        let dir = env::temp_dir().join(format!("plugin-new-{}", process::id()));
        write_project(&dir, "night-shift", KindArg::Filter).unwrap();
        let manifest = fs::read_to_string(dir.join("dayshift-plugin.toml")).unwrap();
        assert!(manifest.contains("name = \"night-shift\""));
        super::manifest::Manifest::read(&dir).unwrap();
        let cases = super::super::cases::read(&dir).unwrap();
        assert!(cases.len() == 1 && cases[0].name.starts_with("night-shift"), "{cases:?}");
        let rule = fs::read_to_string(dir.join("src/lib.rs")).unwrap();
        assert!(rule.contains("night-shift") && !rule.contains("too far"), "{rule}");
        assert!(
            write_project(&dir, "night-shift", KindArg::Filter).unwrap_err().to_string().contains("exists")
        );
        assert!(
            write_project(&dir.join("x"), "Night", KindArg::Filter)
                .unwrap_err()
                .to_string()
                .contains("no name")
        );
        fs::remove_dir_all(&dir).unwrap();
        write_project(&dir, "six-days", KindArg::Admit).unwrap();
        assert!(super::manifest::Manifest::read(&dir).unwrap().is_admit());
        let cases = super::super::admit::read(&dir).unwrap();
        assert!(cases.len() == 2 && cases[0].name.starts_with("six-days"), "{cases:?}");
        fs::remove_dir_all(&dir).unwrap();
    }
}
