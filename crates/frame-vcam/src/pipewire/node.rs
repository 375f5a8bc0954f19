//! A node that shows pictures, as an output of the virtual camera.

use std::rc::Rc;
use std::time::{Duration, Instant};

use pipewire::keys;
use pipewire::properties::properties;
use pipewire::spa::param::ParamType;
use pipewire::spa::utils::Direction;
use pipewire::stream::{StreamFlags, StreamListener, StreamRc, StreamState};

use super::buffers::{Buffers, Watch};
use super::connection::Connection;
use super::params;
use crate::device::DeviceError;
use crate::format::Geometry;
use crate::output::Output;

/// How long a server may take to make the node.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often the server's messages are read: what a reader waits for at each step until it gets pictures.
const ATTENTION: Duration = Duration::from_millis(20);

/// Where the newest picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Newest {
    /// Nowhere yet.
    None,
    /// In memory of ours.
    Kept,
    /// In the buffer that was sent last.
    Sent,
}

/// An open node.
pub(super) struct Node {
    // Dropped before the stream, and that before the connection.
    _listener: StreamListener<()>,
    buffers: Buffers,
    stream: StreamRc,
    connection: Connection,
    place: String,
    newest: Newest,
    /// Pictures that nobody looks at are painted here, and wait for who comes.
    kept: Vec<u8>,
    /// What is painted now goes there.
    painting_kept: bool,
}

impl Node {
    /// Makes a node of this name and waits until the server has it.
    pub(super) fn open(
        name: &str,
        server: Option<&str>,
        geometry: Geometry,
        rate: u32,
    ) -> Result<Self, DeviceError> {
        let connection = Connection::to(server)?;
        let about = properties! {
            *keys::MEDIA_CLASS => "Video/Source",
            *keys::MEDIA_TYPE => "Video",
            *keys::MEDIA_CATEGORY => "Capture",
            *keys::MEDIA_ROLE => "Camera",
            *keys::NODE_NAME => name,
            *keys::NODE_DESCRIPTION => name,
        };
        let stream = StreamRc::new(connection.core.clone(), name, about).map_err(refused)?;
        let watch = Watch::new(geometry);
        let listener = listen(&stream, &watch, geometry)?;
        let format = params::format(geometry, rate);
        let format = format.as_ref().and_then(params::Param::pod).ok_or_else(unspeakable)?;
        let flags = StreamFlags::DRIVER | StreamFlags::MAP_BUFFERS;
        stream.connect(Direction::Output, None, flags, &mut [format]).map_err(refused)?;
        let there = || Ok(matches!(state(&stream)?, StreamState::Paused | StreamState::Streaming));
        if !connection.turn_until(Instant::now() + PATIENCE, there)? {
            return Err(failed(format!(
                "the server did not make a node within {} s; `systemctl --user restart pipewire wireplumber`",
                PATIENCE.as_secs()
            )));
        }
        Ok(Self {
            _listener: listener,
            buffers: Buffers::new(stream.clone(), watch, geometry),
            place: format!("PipeWire node {} \"{name}\"", stream.node_id()),
            stream,
            connection,
            newest: Newest::None,
            kept: vec![0; geometry.frame_bytes()],
            painting_kept: false,
        })
    }

    /// Reads what the server says; answers whether somebody looks.
    fn turn(&mut self) -> Result<bool, DeviceError> {
        self.connection.turn()?;
        if self.buffers.rescue(&mut self.kept) {
            self.newest = Newest::Kept;
        }
        Ok(state(&self.stream)? == StreamState::Streaming)
    }

    /// Gives readers the buffer that was filled. `false` if it was taken away meanwhile, as when the last reader leaves.
    fn pass_on(&mut self, stamp_ns: u64) -> bool {
        if !self.buffers.send(stamp_ns) {
            return false;
        }
        self.newest = Newest::Sent;
        // It says no where somebody else sets the pace; then the picture goes with the next round.
        let _ = self.stream.trigger_process();
        true
    }
}

impl Output for Node {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn buffer(&mut self) -> Result<Option<&mut [u8]>, DeviceError> {
        self.painting_kept = !self.turn()?;
        if self.painting_kept {
            return Ok(Some(&mut self.kept));
        }
        Ok(if self.buffers.take()? { self.buffers.pixels() } else { None })
    }

    fn send(&mut self, stamp_ns: u64) -> Result<bool, DeviceError> {
        if self.painting_kept {
            self.buffers.forget_sent();
            self.newest = Newest::Kept;
            return Ok(true);
        }
        Ok(self.pass_on(stamp_ns))
    }

    fn repeat(&mut self, stamp_ns: u64) -> Result<bool, DeviceError> {
        let watched = self.turn()?;
        if self.newest == Newest::None || !watched {
            return Ok(self.newest != Newest::None);
        }
        if !self.buffers.take()? {
            return Ok(false);
        }
        let is_there = match self.newest {
            Newest::Sent => self.buffers.copy_sent(),
            _ => self.buffers.pixels().map(|pixels| pixels.copy_from_slice(&self.kept)).is_some(),
        };
        Ok(is_there && self.pass_on(stamp_ns))
    }

    fn attend(&mut self) -> Result<Option<Duration>, DeviceError> {
        self.turn()?;
        Ok(Some(ATTENTION))
    }
}

/// Answers the server's questions, and hears when it takes buffers away.
fn listen(
    stream: &StreamRc,
    watch: &Rc<Watch>,
    geometry: Geometry,
) -> Result<StreamListener<()>, DeviceError> {
    let (buffers, header) = (params::buffers(geometry), params::header());
    let (Some(buffers), Some(header)) = (buffers, header) else { return Err(unspeakable()) };
    let watch = Rc::clone(watch);
    let listener = stream
        .add_local_listener::<()>()
        .param_changed(move |stream, (), id, param| {
            if id == ParamType::Format.as_raw()
                && param.is_some()
                && let (Some(buffers), Some(header)) = (buffers.pod(), header.pod())
            {
                // An error ends in the stream's state.
                let _ = stream.update_params(&mut [buffers, header]);
            }
        })
        .remove_buffer(move |_, (), buffer| watch.removed(buffer));
    listener.register().map_err(refused)
}

/// How the stream is; an error that it has ended in is one.
fn state(stream: &StreamRc) -> Result<StreamState, DeviceError> {
    match stream.state() {
        StreamState::Error(why) => Err(failed(format!("the node failed: {why}"))),
        StreamState::Unconnected => Err(failed("the server removed the node".to_owned())),
        state => Ok(state),
    }
}

fn failed(why: String) -> DeviceError {
    DeviceError::Other { place: "PipeWire".to_owned(), why }
}

fn refused(why: pipewire::Error) -> DeviceError {
    failed(format!("the library refused the node: {why}"))
}

fn unspeakable() -> DeviceError {
    failed("the format cannot be put in its words; ask for a smaller picture".to_owned())
}
