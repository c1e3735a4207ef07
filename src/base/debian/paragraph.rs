//! One paragraph of a control file, deb822(5), every byte of a value kept.
//!
//! dpkg's own database holds values as packages wrote them: the indentation of a description's lines is part of it, and
//! the crate `deb822-fast` strips it.

/// The most fields; the longest paragraphs of Debian have some forty.
const MOST_FIELDS: usize = 256;

/// Fields in their order. A value is what follows the colon without the blanks around it; further lines keep the blank
/// that each begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Paragraph(Vec<(String, String)>);

impl Paragraph {
    /// Reads a text of one paragraph.
    ///
    /// # Errors
    /// The end of a sentence that begins with the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut ended = false;
        for (number, line) in text.lines().enumerate() {
            let unsound = |what: &str| Err(format!("{what} in line {}", number + 1));
            let blank = line.trim_matches([' ', '\t']).is_empty();
            if blank {
                ended = !fields.is_empty();
                continue;
            }
            if ended {
                return unsound("has a second paragraph");
            }
            if line.starts_with([' ', '\t']) {
                let Some((_, value)) = fields.last_mut() else { return unsound("has a continuation of nothing") };
                value.push('\n');
                value.push_str(line);
                continue;
            }
            let Some((name, value)) = line.split_once(':') else { return unsound("has no field") };
            let graphic = name.bytes().all(|byte| byte.is_ascii_graphic());
            if name.is_empty() || !graphic || name.starts_with(['-', '#']) {
                return unsound("has no field");
            }
            if fields.len() == MOST_FIELDS {
                return unsound("has too many fields");
            }
            if fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                return unsound(&format!("has the field `{name}` twice"));
            }
            fields.push((name.to_owned(), value.trim_start_matches([' ', '\t']).to_owned()));
        }
        for (_, value) in &mut fields {
            value.truncate(value.trim_end_matches([' ', '\t', '\n']).len());
        }
        Ok(Self(fields))
    }

    /// The value of a field; names are the same in any case.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every field with its value.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests;
