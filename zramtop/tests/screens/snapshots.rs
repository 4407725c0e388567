//! Each view, on screens of all sizes.

use insta::assert_snapshot;
use ratatui::{Terminal, backend::TestBackend, style::Color};
use zramtop::{
    source::sim::Workload,
    state::{Look, View},
    view,
};

use crate::fixtures::{SIZES, Still, Watched, all_sizes, blind, drawn, empty, large};

fn desktop() -> Watched {
    let mut watched = Watched::sim(Workload::Desktop);
    (0..45).for_each(|_| watched.step());
    watched
}

#[test]
fn a_desktop() {
    let mut watched = desktop();
    for view in View::ALL {
        let name = format!("desktop_{}", view.name().to_lowercase());
        assert_snapshot!(name, all_sizes(&mut watched, view));
    }
}

#[test]
fn help() {
    let mut watched = desktop();
    watched.state.help = true;
    assert_snapshot!(all_sizes(&mut watched, View::Overview));
}

#[test]
fn four_devices() {
    let mut watched = Watched::sim(Workload::Server);
    (0..5).for_each(|_| watched.step());
    assert_snapshot!(all_sizes(&mut watched, View::Overview));
}

#[test]
fn mostly_written_back() {
    let mut watched = Watched::sim(Workload::Phone);
    (0..40).for_each(|_| watched.step());
    let text = [View::Slots, View::Writeback].map(|view| all_sizes(&mut watched, view)).concat();
    assert_snapshot!(text);
}

#[test]
fn nothing_is_there() {
    let mut watched = empty();
    assert_snapshot!(all_sizes(&mut watched, View::Overview));
}

/// A device that was just set up: everything is there, and nothing in it.
#[test]
fn nothing_is_stored() {
    let mut watched = Watched::sim(Workload::Fresh);
    watched.press("[");
    let text = View::ALL.map(|view| watched.shown(view, (80, 24))).concat();
    assert_snapshot!(text);
}

#[test]
fn four_mebislots() {
    let mut watched = Watched::of(Still(large()));
    watched.step();
    let mut text = String::new();
    for view in View::ALL {
        text.push_str(&all_sizes(&mut watched, view));
    }
    watched.press("2/4000\n+++++++++");
    text.push_str(&all_sizes(&mut watched, View::Slots));
    watched.press("\n");
    text.push_str(&all_sizes(&mut watched, View::Slots));
    assert_snapshot!(text);
}

#[test]
fn what_cannot_be_seen_says_so() {
    let mut watched = blind();
    let mut text = String::new();
    for view in [View::Overview, View::Slots, View::Ages, View::Classes, View::Writeback, View::Latency] {
        text.push_str(&watched.shown(view, (60, 15)));
    }
    assert_snapshot!(text);
}

/// Without colour nothing has any, and what is shown is the same.
#[test]
fn without_colour() {
    let mut watched = desktop();
    for view in View::ALL {
        let colored = watched.shown(view, (120, 40));
        watched.state.look = Look { color: false, ..watched.state.look };
        assert_eq!(watched.shown(view, (120, 40)), colored);
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        terminal.draw(|frame| view::draw(frame, &watched.state)).unwrap();
        let cells = &terminal.backend().buffer().content;
        assert!(cells.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset), "{view:?}");
        watched.state.look.color = true;
    }
}

/// Where a terminal has only ASCII, nothing else is drawn.
#[test]
fn with_letters() {
    let mut watched = desktop();
    watched.press("t");
    for view in View::ALL {
        for size in SIZES {
            let text = watched.shown(view, size);
            let strange: String = text.chars().filter(|c| !c.is_ascii()).collect();
            assert_eq!(strange, "", "{view:?} {size:?}");
        }
    }
    assert_snapshot!(watched.shown(View::Slots, (80, 24)));
}

/// No terminal is so small, and no text so long, that drawing ends in a panic.
#[test]
fn any_size_can_be_drawn() {
    for mut watched in [desktop(), empty(), blind(), Watched::of(Still(large()))] {
        for view in View::ALL {
            for size in [(1, 1), (20, 6), (21, 7), (30, 9), (45, 12), (59, 14), (300, 5), (300, 100)] {
                watched.take(zramtop::state::Event::Resize(size.0, size.1));
                watched.state.view = view;
                for help in [false, true] {
                    watched.state.help = help;
                    assert!(!drawn(&watched.state).is_empty());
                }
            }
        }
    }
}
