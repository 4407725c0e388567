//! The screens in the documentation are made here: what it shows is what the program shows.
//!
//! `ZRAMTOP_PICTURES=write cargo test -p zramtop --test screens pictures` makes them anew.

use std::{env, fs, path::Path};

use zramtop::{source::sim::Workload, state::View};

use crate::fixtures::Watched;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/zramtop.md");

/// What stands between these is a picture of that name.
fn marks(name: &str) -> (String, String) {
    (format!("<!-- screen: {name} -->\n```\n"), "```\n<!-- end -->".to_owned())
}

fn picture(name: &str) -> String {
    let workload = if name == "Writeback" { Workload::Phone } else { Workload::Desktop };
    let mut watched = Watched::sim(workload);
    (0..60).for_each(|_| watched.step());
    let size = (100, 28);
    if name == "Slot" {
        watched.shown(View::Slots, size);
        watched.press("\n/idle\n");
        watched.step();
        return watched.shown(View::Slots, size);
    }
    let view = View::ALL.into_iter().find(|view| view.name() == name).unwrap();
    watched.shown(view, size)
}

#[test]
fn pictures_in_the_documentation_are_what_is_shown() {
    let before = fs::read_to_string(PAGE).unwrap();
    let mut page = before.clone();
    for name in View::ALL.map(View::name).into_iter().chain(["Slot"]) {
        let (begin, end) = marks(name);
        let from =
            page.find(&begin).unwrap_or_else(|| panic!("docs/zramtop.md has no screen {name}")) + begin.len();
        let to = from + page[from..].find(&end).unwrap();
        page.replace_range(from..to, &picture(name));
    }
    if env::var("ZRAMTOP_PICTURES").as_deref() == Ok("write") {
        fs::write(Path::new(PAGE), &page).unwrap();
    } else {
        assert_eq!(before, page, "ZRAMTOP_PICTURES=write makes them anew");
    }
}
