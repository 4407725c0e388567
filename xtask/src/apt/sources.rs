//! The machine's own apt sources, read for the address of a Debian mirror.
//!
//! Both forms in use are understood: one-line (`deb [options] URI SUITE COMPONENT...`, in `*.list`) and deb822
//! (`Types: deb`, in `*.sources`).

use std::path::Path;

use anyhow::Context as _;

/// One place packages come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    /// The address.
    pub(crate) uri: String,
    /// Suites named for it.
    pub(crate) suites: Vec<String>,
    /// Components named for it.
    pub(crate) components: Vec<String>,
    /// What signs it: a path, key ids, or (deb822 only) the key itself.
    pub(crate) signed_by: Option<String>,
    /// Whether the administrator declared it trusted without a signature.
    pub(crate) trusted: bool,
}

/// Suites by which a Debian mirror is known; a derivative's archive has other names.
const DEBIAN_SUITES: [&str; 12] = [
    "stable",
    "testing",
    "unstable",
    "oldstable",
    "oldoldstable",
    "sid",
    "buster",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
];

/// The mirror that the machine gets Debian from, if it gets Debian; `folder` is apt's configuration folder.
pub(crate) fn debian_mirror(folder: &Path) -> anyhow::Result<Option<Source>> {
    Ok(choose(&read(folder)?).cloned())
}

/// Reads `sources.list` and `sources.list.d` below apt's configuration folder.
fn read(folder: &Path) -> anyhow::Result<Vec<Source>> {
    let mut files = vec![folder.join("sources.list")];
    if let Ok(parts) = std::fs::read_dir(folder.join("sources.list.d")) {
        files.extend(parts.filter_map(Result::ok).map(|part| part.path()));
    }
    files.sort();
    let mut sources = Vec::new();
    for file in files.iter().filter(|file| file.is_file()) {
        let text =
            || std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()));
        match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => sources.extend(one_line(&text()?)),
            Some("sources") => sources.extend(deb822(&text()?)),
            _ => {}
        }
    }
    Ok(sources)
}

/// Debian's own archive rather than a third party's repository for the same suite, security archives excepted: they carry
/// neither backports nor the development suites.
fn choose(sources: &[Source]) -> Option<&Source> {
    let score = |source: &Source| {
        let suite = |suite: &String| {
            let base = suite.split('-').next().unwrap_or(suite);
            DEBIAN_SUITES.contains(&base) && !suite.contains("security") && !suite.contains('/')
        };
        if !source.suites.iter().any(suite)
            || !source.components.iter().any(|component| component == "main")
            || source.uri.trim_end_matches('/').ends_with("-security")
        {
            return 0;
        }
        let debians_key = source.signed_by.as_deref().is_some_and(|key| key.contains("debian-archive"));
        let usual_path = source.uri.trim_end_matches('/').ends_with("/debian");
        1 + 2 * u8::from(debians_key) + u8::from(usual_path)
    };
    // The first of the best: later files are additions.
    sources.iter().rev().filter(|source| score(source) > 0).max_by_key(|source| score(source))
}

/// Parses the one-line form.
fn one_line(text: &str) -> Vec<Source> {
    text.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<Source> {
    let text = text.split('#').next().unwrap_or_default().trim();
    let mut rest = text.strip_prefix("deb")?;
    if !rest.starts_with([' ', '\t', '[']) {
        return None;
    }
    let mut source = Source::default();
    rest = rest.trim_start();
    if let Some(options) = rest.strip_prefix('[') {
        let (options, after) = options.split_once(']')?;
        rest = after;
        for option in options.split_whitespace() {
            match option.split_once('=') {
                Some(("signed-by", value)) => source.signed_by = Some(value.to_owned()),
                Some(("trusted", value)) => source.trusted = yes(value),
                _ => {}
            }
        }
    }
    let mut words = rest.split_whitespace();
    source.uri = words.next()?.to_owned();
    source.suites = vec![words.next()?.to_owned()];
    source.components = words.map(str::to_owned).collect();
    Some(source)
}

/// Parses the deb822 form; a stanza with several URIs gives several sources.
fn deb822(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut stanza: Vec<(String, String)> = Vec::new();
    for line in text.lines().chain([""]) {
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            sources.extend(from_stanza(&stanza));
            stanza.clear();
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = stanza.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((key, value)) = line.split_once(':') {
            stanza.push((key.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    sources
}

fn from_stanza(stanza: &[(String, String)]) -> Vec<Source> {
    let field = |name: &str| stanza.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value);
    let words = |name: &str| field(name).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    if !words("types").iter().any(|kind| kind == "deb") || field("enabled").eq_ignore_ascii_case("no") {
        return Vec::new();
    }
    let signed_by = Some(field("signed-by").trim().to_owned()).filter(|value| !value.is_empty());
    words("uris")
        .into_iter()
        .map(|uri| Source {
            uri,
            suites: words("suites"),
            components: words("components"),
            signed_by: signed_by.clone(),
            trusted: yes(field("trusted")),
        })
        .collect()
}

fn yes(value: &str) -> bool {
    ["yes", "true", "1", "on"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_sources_are_read_with_their_options() {
        let text = "\
# deb http://commented.example/debian sid main
deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] https://m.example/debian/ trixie main contrib # own
deb-src https://m.example/debian/ trixie main
deb\t[ trusted=yes ] file:/srv/debian ./
debhelper nonsense
";
        let sources = one_line(text);
        assert_eq!(sources.len(), 2);
        assert_eq!(
            sources[0],
            Source {
                uri: "https://m.example/debian/".into(),
                suites: vec!["trixie".into()],
                components: vec!["main".into(), "contrib".into()],
                signed_by: Some("/usr/share/keyrings/k.gpg".into()),
                trusted: false,
            }
        );
        assert!(sources[1].trusted);
    }

    #[test]
    fn deb822_sources_are_read_with_comments_lists_and_inline_keys() {
        let text = "\
Types: deb deb-src
# a comment inside
URIs: http://one.example/debian
 http://two.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
 -----END PGP PUBLIC KEY BLOCK-----

Types: deb
Enabled: no
URIs: http://three.example/debian
Suites: sid
Components: main

Types: deb-src
URIs: http://four.example/debian
Suites: sid
Components: main
";
        let sources = deb822(text);
        assert_eq!(
            sources.iter().map(|source| source.uri.as_str()).collect::<Vec<_>>(),
            ["http://one.example/debian", "http://two.example/debian"]
        );
        assert_eq!(sources[0].suites, ["bookworm", "bookworm-updates"]);
        assert!(sources[0].signed_by.as_deref().is_some_and(|key| key.contains("abc")));
    }

    fn mirror_of(files: &[(&str, &str)]) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sources.list.d")).unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        debian_mirror(folder.path()).unwrap().map(|source| source.uri)
    }

    #[test]
    fn debians_own_archive_is_preferred() {
        let files = [
            ("sources.list", "deb https://packages.example/debian/12/prod bookworm main\n"),
            (
                "sources.list.d/debian.sources",
                "Types: deb\nURIs: http://s.example/debian-security\nSuites: bookworm-security\nComponents: main\n\n\
                 Types: deb\nURIs: http://m.example/debian\nSuites: bookworm\nComponents: main\n\
                 Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
            ),
            ("sources.list.d/old.list.disabled", "deb http://no.example/debian sid main\n"),
        ];
        assert_eq!(mirror_of(&files).as_deref(), Some("http://m.example/debian"));
    }

    #[test]
    fn an_unusual_address_is_taken_when_it_is_the_only_one() {
        let files = [("sources.list", "deb http://proxy.example/remote-apt/ trixie main\n")];
        assert_eq!(mirror_of(&files).as_deref(), Some("http://proxy.example/remote-apt/"));
    }

    #[test]
    fn other_distributions_have_no_debian_mirror() {
        assert_eq!(mirror_of(&[("sources.list", "deb http://a.example/ubuntu noble main universe\n")]), None);
        assert_eq!(
            mirror_of(&[("sources.list", "deb http://s.example/debian-security bookworm-security main\n")]),
            None
        );
        assert_eq!(mirror_of(&[]), None);
    }
}
