//! A reader of a node that hands on all that there is to see of a picture.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use frame_vcam::{Geometry, PixelFormat};
use pipewire::context::ContextRc;
use pipewire::keys;
use pipewire::loop_::Timeout;
use pipewire::main_loop::MainLoopRc;
use pipewire::properties::properties;
use pipewire::spa::buffer::meta::MetaHeader;
use pipewire::spa::param::ParamType;
use pipewire::spa::param::format::{FormatProperties, MediaSubtype, MediaType};
use pipewire::spa::param::video::VideoFormat;
use pipewire::spa::pod::serialize::PodSerializer;
use pipewire::spa::pod::{Pod, Property, Value, object, property};
use pipewire::spa::sys::{SPA_META_Header, SPA_PARAM_META_size, SPA_PARAM_META_type};
use pipewire::spa::utils::{Direction, Fraction, Id, Rectangle, SpaTypes};
use pipewire::stream::{Stream, StreamFlags, StreamRc};

use super::PipeWire;

/// Patience with what needs several messages between three processes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A picture as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its bytes.
    pub pixels: Vec<u8>,
    /// From one row to the next.
    pub stride: i32,
    /// Time stamp, in nanoseconds.
    pub stamp_ns: i64,
    /// Number.
    pub sequence: u64,
}

/// A reader, on a thread of its own. Dropping it ends it.
pub struct NodeReader {
    seen: Receiver<Seen>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NodeReader {
    /// Reads pictures of this geometry from the node of this name, as soon as there is one.
    #[must_use]
    pub fn start(server: &PipeWire, node: &str, geometry: Geometry) -> Self {
        let (sender, seen) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let (ours, server, node) = (Arc::clone(&stop), server.name(), node.to_owned());
        let thread = std::thread::spawn(move || read(&server, &node, geometry, &sender, &ours));
        Self { seen, stop, thread: Some(thread) }
    }

    /// The next picture, which must come.
    #[must_use]
    pub fn next(&self) -> Seen {
        self.seen.recv_timeout(PATIENCE).expect("a picture comes")
    }

    /// All that came and was not taken yet.
    #[must_use]
    pub fn all(&self) -> Vec<Seen> {
        self.seen.try_iter().collect()
    }

    /// The first picture that is as wanted, which must come.
    #[must_use]
    pub fn await_picture(&self, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let begun = Instant::now();
        loop {
            let seen = self.next();
            if wanted(&seen) {
                return seen;
            }
            assert!(begun.elapsed() < PATIENCE, "the picture does not come");
        }
    }
}

impl Drop for NodeReader {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the reader panicked");
        }
    }
}

fn read(server: &str, node: &str, geometry: Geometry, sender: &Sender<Seen>, stop: &AtomicBool) {
    let main_loop = MainLoopRc::new(None).expect("a loop");
    let context = ContextRc::new(&main_loop, None).expect("a context");
    let core = context.connect_rc(Some(properties! { *keys::REMOTE_NAME => server })).expect("a server");
    let about = properties! {
        *keys::MEDIA_TYPE => "Video",
        *keys::MEDIA_CATEGORY => "Capture",
        *keys::MEDIA_ROLE => "Camera",
        "target.object" => node,
    };
    let stream = StreamRc::new(core, "reader", about).expect("a stream");
    let (header, sender) = (header(), sender.clone());
    let listener = stream.add_local_listener::<()>().param_changed(move |stream, (), id, param| {
        if id == ParamType::Format.as_raw() && param.is_some() {
            stream.update_params(&mut [Pod::from_bytes(&header).expect("a pod")]).expect("it is taken");
        }
    });
    let listener = listener.process(move |stream, ()| while look(stream, &sender) {}).register();
    let listener = listener.expect("a listener");
    let format = format(geometry);
    let flags = StreamFlags::AUTOCONNECT | StreamFlags::MAP_BUFFERS;
    let pods = &mut [Pod::from_bytes(&format).expect("a pod")];
    stream.connect(Direction::Input, None, flags, pods).expect("it connects");
    while !stop.load(Ordering::Relaxed) {
        main_loop.loop_().iterate(Timeout::Finite(Duration::from_millis(20)));
    }
    drop(listener);
}

/// Takes a picture, if there is one.
fn look(stream: &Stream, sender: &Sender<Seen>) -> bool {
    let Some(mut buffer) = stream.dequeue_buffer() else { return false };
    let header = buffer.find_meta::<MetaHeader>().map(|header| (header.pts(), header.seq()));
    let (stamp_ns, sequence) = header.expect("pictures have a header");
    let data = &mut buffer.datas_mut()[0];
    let (offset, size) = (data.chunk().offset() as usize, data.chunk().size() as usize);
    let stride = data.chunk().stride();
    let pixels = data.data().expect("buffers are mapped")[offset..][..size].to_vec();
    // The test may have seen enough.
    let _ = sender.send(Seen { pixels, stride, stamp_ns, sequence });
    true
}

fn pod(value: Value) -> Vec<u8> {
    let (bytes, _) = PodSerializer::serialize(Cursor::new(Vec::new()), &value).expect("it is written");
    bytes.into_inner()
}

/// The only format that the reader takes, at any rate.
fn format(geometry: Geometry) -> Vec<u8> {
    let format = match geometry.format {
        PixelFormat::Yuyv => VideoFormat::YUY2,
        PixelFormat::Nv12 => VideoFormat::NV12,
        PixelFormat::I420 => VideoFormat::I420,
        PixelFormat::Grey => VideoFormat::GRAY8,
        PixelFormat::Rgb24 => VideoFormat::RGB,
        _ => VideoFormat::GRAY16_LE,
    };
    let Geometry { width, height, .. } = geometry;
    let (least, most) = (Fraction { num: 0, denom: 1 }, Fraction { num: 1000, denom: 1 });
    pod(Value::Object(object! {
        SpaTypes::ObjectParamFormat,
        ParamType::EnumFormat,
        property!(FormatProperties::MediaType, Id, MediaType::Video),
        property!(FormatProperties::MediaSubtype, Id, MediaSubtype::Raw),
        property!(FormatProperties::VideoFormat, Id, format),
        property!(FormatProperties::VideoSize, Rectangle, Rectangle { width, height }),
        property!(FormatProperties::VideoFramerate, Choice, Range, Fraction, least, least, most),
    }))
}

/// Time stamps are wanted.
fn header() -> Vec<u8> {
    let bytes = i32::try_from(size_of::<MetaHeader>()).expect("a few bytes");
    pod(Value::Object(pipewire::spa::pod::Object {
        type_: SpaTypes::ObjectParamMeta.as_raw(),
        id: ParamType::Meta.as_raw(),
        properties: vec![
            Property::new(SPA_PARAM_META_type, Value::Id(Id(SPA_META_Header))),
            Property::new(SPA_PARAM_META_size, Value::Int(bytes)),
        ],
    }))
}
