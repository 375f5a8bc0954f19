//! A virtual camera in PipeWire, whose readers, server and owner come and go: `cargo xtask pipewire-test`.
#![expect(clippy::expect_used, clippy::panic, reason = "a helper of a test that fails is a failed test")]

use std::time::{Duration, Instant};

use frame_vcam::{
    DeviceError, Failure, Geometry, Idle, PipeWireSource, PixelFormat, Scaling, State, VirtualCamera,
    VirtualCameraBuilder,
};
use pvcam_tests::{Microscope, NodeReader, PipeWire, Seen};
use rustix::process::{Pid, Signal, kill_process};

/// Patience with what needs several messages between three processes.
const PATIENCE: Duration = Duration::from_secs(30);

fn camera() -> VirtualCameraBuilder {
    VirtualCamera::builder().frames_per_second(50)
}

fn source(server: &PipeWire, name: &str) -> PipeWireSource {
    PipeWireSource::new(name).server(&server.name())
}

fn showing(state: &State) -> bool {
    matches!(state, State::Showing { .. })
}

fn failure(state: &State) -> Option<&DeviceError> {
    match state {
        State::Failed(Failure::Device(why)) => Some(why),
        _ => None,
    }
}

fn await_state(camera: &VirtualCamera, wanted: impl Fn(&State) -> bool) -> State {
    camera.await_state(PATIENCE, wanted).unwrap_or_else(|still| panic!("still {still}; {}", camera.books()))
}

/// The dark chequerboard, in YUYV.
fn is_placeholder(seen: &Seen) -> bool {
    seen.pixels.chunks(2).all(|pixel| [32, 48].contains(&pixel[0]) && pixel[1] == 128)
}

#[test]
fn the_replayed_pages_arrive_in_every_pixel() {
    let (server, microscope) = (PipeWire::start("pages"), Microscope::start(Microscope::WORMS));
    // The whole size, whose grey values are compared with the formula, in what most programs take; the half in more.
    let (whole, half) = (&[PixelFormat::Yuyv, PixelFormat::I420][..], &PixelFormat::ALL[..5]);
    for (scaling, formats) in [(Scaling::Down(1), whole), (Scaling::Down(2), half)] {
        for format in formats.iter().copied() {
            let look = Microscope::look(scaling);
            let geometry = look.geometry(&microscope.layout, format).expect("it can be shown");
            let pages = microscope.pictures(geometry, &look);
            let camera = camera().format(format).look(look).start_on(source(&server, "pages"));
            let camera = camera.expect("a thread");
            camera.follow(&microscope.bus).expect("room");
            camera.publish();
            let reader = NodeReader::start(&server, "pages", geometry);
            let mut seen: Vec<Seen> = Vec::new();
            microscope.run_while(|| {
                seen.extend(reader.all());
                !pages.iter().all(|page| seen.iter().any(|seen| seen.pixels == *page))
            });
            let strange = seen.iter().filter(|seen| !pages.contains(&seen.pixels)).count();
            assert_eq!(strange, 0, "{geometry}: so many of {} pictures are none of the pages", seen.len());
            assert!(seen.is_sorted_by_key(|seen| (seen.stamp_ns, seen.sequence)), "{geometry}");
            let books = camera.close();
            assert!(books.balance() && books.failures == 0 && books.opened == 1, "{geometry}: {books}");
        }
    }
    assert!(microscope.bus.books().balance() && microscope.session.books().balanced());
}

#[test]
fn readers_may_come_first_leave_and_come_when_the_camera_has_stopped() {
    let (server, microscope) = (PipeWire::start("readers"), Microscope::start(Microscope::WORMS));
    let look = Microscope::look(Scaling::Down(2));
    let geometry = look.geometry(&microscope.layout, PixelFormat::Yuyv).expect("it can be shown");
    let pages = microscope.pictures(geometry, &look);
    // Before there is a node, and before there is a frame.
    let first = NodeReader::start(&server, "readers", geometry);
    let camera = camera().look(look).size(geometry.width, geometry.height);
    let camera = camera.start_on(source(&server, "readers")).expect("a thread");
    camera.publish();
    assert!(is_placeholder(&first.next()), "there is no frame yet");
    camera.follow(&microscope.bus).expect("room");
    microscope.rig.step(0, 1);
    assert!(first.await_picture(|seen| !is_placeholder(seen)).pixels == pages[0], "the first page");
    drop(first);
    // Nobody looks, and the camera goes on.
    let mut more = 10;
    microscope.run_while(|| {
        more -= 1;
        more > 0
    });
    // Who comes now sees the newest picture at once, and nothing older, as long as no other comes.
    microscope.rig.step(0, 1);
    let newest = microscope.session.books().highest;
    let page = ((newest - 1) % 3) as usize;
    let begun = Instant::now();
    while camera.books().last_shown != Some(newest) {
        assert!(begun.elapsed() < PATIENCE, "{}", camera.books());
        std::thread::sleep(Duration::from_millis(5));
    }
    for _ in 0..2 {
        let late = NodeReader::start(&server, "readers", geometry);
        let seen: Vec<usize> = (0..5).map(|_| late.next()).map(|seen| place_of(&seen, &pages)).collect();
        assert_eq!(seen, [page; 5], "the newest picture, repeated");
    }
    let books = camera.close();
    assert!(books.balance() && books.failures == 0 && books.opened == 1, "{books}");
    assert_eq!(books.no_room, 0, "{books}");
    assert!(books.repeated > 0 && books.placeholders > 0, "{books}");
}

/// Which of the pages it is.
fn place_of(seen: &Seen, pages: &[Vec<u8>]) -> usize {
    pages.iter().position(|page| *page == seen.pixels).expect("it is one of the pages")
}

#[test]
fn a_server_that_ends_is_told_and_the_next_one_is_found() {
    let (mut server, microscope) = (PipeWire::start("server"), Microscope::start(Microscope::WORMS));
    let look = Microscope::look(Scaling::Down(2));
    let geometry = look.geometry(&microscope.layout, PixelFormat::Yuyv).expect("it can be shown");
    let pages = microscope.pictures(geometry, &look);
    // With a size, it need not wait for a frame to try again.
    let camera = camera().look(look).size(geometry.width, geometry.height);
    let camera = camera.start_on(source(&server, "server")).expect("a thread");
    camera.follow(&microscope.bus).expect("room");
    camera.publish();
    microscope.rig.step(0, 1);
    let state = await_state(&camera, showing);
    assert!(state.to_string().contains("at PipeWire node "), "{state}");
    for round in 1..=2 {
        let reader = NodeReader::start(&server, "server", geometry);
        assert_eq!(reader.await_picture(|seen| !is_placeholder(seen)).pixels, pages[round as usize - 1]);
        drop(reader);
        server.kill();
        let state = await_state(&camera, |state| failure(state).is_some());
        let gone = failure(&state).expect("it was waited for");
        // It may have been tried again already.
        assert!(matches!(gone, DeviceError::ServerGone { .. } | DeviceError::NoServer { .. }), "{gone}");
        assert!(gone.to_string().contains("systemctl --user"), "{gone}");
        let absent = await_state(&camera, |s| matches!(failure(s), Some(DeviceError::NoServer { .. })));
        assert!(absent.to_string().contains(&server.name()), "{absent}");
        server.restart();
        await_state(&camera, showing);
        microscope.rig.step(0, 1);
        assert_eq!(camera.books().opened, round + 1, "{}", camera.books());
    }
    let books = camera.close();
    assert!(books.balance() && books.failures >= 2, "{books}");
    assert!(microscope.session.books().balanced());
}

#[test]
fn a_server_that_is_not_there_does_not_answer_or_is_none_is_told() {
    let says = |socket: &str| {
        let camera = camera().size(64, 48).start_on(PipeWireSource::new("absent").server(socket));
        let camera = camera.expect("a thread");
        camera.publish();
        let state = await_state(&camera, |state| failure(state).is_some()).to_string();
        camera.unpublish();
        assert_eq!(camera.await_state(PATIENCE, |_| true), Ok(State::Hidden));
        state
    };
    let folder = pvcam_tests::scratch("absent");
    let path = |name: &str| folder.join(name).display().to_string();
    let absent = says(&path("nothing"));
    assert!(
        absent.contains("nobody listens there") && absent.contains("systemctl --user start pipewire"),
        "{absent}"
    );
    let silent = std::os::unix::net::UnixListener::bind(folder.join("silent")).expect("a socket");
    let mute = says(&path("silent"));
    assert!(mute.contains("within 3 s") && mute.contains("systemctl --user restart"), "{mute}");
    drop(silent);
    let dead = says(&path("silent"));
    assert!(dead.contains("refused"), "{dead}");
    std::fs::remove_dir_all(folder).expect("it is ours");
}

#[test]
fn a_node_that_somebody_removes_is_told_and_made_again() {
    let server = PipeWire::start("removed");
    let camera = camera().size(64, 48).start_on(source(&server, "removed")).expect("a thread");
    camera.publish();
    let State::Showing { place, .. } = await_state(&camera, showing) else { panic!("it was waited for") };
    let id = place.split_whitespace().nth(2).expect("\"PipeWire node 36 ...\"");
    let mut remove = server.command("pw-cli");
    assert!(remove.args(["destroy", id]).output().expect("it runs").status.success());
    let why = await_state(&camera, |state| failure(state).is_some()).to_string();
    assert!(why.contains("PipeWire: the server removed the node"), "{why}");
    await_state(&camera, showing);
    let books = camera.close();
    assert!(books.balance() && (books.opened, books.failures) == (2, 1), "{books}");
}

#[test]
fn a_server_that_stands_still_holds_nobody_up() {
    let server = PipeWire::start("still");
    let camera = camera().size(64, 48).start_on(source(&server, "still")).expect("a thread");
    camera.publish();
    await_state(&camera, showing);
    server.stand_still(true);
    // Pictures go on, and so does the thread: it carries out orders.
    let repeated = camera.books().repeated;
    let begun = Instant::now();
    while camera.books().repeated < repeated + 20 {
        assert!(begun.elapsed() < PATIENCE, "{}", camera.books());
        std::thread::sleep(Duration::from_millis(5));
    }
    camera.unpublish();
    assert_eq!(camera.await_state(PATIENCE, |_| true), Ok(State::Hidden));
    camera.publish();
    let why = await_state(&camera, |state| failure(state).is_some()).to_string();
    assert!(why.contains("did not make a node within 3 s"), "{why}");
    server.stand_still(false);
    await_state(&camera, showing);
    assert!(camera.close().balance());
}

#[test]
fn a_reader_that_stands_still_or_is_killed_holds_nobody_up() {
    let server = PipeWire::start("slow");
    let geometry = Geometry::new(64, 48, PixelFormat::Yuyv).expect("a good size");
    let camera = camera().size(64, 48).start_on(source(&server, "slow")).expect("a thread");
    camera.publish();
    let reader = NodeReader::start(&server, "slow", geometry);
    assert!(is_placeholder(&reader.next()));
    let file = server.folder().join("seen");
    let location = format!("location={}", file.display());
    let mut other = server.command("gst-launch-1.0");
    other.args([
        "--quiet",
        "pipewiresrc",
        "target-object=slow",
        "!",
        "video/x-raw,format=YUY2,width=64,height=48",
    ]);
    other.args(["!", "filesink", "buffer-mode=2", &location]);
    let mut other = other.spawn().expect("GStreamer starts");
    let begun = Instant::now();
    while std::fs::metadata(&file).map_or(0, |file| file.len()) == 0 {
        assert!(begun.elapsed() < PATIENCE, "the other reader sees nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = i32::try_from(other.id()).ok().and_then(Pid::from_raw).expect("a process");
    kill_process(id, Signal::STOP).expect("it is our child");
    for _ in 0..50 {
        assert!(is_placeholder(&reader.next()), "while the other stands still");
    }
    other.kill().expect("it is our child");
    other.wait().expect("it is our child");
    for _ in 0..50 {
        assert!(is_placeholder(&reader.next()), "when the other was killed");
    }
    let books = camera.close();
    assert!(books.failures == 0 && books.opened == 1, "{books}");
}

#[test]
fn it_is_published_and_dropped_by_any_thread() {
    let server = PipeWire::start("threads");
    let geometry = Geometry::new(64, 48, PixelFormat::Yuyv).expect("a good size");
    let camera = camera().size(64, 48).idle(Idle::LastFrame).start_on(source(&server, "threads"));
    let camera = camera.expect("a thread");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    camera.publish();
                    camera.publish();
                    let _ = camera.state();
                    camera.unpublish();
                }
            });
        }
    });
    assert_eq!(camera.await_state(PATIENCE, |_| true), Ok(State::Hidden));
    let opened = camera.books().opened;
    camera.publish();
    camera.publish();
    await_state(&camera, showing);
    assert_eq!(camera.books().opened, opened + 1, "published twice is published once");
    let reader = NodeReader::start(&server, "threads", geometry);
    assert!(is_placeholder(&reader.next()));
    // A reader sees it go and come back: another node of this name.
    camera.unpublish();
    assert_eq!(camera.await_state(PATIENCE, |_| true), Ok(State::Hidden));
    let _ = reader.all();
    camera.publish();
    assert!(is_placeholder(&reader.next()));
    assert!(camera.books().balance() && camera.books().failures == 0, "{}", camera.books());
    // Dropped while it shows, by a thread that never saw it before.
    std::thread::spawn(move || drop(camera)).join().expect("nobody aborts");
}

#[test]
fn frames_of_another_size_get_a_node_of_that_size() {
    let server = PipeWire::start("size");
    let look = Microscope::look(Scaling::Down(2));
    let camera = camera().look(look.clone()).start_on(source(&server, "size")).expect("a thread");
    camera.publish();
    for (opened, pages) in (1..).zip([Microscope::WORMS, Microscope::NUCLEI]) {
        let microscope = Microscope::start(pages);
        let geometry = look.geometry(&microscope.layout, PixelFormat::Yuyv).expect("it can be shown");
        let pages = microscope.pictures(geometry, &look);
        camera.follow(&microscope.bus).expect("room");
        microscope.rig.step(0, 1);
        await_state(&camera, |s| matches!(s, State::Showing { geometry: shown, .. } if *shown == geometry));
        let reader = NodeReader::start(&server, "size", geometry);
        assert!(reader.next().pixels == pages[0], "{geometry}: every pixel of the only frame");
        let books = camera.books();
        assert!(books.failures == 0 && books.opened == opened, "{books}");
    }
    assert!(camera.close().balance());
}
