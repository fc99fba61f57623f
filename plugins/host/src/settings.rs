//! What an operator sets for a plugin: names and values in a flat TOML file beside the component.

use crate::limits::{SETTING_NAME_BYTES_MAX, SETTINGS_BYTES_MAX, SETTINGS_MAX};

/// Settings by name and value, in the order of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings(Vec<(String, String)>);

impl Settings {
    /// Reads a file's text: texts, numbers and true or false, each under a name.
    ///
    /// # Errors
    /// What is wrong with it, in words for the operator.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > SETTINGS_BYTES_MAX {
            return Err(format!("the file has more than {SETTINGS_BYTES_MAX} bytes"));
        }
        Self::of(&text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?)
    }

    /// The same for a table that was read already.
    ///
    /// # Errors
    /// What is wrong with it, in words for the operator.
    pub fn of(table: &toml::Table) -> Result<Self, String> {
        if table.len() > SETTINGS_MAX {
            return Err(format!("it has more than {SETTINGS_MAX} names"));
        }
        let read = |(name, value): (&String, &toml::Value)| {
            if name.len() > SETTING_NAME_BYTES_MAX {
                return Err(format!("the name {name} has more than {SETTING_NAME_BYTES_MAX} bytes"));
            }
            let value = match value {
                toml::Value::String(text) => text.clone(),
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Float(number) => number.to_string(),
                toml::Value::Boolean(is_set) => is_set.to_string(),
                toml::Value::Datetime(_) | toml::Value::Array(_) | toml::Value::Table(_) => {
                    return Err(format!("{name} is neither a text nor a number nor true or false"));
                }
            };
            Ok((name.clone(), value))
        };
        table.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether nothing is set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As they cross into a guest.
    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn a_flat_file_is_read_and_anything_else_is_named() {
        let read = Settings::parse("hours = 12\nstrict = true\nname = \"x\"\nshare = 0.5").unwrap();
        assert_eq!(read.pairs(), [("hours", "12"), ("name", "x"), ("share", "0.5"), ("strict", "true")]);
        assert!(Settings::parse("").unwrap().is_empty());
        for (text, told) in [
            ("hours = [1]", "hours is neither"),
            ("[hours]", "hours is neither"),
            ("hours = ", "quoted"),
            (&format!("{} = 1", "x".repeat(65)), "more than 64 bytes"),
            (&(0..65).map(|n| format!("x{n} = 1\n")).collect::<String>(), "more than 64 names"),
            (&"#".repeat(20_000), "more than 16384 bytes"),
        ] {
            let error = Settings::parse(text).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
