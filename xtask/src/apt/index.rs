//! What `apt-cache show` prints, read.

/// One version of one package that a mirror offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Bytes to download.
    pub(crate) size: u64,
    /// Bytes on disk after unpacking, as the package estimates it.
    pub(crate) installed_size: u64,
    /// SHA-256 of the package file, from the signed index.
    pub(crate) sha256: String,
}

/// The packages of a list of stanzas. Those no mirror offers (installed ones without a file name) are left out.
pub(crate) fn parse(text: &str) -> Vec<Package> {
    text.split("\n\n").filter_map(stanza).collect()
}

fn stanza(text: &str) -> Option<Package> {
    let field = |name: &str| {
        text.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key == name).then(|| value.trim().to_owned())
        })
    };
    field("Filename")?;
    Some(Package {
        name: field("Package")?,
        version: field("Version")?,
        size: field("Size")?.parse().ok()?,
        installed_size: field("Installed-Size").and_then(|size| size.parse::<u64>().ok()).unwrap_or(0) * 1024,
        sha256: field("SHA256")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offered_packages_are_read_and_installed_ones_left_out() {
        let text = "\
Package: linux-binary-7.2.13+deb14-cloud-amd64
Source: linux-signed-amd64 (7.2.13+1)
Version: 7.2.13-1
Installed-Size: 13712
Description: Linux 7.2.13 for x86-64 cloud
 Version: not this one
Filename: pool/main/l/linux-signed-amd64/linux-binary_7.2.13-1_amd64.deb
Size: 13717736
SHA256: 03e4

Package: linux-binary-7.2.12+deb14-cloud-amd64
Status: install ok installed
Version: 7.2.12-1

";
        assert_eq!(
            parse(text),
            [Package {
                name: "linux-binary-7.2.13+deb14-cloud-amd64".into(),
                version: "7.2.13-1".into(),
                size: 13_717_736,
                installed_size: 13712 * 1024,
                sha256: "03e4".into(),
            }]
        );
        assert_eq!(parse(""), []);
    }
}
