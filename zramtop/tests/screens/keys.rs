//! What keys do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use zramtop::{
    sample::{Flags, Kind},
    source::sim::Workload,
    state::{Effect, Event, Sort, View},
};

use crate::fixtures::{Watched, drawn};

fn key(code: KeyCode, modifiers: KeyModifiers) -> Event {
    Event::Key(KeyEvent::new(code, modifiers))
}

#[test]
fn views_go_round() {
    let mut watched = Watched::sim(Workload::Desktop);
    for (digit, view) in ('1'..).zip(View::ALL) {
        watched.press(&digit.to_string());
        assert_eq!(watched.state.view, view);
    }
    watched.press("\t");
    assert_eq!(watched.state.view, View::Overview);
    watched.take(key(KeyCode::BackTab, KeyModifiers::SHIFT));
    assert_eq!(watched.state.view, View::Events);
}

#[test]
fn there_is_a_way_out_of_everything() {
    let quit = vec![Effect::Quit];
    let mut watched = Watched::sim(Workload::Desktop);
    assert_eq!(watched.take(key(KeyCode::Char('q'), KeyModifiers::NONE)), quit);
    watched.press("?");
    assert_eq!(watched.take(key(KeyCode::Char('q'), KeyModifiers::NONE)), quit);
    watched.press("⎋2/");
    // Here it is a letter; Ctrl-C is none anywhere.
    watched.press("q");
    assert_eq!(watched.state.typing.as_deref(), Some("q"));
    assert_eq!(watched.take(key(KeyCode::Char('c'), KeyModifiers::CONTROL)), quit);
    assert_eq!(watched.take(Event::Quit), quit);
}

#[test]
fn devices_are_chosen_and_sorted() {
    let mut watched = Watched::sim(Workload::Server);
    let chosen = |watched: &Watched| watched.state.selected;
    watched.press("↓↓");
    assert_eq!(chosen(&watched), 2);
    watched.press("↓↓↓");
    assert_eq!(chosen(&watched), 3);
    watched.press("[");
    assert_eq!(chosen(&watched), 2);
    watched.press("sss");
    assert_eq!(watched.state.sort, Sort::Ratio);
    let ratios: Vec<f64> =
        watched.state.listed().iter().filter_map(|device| device.sample.attributes.ratio()).collect();
    assert!(ratios.len() == 4 && ratios.is_sorted(), "{ratios:?}");
    // Whoever chooses a device and presses Enter sees its slots.
    watched.press("\n");
    assert_eq!((watched.state.view, chosen(&watched)), (View::Slots, 2));
}

#[test]
fn what_is_not_set_up_is_shown_when_asked_for() {
    let mut watched = Watched::sim(Workload::Desktop);
    assert!(!drawn(&watched.state).contains("zram2"));
    watched.press("a");
    assert!(drawn(&watched.state).contains("zram2"));
    watched.press("]]2");
    assert!(drawn(&watched.state).contains("This device has no slots"));
}

#[test]
fn slots_are_found_by_number_and_by_state() {
    let mut watched = Watched::sim(Workload::Desktop);
    watched.press("2/1033\n");
    assert_eq!(watched.state.place.cursor, 1033);
    watched.press("/free\n");
    let first = watched.state.place.cursor;
    let kind = |watched: &Watched, slot| watched.state.device().unwrap().table.slot(slot).unwrap().0.kind();
    assert_eq!((first > 1033, kind(&watched, first)), (true, Kind::Free));
    watched.press("n");
    assert!(watched.state.place.cursor > first);
    watched.press("/99999999\n");
    assert_eq!(watched.state.message.as_deref(), Some("zram0 has slots 0 to 16383, and 99999999 is beyond"));
    watched.press("/nonsense\n");
    assert!(drawn(&watched.state).contains("\"nonsense\" is neither a slot's number nor"));
    watched.press("/12⌫3⎋");
    assert_eq!(watched.state.typing, None);
}

#[test]
fn the_cursor_stays_on_the_device_and_on_the_screen() {
    let mut watched = Watched::sim(Workload::Desktop);
    watched.press("2↑←");
    assert_eq!(watched.state.place.cursor, 0);
    watched.press("→→↓");
    let layout = watched.state.layout().unwrap();
    assert_eq!(watched.state.place.cursor, 2 * layout.cell() + layout.row());
    watched.take(key(KeyCode::End, KeyModifiers::NONE));
    assert_eq!(watched.state.place.cursor, 16_383);
    watched.press("↓→");
    assert_eq!(watched.state.place.cursor, 16_383);
    watched.press("++++++++++++++");
    let layout = watched.state.layout().unwrap();
    assert_eq!(layout.shift, 0);
    assert!((layout.first..layout.end()).contains(&16_383));
    watched.press("0");
    assert!(watched.state.layout().unwrap().shift > 0);
}

/// What somebody looks at closely is asked for; and then its size and block are there.
#[test]
fn single_slots_have_sizes_and_blocks() {
    let mut watched = Watched::sim(Workload::Desktop);
    watched.press("2");
    let effects = watched.take(key(KeyCode::Enter, KeyModifiers::NONE));
    let [Effect::Attend(attention)] = effects[..] else { panic!("{effects:?}") };
    assert!(attention.contents && attention.slots.is_some_and(|(device, ..)| device == 0));
    watched.press("/w\n");
    watched.step();
    let text = drawn(&watched.state);
    let line = text.lines().find(|line| line.contains("▸ slot ")).unwrap();
    assert!(line.contains(" bytes  block ") && line.contains(".w"), "{line}");
}

#[test]
fn the_cursor_follows_what_changes() {
    let mut watched = Watched::sim(Workload::Desktop);
    watched.press("2f");
    let places: Vec<u64> = (0..10)
        .map(|_| {
            watched.step();
            assert_eq!(watched.state.device().unwrap().table.changed(), Some(watched.state.place.cursor));
            watched.state.place.cursor
        })
        .collect();
    assert!(places.iter().any(|place| *place != places[0]), "{places:?}");
    watched.press("→");
    assert!(!watched.state.place.follow);
}

#[test]
fn marks_go_through_the_flags() {
    let mut watched = Watched::sim(Workload::Desktop);
    watched.press("2m");
    assert_eq!(watched.state.place.mark, Some(Flags::SAME));
    watched.press("m");
    let text = drawn(&watched.state);
    assert!(text.contains("marked: written-back") && text.contains('▓'), "{text}");
    watched.press("mmmmm");
    assert_eq!(watched.state.place.mark, None);
}

#[test]
fn pausing_is_somebody_elses_to_do() {
    let mut watched = Watched::sim(Workload::Desktop);
    let press = |watched: &mut Watched, c| watched.take(key(KeyCode::Char(c), KeyModifiers::NONE));
    assert_eq!(press(&mut watched, '.'), []);
    assert_eq!(press(&mut watched, ' '), [Effect::Pause(true)]);
    assert!(drawn(&watched.state).contains("paused"));
    assert_eq!(press(&mut watched, '.'), [Effect::Step]);
    assert_eq!(press(&mut watched, '>'), [Effect::Speed(2.0)]);
    assert!(drawn(&watched.state).contains("2x"));
    assert_eq!(press(&mut watched, ' '), [Effect::Pause(false)]);
}

/// If nothing comes, the screen says for how long.
#[test]
fn a_screen_says_when_it_is_old() {
    let mut watched = Watched::sim(Workload::Desktop);
    let clock = |seconds| Event::Clock(std::time::Duration::from_secs(seconds));
    watched.take(clock(2));
    assert!(!drawn(&watched.state).contains("no answer"));
    watched.take(clock(65));
    assert!(drawn(&watched.state).contains("no answer for 65s"));
    watched.step();
    assert!(!drawn(&watched.state).contains("no answer"));
    watched.take(Event::Failed("cannot list the devices".to_owned()));
    assert!(drawn(&watched.state).contains("cannot list the devices"));
}

#[test]
fn a_cell_can_be_clicked() {
    let mut watched = Watched::sim(Workload::Desktop);
    watched.press("2");
    let mouse = |column, row| {
        let kind = MouseEventKind::Down(MouseButton::Left);
        Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    };
    let row = watched.state.layout().unwrap().row();
    watched.take(mouse(7, 4));
    assert_eq!(watched.state.place.cursor, row);
    watched.take(mouse(0, 0));
    assert_eq!(watched.state.place.cursor, row);
}
