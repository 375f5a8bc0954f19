//! Counts the system calls of a thread, all of them and exactly: the kernel announces each one to a supervisor (seccomp's user
//! notification), who notes it and lets it go on. No tool and no privilege is needed, but Linux 5.5 or newer.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_types,
    reason = "test support: a failed step is a failed test; and tests count for themselves, outside the models"
)]

use std::io::Error;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

/// System calls by kind.
#[derive(Debug, Default)]
pub struct Calls {
    on: AtomicBool,
    wakes: AtomicU64,
    waits: AtomicU64,
    others: AtomicU64,
    /// The number of the first one that is neither.
    other: AtomicI32,
}

impl Calls {
    /// Counts from here on,
    pub fn begin(&self) {
        self.on.store(true, Ordering::SeqCst);
    }

    /// up to here. Both are called by the thread itself.
    pub fn end(&self) {
        self.on.store(false, Ordering::SeqCst);
    }

    /// Calls that wake sleepers of a futex.
    pub fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::SeqCst)
    }

    /// Calls that sleep on a futex. It may be counted a moment before it sleeps.
    pub fn waits(&self) -> u64 {
        self.waits.load(Ordering::SeqCst)
    }

    /// All other calls, and the number of the first kind among them.
    pub fn others(&self) -> (u64, i32) {
        (self.others.load(Ordering::SeqCst), self.other.load(Ordering::SeqCst))
    }

    fn note(&self, call: &libc::seccomp_data) {
        if !self.on.load(Ordering::SeqCst) {
            return;
        }
        let operation = (call.args[1] & 0x7f) as i32;
        let futex = i64::from(call.nr) == libc::SYS_futex;
        let column = match operation {
            libc::FUTEX_WAKE if futex => &self.wakes,
            libc::FUTEX_WAIT | libc::FUTEX_WAIT_BITSET if futex => &self.waits,
            _ => {
                let _ = self.other.compare_exchange(0, call.nr, Ordering::SeqCst, Ordering::SeqCst);
                &self.others
            }
        };
        column.fetch_add(1, Ordering::SeqCst);
    }
}

/// Runs `work` on a thread of its own, whose system calls are counted in `calls`. The error says why this system cannot.
pub fn supervised<T: Send>(calls: &Calls, work: impl FnOnce() -> T + Send) -> Result<T, String> {
    let listener = AtomicI32::new(0);
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let found = announce_calls();
            listener.store(found.as_ref().map_or(-1, |fd| *fd), Ordering::SeqCst);
            found.map(|_| work())
        });
        loop {
            match listener.load(Ordering::SeqCst) {
                0 => std::thread::yield_now(),
                -1 => break,
                // SAFETY: a new descriptor that nobody else closes.
                fd => break supervise(&unsafe { OwnedFd::from_raw_fd(fd) }, calls),
            }
        }
        worker.join().unwrap()
    })
}

/// From here on each system call of this thread is announced on the descriptor that it returns.
fn announce_calls() -> Result<i32, String> {
    // `BPF_RET | BPF_K`: the answer is the same for every call.
    let mut filter = [libc::sock_filter { code: 0x06, jt: 0, jf: 0, k: libc::SECCOMP_RET_USER_NOTIF }];
    let program = libc::sock_fprog { len: 1, filter: filter.as_mut_ptr() };
    // SAFETY: plain numbers; it takes privileges away from this thread, which wants none.
    let refused = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1_u64, 0_u64, 0_u64, 0_u64) } != 0;
    if refused {
        return Err(format!("no_new_privs: {}", Error::last_os_error()));
    }
    let (mode, flags) = (libc::SECCOMP_SET_MODE_FILTER, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
    // SAFETY: the program is one valid instruction and is copied by the kernel.
    let fd = unsafe { libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program) };
    if fd < 0 { Err(format!("seccomp: {}", Error::last_os_error())) } else { Ok(fd as i32) }
}

/// `_IOWR('!', number, T)`.
const fn request<T>(number: u64) -> u64 {
    3 << 30 | (size_of::<T>() as u64) << 16 | (b'!' as u64) << 8 | number
}

/// Notes each call and lets it go on, until the thread is gone. If that fails the descriptor is closed, and the thread's calls fail.
fn supervise(listener: &OwnedFd, calls: &Calls) {
    loop {
        let mut poll = libc::pollfd { fd: listener.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one valid entry.
        let ready = unsafe { libc::poll(&raw mut poll, 1, -1) };
        if ready < 0 && Error::last_os_error().raw_os_error() == Some(libc::EINTR) {
            continue;
        }
        if ready < 0 || poll.revents & libc::POLLIN == 0 {
            return;
        }
        // SAFETY: plain numbers, for which zero is valid; the kernel wants it so.
        let mut call: libc::seccomp_notif = unsafe { core::mem::zeroed() };
        let receive = request::<libc::seccomp_notif>(0);
        // SAFETY: the request fills one structure of this type.
        if unsafe { libc::ioctl(listener.as_raw_fd(), receive, &raw mut call) } != 0 {
            continue;
        }
        calls.note(&call.data);
        let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
        let mut answer = libc::seccomp_notif_resp { id: call.id, val: 0, error: 0, flags };
        let send = request::<libc::seccomp_notif_resp>(1);
        // SAFETY: the request reads one structure of this type.
        let sent = unsafe { libc::ioctl(listener.as_raw_fd(), send, &raw mut answer) } == 0;
        if !sent && Error::last_os_error().raw_os_error() != Some(libc::ENOENT) {
            return;
        }
    }
}
