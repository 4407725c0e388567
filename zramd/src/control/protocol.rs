//! What is said over the socket.
//!
//! A request is an object with `version`, `ask`, and what belongs to that; an answer is one with `version`, and `ok` or `error`. The version goes up when
//! something changes its meaning or goes away, and stays when something is added; so a client reads over fields that it does not know. The server does not: a
//! word that it does not know may be the one that made a request harmless.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Controlled, Decided};

/// The version of what is said.
pub const VERSION: u32 = 1;

/// Bytes of a request, at most.
pub const LONGEST: usize = 4096;

/// Decisions that are told, if nobody says how many.
const USUAL: usize = 20;

/// Decisions that are told, at most.
pub const MOST: usize = 1000;

/// Something that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// How things are.
    Status {},
    /// The last decisions.
    Why {
        /// How many.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<usize>,
    },
    /// To do nothing any more.
    Pause {
        /// For how long. Without it: until it is told to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u64>,
    },
    /// To go on.
    Resume {},
    /// To decide, and do it, now.
    #[serde(rename_all = "kebab-case")]
    RunNow {
        /// To decide only.
        #[serde(default)]
        dry_run: bool,
    },
}

impl Request {
    /// Whether it is root's to ask. A dry run changes nothing, but looks at every slot, for which others have to wait.
    #[must_use]
    pub fn is_for_root(&self) -> bool {
        !matches!(self, Self::Status {} | Self::Why { .. })
    }
}

/// Decisions, the latest last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decisions {
    /// They.
    pub decisions: Vec<Decided>,
}

/// What becomes of [`Request::Pause`] and [`Request::Resume`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// Whether it is.
    pub paused: bool,
    /// For how long still. `null`: until it is told to go on.
    pub seconds: Option<u64>,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{says}")]
pub struct Refusal {
    /// For programs.
    pub kind: RefusalKind,
    /// For people.
    pub says: String,
}

/// Why something was not done, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// It is no request.
    Malformed,
    /// It is one of another version.
    Version,
    /// It is root's to ask.
    Forbidden,
    /// Others ask too much already.
    Busy,
    /// It cannot be done now.
    Failed,
}

impl Refusal {
    pub(super) fn new(kind: RefusalKind, says: impl Into<String>) -> Self {
        Self { kind, says: says.into() }
    }
}

/// A request as a line, without its end.
#[must_use]
pub fn line(request: &Request) -> String {
    let mut value = serde_json::to_value(request).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.insert("version".to_owned(), VERSION.into());
    }
    value.to_string()
}

/// Understands a line.
fn understood(line: &[u8]) -> Result<Request, Refusal> {
    let malformed = |why: String| Refusal::new(RefusalKind::Malformed, format!("this is no request: {why}"));
    let mut value: Value = serde_json::from_slice(line).map_err(|error| malformed(error.to_string()))?;
    let Value::Object(fields) = &mut value else {
        return Err(malformed(format!("an object such as {} is one", self::line(&Request::Status {}))));
    };
    match fields.remove("version") {
        Some(Value::Number(version)) if version.as_u64() == Some(VERSION.into()) => {}
        Some(other) => {
            let says =
                format!("this zramd speaks version {VERSION}, and not {other}: ask with its own program");
            return Err(Refusal::new(RefusalKind::Version, says));
        }
        None => return Err(malformed(format!("it has no version, which is {VERSION}"))),
    }
    serde_json::from_value(value).map_err(|error| malformed(error.to_string()))
}

/// The answer to a line from somebody who is root or not, as a line with its end.
pub(super) fn answer(line: &[u8], is_root: bool, controlled: &mut dyn Controlled) -> Vec<u8> {
    match understood(line) {
        Err(refusal) => refused(&refusal),
        Ok(request) if request.is_for_root() && !is_root => {
            let says = "only root may tell zramd what to do: ask again with sudo";
            refused(&Refusal::new(RefusalKind::Forbidden, says))
        }
        Ok(request) => done(&request, controlled),
    }
}

fn done(request: &Request, controlled: &mut dyn Controlled) -> Vec<u8> {
    match request {
        Request::Status {} => ok(&controlled.status()),
        Request::Why { last } => {
            let most = last.unwrap_or(USUAL).min(MOST);
            ok(&Decisions { decisions: controlled.why(most) })
        }
        Request::Pause { seconds } => {
            controlled.pause(seconds.map(std::time::Duration::from_secs));
            ok(&Paused { paused: true, seconds: *seconds })
        }
        Request::Resume {} => {
            controlled.resume();
            ok(&Paused { paused: false, seconds: None })
        }
        Request::RunNow { dry_run } => match controlled.run_now(*dry_run) {
            Ok(decisions) => ok(&Decisions { decisions }),
            Err(says) => refused(&Refusal::new(RefusalKind::Failed, says)),
        },
    }
}

#[derive(Serialize)]
struct Ok<'a, T> {
    version: u32,
    ok: &'a T,
}

fn ok(what: &impl Serialize) -> Vec<u8> {
    as_line(&Ok { version: VERSION, ok: what })
}

/// A refusal as a line with its end.
pub(super) fn refused(why: &Refusal) -> Vec<u8> {
    #[derive(Serialize)]
    struct Refused<'a> {
        version: u32,
        error: &'a Refusal,
    }
    as_line(&Refused { version: VERSION, error: why })
}

fn as_line(what: &impl Serialize) -> Vec<u8> {
    // Into memory, which takes everything; and the types have no keys that JSON has not.
    let mut line = serde_json::to_vec(what).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Why an answer is of no use.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The daemon says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It is not understood.
    #[error("zramd answers with what this program does not understand ({0}): both must be of one version")]
    Strange(String),
}

/// Reads an answer.
///
/// # Errors
/// When it is a refusal, or none at all.
pub fn read<T: DeserializeOwned>(line: &str) -> Result<T, NoAnswer> {
    let strange = |why: serde_json::Error| NoAnswer::Strange(why.to_string());
    let mut value: Value = serde_json::from_str(line).map_err(strange)?;
    if let Some(error) = value.get_mut("error") {
        let refusal: Refusal = serde_json::from_value(error.take()).map_err(strange)?;
        return Err(refusal.into());
    }
    match value.get_mut("ok") {
        Some(ok) => serde_json::from_value(ok.take()).map_err(strange),
        None => Err(NoAnswer::Strange("it has neither ok nor error".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_they_were_written() {
        let requests = [
            Request::Status {},
            Request::Why { last: None },
            Request::Why { last: Some(3) },
            Request::Pause { seconds: Some(60) },
            Request::Pause { seconds: None },
            Request::Resume {},
            Request::RunNow { dry_run: true },
        ];
        for request in requests {
            assert_eq!(understood(line(&request).as_bytes()), Ok(request));
        }
        assert_eq!(
            line(&Request::RunNow { dry_run: true }),
            r#"{"ask":"run-now","dry-run":true,"version":1}"#
        );
    }

    /// Nothing of this is asked for by somebody who may.
    struct Untouched;

    impl Controlled for Untouched {
        fn status(&mut self) -> super::super::Status {
            unreachable!("nobody asks for it here")
        }

        fn pause(&mut self, _: Option<std::time::Duration>) {
            unreachable!("only root may")
        }

        fn resume(&mut self) {
            unreachable!("only root may")
        }

        fn run_now(&mut self, _: bool) -> Result<Vec<Decided>, String> {
            unreachable!("only root may")
        }

        fn why(&mut self, _: usize) -> Vec<Decided> {
            Vec::new()
        }
    }

    #[test]
    fn only_root_tells_it_what_to_do() {
        let says = |request: &Request| {
            let answer = answer(line(request).as_bytes(), false, &mut Untouched);
            String::from_utf8(answer).unwrap()
        };
        for request in [
            Request::RunNow { dry_run: true },
            Request::RunNow { dry_run: false },
            Request::Pause { seconds: None },
            Request::Resume {},
        ] {
            assert!(says(&request).contains("\"kind\":\"forbidden\""), "{request:?}");
        }
        assert_eq!(says(&Request::Why { last: None }), "{\"version\":1,\"ok\":{\"decisions\":[]}}\n");
        assert!(!Request::Status {}.is_for_root());
    }

    #[test]
    fn what_is_no_request_is_refused_with_the_reason() {
        let lines: [&[u8]; 10] = [
            b"",
            b"status",
            b"[1]",
            b"{}",
            br#"{"version":2,"ask":"status"}"#,
            br#"{"version":"1","ask":"status"}"#,
            br#"{"version":1}"#,
            br#"{"version":1,"ask":"stop"}"#,
            br#"{"version":1,"ask":"status","device":"zram0"}"#,
            b"{\"version\":1,\"ask\":\"\xff\"}",
        ];
        let said: Vec<String> = lines.map(|line| understood(line).unwrap_err().to_string()).to_vec();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn answers_are_read_or_not() {
        let said = |line: &str| read::<Paused>(line).map_err(|error| error.to_string());
        let paused = Paused { paused: true, seconds: Some(9) };
        assert_eq!(said(r#"{"version":1,"ok":{"paused":true,"seconds":9,"new":0}}"#), Ok(paused));
        let busy = Refusal::new(RefusalKind::Busy, "later");
        assert_eq!(said(&String::from_utf8(refused(&busy)).unwrap()), Err("later".to_owned()));
        for strange in ["", "{}", "[]", r#"{"ok":3}"#, r#"{"error":3}"#] {
            assert!(
                said(strange).unwrap_err().contains("one of version")
                    || said(strange).unwrap_err().contains("does not understand"),
                "{strange}"
            );
        }
    }
}
