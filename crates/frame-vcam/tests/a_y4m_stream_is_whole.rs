//! YUV4MPEG2 into a file, a pipe and a named pipe: read back byte by byte, by ffmpeg as well; slow readers and readers that are gone.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use std::io::Read;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use frame_vcam::{DeviceError, Geometry, Opener, Output, PixelFormat, Y4mSink};

fn geometry(width: u32, format: PixelFormat) -> Geometry {
    Geometry::new(width, 48, format).unwrap()
}

/// The pixels of frame `number`.
fn pixels(number: u8, geometry: Geometry) -> Vec<u8> {
    (0..geometry.frame_bytes())
        .map(|at| 16 + ((at * 7 + at / 64 * 3 + 31 * usize::from(number)) % 200) as u8)
        .collect()
}

/// Whether there was room for the frame.
fn show(stream: &mut dyn Output, number: u8, geometry: Geometry) -> Result<bool, DeviceError> {
    let Some(out) = stream.buffer()? else { return Ok(false) };
    out.copy_from_slice(&pixels(number, geometry));
    stream.send(0)
}

/// Takes a stream apart: its first line, and the numbers of its frames. Any byte too many or too few is found.
fn parse(stream: &[u8], geometry: Geometry) -> (String, Vec<u8>) {
    let end = stream.iter().position(|&byte| byte == b'\n').unwrap();
    let line = String::from_utf8(stream[..end].to_vec()).unwrap();
    let frames = stream[end + 1..].chunks(6 + geometry.frame_bytes()).map(|frame| {
        assert_eq!(&frame[..6], b"FRAME\n");
        (0..=255).find(|&number| frame[6..] == pixels(number, geometry)).unwrap()
    });
    (line, frames.collect())
}

fn path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("{name}-{}", std::process::id()))
}

#[test]
fn a_file_holds_each_frame_and_goes_on_after_a_pause() {
    for format in [PixelFormat::I420, PixelFormat::Grey, PixelFormat::Y16] {
        let (path, geometry) = (path(&format!("frames-{format}.y4m")), geometry(64, format));
        std::fs::write(&path, [7; 1_000_000]).unwrap();
        let mut sink = Y4mSink::file(&path);
        let mut stream = sink.open(geometry, 25).unwrap();
        assert!(!stream.repeat(0).unwrap(), "nothing was sent yet");
        assert!(show(&mut *stream, 1, geometry).unwrap() && show(&mut *stream, 2, geometry).unwrap());
        assert!(stream.repeat(0).unwrap());
        drop(stream);
        let mut stream = sink.open(geometry, 25).unwrap();
        assert!(show(&mut *stream, 3, geometry).unwrap());
        drop(stream);
        let (line, frames) = parse(&std::fs::read(&path).unwrap(), geometry);
        assert!(line.starts_with("YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C"), "{line}");
        assert_eq!(frames, [1, 2, 2, 3]);
        ffmpeg_sees(&path, geometry, &[1, 2, 2, 3]);
        std::fs::remove_file(path).unwrap();
    }
}

/// Other people's reader gets the same bytes, where it is installed.
fn ffmpeg_sees(path: &std::path::Path, geometry: Geometry, numbers: &[u8]) {
    let format = match geometry.format {
        PixelFormat::I420 => "yuv420p",
        PixelFormat::Grey => "gray",
        _ => "gray16le",
    };
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-i"]).arg(path).args(["-f", "rawvideo", "-pix_fmt", format, "-"]);
    let Ok(output) = ffmpeg.output() else {
        eprintln!("ffmpeg is not installed: not compared with it");
        return;
    };
    let expected: Vec<u8> = numbers.iter().flat_map(|&number| pixels(number, geometry)).collect();
    assert!(output.stdout == expected, "{format}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_file_that_was_taken_away_meanwhile_is_begun_anew() {
    let (path, geometry) = (path("taken-away.y4m"), geometry(64, PixelFormat::Grey));
    let mut sink = Y4mSink::file(&path);
    for number in [1, 2] {
        let mut stream = sink.open(geometry, 30).unwrap();
        assert!(show(&mut *stream, number, geometry).unwrap());
        drop(stream);
        let (line, frames) = parse(&std::fs::read(&path).unwrap(), geometry);
        assert!(line.starts_with("YUV4MPEG2 W64 "), "{line}");
        assert_eq!(frames, [number]);
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn nothing_follows_a_frame_that_a_full_disk_cut() {
    const CHILD: &str = "FRAME_VCAM_FULL_DISK";
    let Some(path) = std::env::var_os(CHILD).map(PathBuf::from) else {
        // Where no file may be larger than 1536 KiB, and exceeding that is an error, not a signal. Dash counts half KiB.
        let path = path("full-disk.y4m");
        let limited =
            "trap '' XFSZ; ulimit -f 3072; exec \"$0\" --exact nothing_follows_a_frame_that_a_full_disk_cut";
        let mut child = Command::new("sh");
        child.arg("-c").arg(limited).arg(std::env::current_exe().unwrap()).env(CHILD, &path);
        let ended = child.output().unwrap();
        let _ = std::fs::remove_file(path);
        let said = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success() && said.contains("running 1 test"), "{said}");
        return;
    };
    // 1 MiB and then a piece of the next one are written before the error.
    let geometry = Geometry::new(2048, 1024, PixelFormat::Grey).unwrap();
    let mut sink = Y4mSink::file(&path);
    let mut stream = sink.open(geometry, 30).unwrap();
    let why = show(&mut *stream, 1, geometry).unwrap_err();
    assert!(why.to_string().contains("write failed"), "{why}");
    let written = std::fs::metadata(&path).unwrap().len();
    assert!((1 << 20..2 << 20).contains(&written), "{written}");
    // The disk has room again, by another file that went: here by this one.
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 20).unwrap();
    drop(stream);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 1 << 20, "the frame is not begun once more");
    let why = sink.open(geometry, 30).err().unwrap().to_string();
    assert!(why.contains("broke off within a frame"), "{why}");
}

#[test]
fn a_slow_reader_loses_whole_frames_and_nobody_waits_for_it() {
    let geometry = geometry(4096, PixelFormat::I420);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut sink = Y4mSink::descriptor(writer);
    let mut stream = sink.open(geometry, 30).unwrap();
    // A frame is larger than what a pipe holds: the second has to wait, and does not.
    assert!(show(&mut *stream, 1, geometry).unwrap());
    let begun = Instant::now();
    for number in 2..5 {
        assert!(!show(&mut *stream, number, geometry).unwrap(), "there is no room for frame {number}");
        assert!(!stream.repeat(0).unwrap());
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "nobody waits for ever");
    let read = std::thread::spawn(move || {
        let mut all = Vec::new();
        reader.read_to_end(&mut all).map(|_| all).unwrap()
    });
    while !show(&mut *stream, 5, geometry).unwrap() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the reader reads on");
    }
    drop((stream, sink));
    assert_eq!(parse(&read.join().unwrap(), geometry).1, [1, 5]);
}

#[test]
fn a_reader_that_is_gone_is_said_and_ends_nothing() {
    let geometry = geometry(4096, PixelFormat::Grey);
    let (reader, writer) = std::io::pipe().unwrap();
    let mut sink = Y4mSink::descriptor(writer);
    let mut stream = sink.open(geometry, 30).unwrap();
    assert!(show(&mut *stream, 1, geometry).unwrap());
    drop(reader);
    let gone = |why: DeviceError| assert!(matches!(why, DeviceError::ReaderGone { .. }), "{why}");
    gone(stream.buffer().map(drop).unwrap_err());
    gone(stream.repeat(0).unwrap_err());
    drop(stream);
    let why = sink.open(geometry, 30).err().unwrap().to_string();
    assert!(why.contains("broke off within a frame"), "{why}");
}

#[test]
fn each_reader_of_a_named_pipe_gets_a_stream_of_its_own() {
    let path = path("named-pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut sink = Y4mSink::file(&path);
    let why = sink.open(geometry(64, PixelFormat::Grey), 30).err().unwrap();
    assert!(matches!(why, DeviceError::ReaderGone { .. }), "{why}");
    for width in [64, 32] {
        let (geometry, reader) = (geometry(width, PixelFormat::Grey), path.clone());
        let read = std::thread::spawn(move || std::fs::read(reader).unwrap());
        let begun = Instant::now();
        let mut stream = loop {
            match sink.open(geometry, 30) {
                Ok(stream) => break stream,
                Err(why) => assert!(begun.elapsed() < Duration::from_secs(30), "{why}"),
            }
            std::thread::yield_now();
        };
        assert!(show(&mut *stream, 1, geometry).unwrap());
        drop(stream);
        let (line, frames) = parse(&read.join().unwrap(), geometry);
        assert!(line.contains(&format!(" W{width} ")), "{line}");
        assert_eq!(frames, [1]);
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn what_such_a_stream_cannot_carry_is_refused_with_what_to_do() {
    let path = path("refused.y4m");
    let refused = |sink: &mut Y4mSink, geometry| sink.open(geometry, 30).err().unwrap().to_string();
    let mut sink = Y4mSink::file(&path);
    let why = refused(&mut sink, geometry(64, PixelFormat::Yuyv));
    assert!(why.contains("no name for YUYV: ask for PixelFormat::I420"), "{why}");
    drop(sink.open(geometry(64, PixelFormat::Grey), 30).unwrap());
    let why = refused(&mut sink, geometry(66, PixelFormat::Grey));
    assert!(why.contains("began as 64 x 48 GREY and cannot go on as 66 x 48 GREY"), "{why}");
    std::fs::remove_file(&path).unwrap();
    let why = refused(&mut Y4mSink::file(path.join("no/folder")), geometry(64, PixelFormat::Grey));
    assert!(why.contains("cannot be opened for writing"), "{why}");
    let full = refused(&mut Y4mSink::file("/dev/full"), geometry(64, PixelFormat::Grey));
    assert!(full.contains("write failed"), "{full}");
}
