//! The cases of `rename_all`, with serde's names.

/// How the words of a field's name are joined in its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Case {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
    ScreamingKebab,
}

const NAMES: &[(&str, Case)] = &[
    ("lowercase", Case::Lower),
    ("UPPERCASE", Case::Upper),
    ("PascalCase", Case::Pascal),
    ("camelCase", Case::Camel),
    ("snake_case", Case::Snake),
    ("SCREAMING_SNAKE_CASE", Case::ScreamingSnake),
    ("kebab-case", Case::Kebab),
    ("SCREAMING-KEBAB-CASE", Case::ScreamingKebab),
];

impl Case {
    pub(crate) fn by_name(name: &str) -> Option<Case> {
        NAMES.iter().find(|(known, _)| *known == name).map(|&(_, case)| case)
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|&(name, _)| name)
    }

    /// The key of a field, whose name is in snake case as Rust has it.
    pub(crate) fn apply(self, field: &str) -> String {
        let pascal = || field.split('_').map(capitalized).collect::<String>();
        match self {
            Case::Lower | Case::Snake => field.to_owned(),
            Case::Upper | Case::ScreamingSnake => field.to_ascii_uppercase(),
            Case::Pascal => pascal(),
            Case::Camel => {
                let pascal = pascal();
                let mut chars = pascal.chars();
                chars
                    .next()
                    .map(|first| first.to_ascii_lowercase())
                    .into_iter()
                    .chain(chars)
                    .collect()
            }
            Case::Kebab => field.replace('_', "-"),
            Case::ScreamingKebab => field.to_ascii_uppercase().replace('_', "-"),
        }
    }
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_serdes() {
        let of = |name: &str| Case::by_name(name).unwrap().apply("in_proj_weight");
        assert_eq!(of("lowercase"), "in_proj_weight");
        assert_eq!(of("UPPERCASE"), "IN_PROJ_WEIGHT");
        assert_eq!(of("PascalCase"), "InProjWeight");
        assert_eq!(of("camelCase"), "inProjWeight");
        assert_eq!(of("snake_case"), "in_proj_weight");
        assert_eq!(of("SCREAMING_SNAKE_CASE"), "IN_PROJ_WEIGHT");
        assert_eq!(of("kebab-case"), "in-proj-weight");
        assert_eq!(of("SCREAMING-KEBAB-CASE"), "IN-PROJ-WEIGHT");
    }
}
