//! Each limit of the system that a pool can run into is run into, in a process of its own: the pool does with less where that is
//! safe, or says which limit it is, how high, and what to do.
#![cfg(not(pool_loom))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

mod support;

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};
use std::sync::Arc;

use frame_pool::{HugePages, Limit, Pool, PoolError, RegionError, RegionNote, RegionPlan, StreamMode};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::{Locks, Tray, check, fill_block, open, record};

const CHILD: &str = "FRAME_POOL_LIMIT";
const MIB: u64 = 1 << 20;

fn child(what: &str) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "the_child", "--nocapture", "--ignored"]).env(CHILD, what);
    command.stdin(std::process::Stdio::null()).output().unwrap()
}

/// Runs a part of the table below in its own process, where it must hold.
fn holds(what: &str) {
    let output = child(what);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{what}: {:?}\n{said}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains(&format!("{what} holds")), "it did not run: {said}");
}

#[test]
#[ignore = "started as a process of its own by the tests beside it"]
fn the_child() {
    let Ok(what) = std::env::var(CHILD) else { return };
    match what.as_str() {
        "file size" => file_size(),
        "file size unasked" => file_size_unasked(),
        "addresses" => addresses(),
        "few addresses" => few_addresses(),
        "locked memory" => locked_memory(),
        "open files" => open_files(),
        "no memfd" => no_memfd(),
        "few maps" => few_maps(),
        "no maps" => no_maps(),
        other => panic!("no such part: {other}"),
    }
    println!("{what} holds");
    // At once: what ends a process in order (a sanitizer's last report) may need what was just used up.
    // SAFETY: nothing of this process is needed any more.
    unsafe { libc::_exit(0) }
}

/// 4 MiB in 64 blocks and some.
fn plan() -> RegionPlan {
    RegionPlan { huge_pages: HugePages::No, ..RegionPlan::new(65_536, 64, 4) }
}

fn limited(plan: RegionPlan) -> (Limit, String) {
    match Pool::new(plan, u64::MAX) {
        Err(PoolError::Region(why @ RegionError::Limited { .. })) => {
            let text = why.to_string();
            let RegionError::Limited { limit, .. } = why else { panic!("{text}") };
            (*limit, text)
        }
        Err(other) => panic!("another reason: {other}"),
        Ok(pool) => panic!("it was made: {:?}", pool.memory()),
    }
}

fn set(resource: Resource, value: u64) {
    let maximum = getrlimit(resource).maximum;
    setrlimit(resource, Rlimit { current: Some(value), maximum }).unwrap();
}

fn expect(found: &(Limit, String), name: &str, now: Option<u64>, cure: &str) {
    let (limit, text) = found;
    assert_eq!((limit.name, limit.now), (name, now), "{text}");
    assert!(limit.cure.contains(cure) && text.contains(name) && text.contains(&limit.cure), "{text}");
}

/// A pool that is in order although something is missing: a frame goes through it, and the notes are as given.
fn serves(plan: RegionPlan) -> Vec<RegionNote> {
    let pool = Pool::new(plan, u64::MAX).unwrap();
    let (tray, locks) = (Arc::new(Tray::default()), Arc::new(Locks::default()));
    let stream = open(&pool, StreamMode::Locked, &tray, &locks, 1).unwrap();
    fill_block(&pool, 0, 1);
    // SAFETY: the only thread that publishes, of a block that nobody writes any more.
    unsafe { stream.publish(0, &record(&pool, 1)) }.unwrap();
    check(&tray.take().unwrap());
    let shared = pool.memory().notes.iter().any(|note| matches!(note, RegionNote::SharedWindows { .. }));
    assert_eq!(stream.rescues(), !shared, "held frames are moved if windows have a map each");
    pool.close_stream(&stream);
    pool.memory().notes
}

fn file_size() {
    assert_eq!(serves(plan()), []);
    set(Resource::Fsize, MIB);
    expect(&limited(plan()), "RLIMIT_FSIZE", Some(MIB), "ulimit -f");
}

/// The control: who does not ask first is killed.
fn file_size_unasked() {
    set(Resource::Core, 0);
    set(Resource::Fsize, MIB);
    let file = rustix::fs::memfd_create("too long", rustix::fs::MemfdFlags::CLOEXEC).unwrap();
    let _ = rustix::fs::ftruncate(&file, 4 * MIB);
}

#[test]
fn a_file_over_its_limit_is_an_error_and_not_a_signal() {
    holds("file size");
    assert_eq!(child("file size unasked").status.signal(), Some(libc::SIGXFSZ));
}

fn address_space() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
}

fn addresses() {
    let limit = address_space() + 3 * MIB;
    set(Resource::As, limit);
    expect(&limited(plan()), "RLIMIT_AS", Some(limit), "ulimit -v");
}

/// Room for a ring and its windows, but not for the gaps around windows of their own.
fn few_addresses() {
    let plan = RegionPlan { huge_pages: HugePages::No, ..RegionPlan::new(MIB as usize, 16, 2) };
    let cost = plan.cost();
    // The service thread needs its stack, and may get a heap.
    let others = 80 * MIB;
    set(Resource::As, address_space() + 2 * cost.bytes + others);
    assert!(cost.addresses > 2 * cost.bytes + others, "or it would all fit");
    match &serves(plan)[..] {
        [RegionNote::SharedWindows { limit: Some(limit) }] => assert_eq!(limit.name, "RLIMIT_AS"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_address_space_that_is_too_small_is_named_or_made_do_with() {
    holds("addresses");
    holds("few addresses");
}

/// A process that locks all its memory from now on, as a real-time program does.
fn locked_memory() {
    if rustix::process::geteuid().is_root() {
        // The right to lock any amount. Where there is no such user (a container), root has not got that right either.
        // SAFETY: this process has one purpose and gives up its privileges for good.
        let _ = unsafe { libc::setresuid(65_534, 65_534, 65_534) };
    }
    let limit = getrlimit(Resource::Memlock).maximum.map_or(2 * MIB, |most| most.min(2 * MIB));
    set(Resource::Memlock, limit);
    // SAFETY: changes how later maps are made, nothing else. Past the C library, because sanitizers make its call do nothing.
    assert_eq!(unsafe { libc::syscall(libc::SYS_mlockall, libc::MCL_FUTURE) }, 0);
    expect(&limited(plan()), "RLIMIT_MEMLOCK", Some(limit), "ulimit -l");
    assert_eq!(Limit::locked_memory().now, Some(limit));
}

#[test]
fn a_limit_of_locked_memory_is_named() {
    holds("locked memory");
}

fn open_files() {
    // The standard streams are open: nothing else fits.
    set(Resource::Nofile, 3);
    expect(&limited(plan()), "RLIMIT_NOFILE", Some(3), "ulimit -n");
}

/// A sandbox that refuses to make memory files.
fn no_memfd() {
    use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W};
    let op = |code: u32, jt, jf, k| libc::sock_filter { code: code as u16, jt, jf, k };
    let mut filter = [
        op(BPF_LD | BPF_W | BPF_ABS, 0, 0, 0),
        op(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, libc::SYS_memfd_create as u32),
        op(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        op(BPF_RET | BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 4, filter: filter.as_mut_ptr() };
    // SAFETY: the filter outlives the calls, which copy it; from here on this process makes no memory files.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
    }
    match Pool::new(plan(), u64::MAX) {
        Err(PoolError::Region(why @ RegionError::System { step: "memfd_create", .. })) => {
            assert!(why.to_string().contains("allow memfd_create"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn memory_files_that_cannot_be_made_are_explained() {
    holds("open files");
    holds("no memfd");
}

#[test]
fn memory_that_is_not_there_is_refused_before_it_is_touched() {
    // Blocks of 1 GiB, as many as no test machine has; not tried where the system would not say so.
    assert!(std::fs::read_to_string("/proc/meminfo").is_ok_and(|text| text.contains("MemAvailable:")));
    let found = limited(RegionPlan::new(1 << 30, 1 << 16, 0));
    assert!(found.0.name.contains("memory") && found.0.now.is_some_and(|now| now < 1 << 46), "{}", found.1);
    let refused = Pool::new(plan(), MIB).unwrap_err().to_string();
    let needed = plan().cost().bytes.to_string();
    assert!(refused.contains(&needed) && refused.contains("the budget is 1048576"), "{refused}");
}

fn number(path: &str) -> u64 {
    std::fs::read_to_string(path).unwrap().trim().parse().unwrap()
}

fn maps() -> u64 {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().count() as u64
}

/// Takes maps until `left`, or one less, are left: every other page of a range gets another protection.
fn use_up_maps(left: u64) {
    let most = number("/proc/sys/vm/max_map_count");
    let pairs = usize::try_from((most - left - maps()) / 2).unwrap();
    let flags = rustix::mm::MapFlags::PRIVATE | rustix::mm::MapFlags::NORESERVE;
    let none = rustix::mm::ProtFlags::empty();
    // SAFETY: a fresh map of our own, of which nothing is ever read or written.
    let start = unsafe {
        rustix::mm::mmap_anonymous(core::ptr::null_mut(), (2 * pairs + 100) * 4096, none, flags).unwrap()
    };
    for pair in 0..pairs + 40 {
        // Near the end it is counted what there is: neighbours may have become one map, or two.
        if pair + 10 > pairs && maps() + left + 1 >= most {
            break;
        }
        let page = start.wrapping_byte_add((2 * pair + 1) * 4096);
        // SAFETY: a page inside the map made above.
        unsafe { rustix::mm::mprotect(page, 4096, rustix::mm::MprotectFlags::READ) }.unwrap();
    }
    let now = maps();
    assert!((most - left - 1..=most - left).contains(&now), "{now} of {most}");
}

/// Whether so many maps are allowed that a test cannot use them up.
fn countless_maps() -> bool {
    let most = number("/proc/sys/vm/max_map_count");
    if most > 4_000_000 {
        println!("not tried: vm.max_map_count is {most}");
    }
    most > 4_000_000
}

fn few_maps() {
    if countless_maps() {
        return;
    }
    let plan = RegionPlan { huge_pages: HugePages::No, ..RegionPlan::new(4096, 100, 10) };
    assert_eq!(serves(plan), []);
    let most = number("/proc/sys/vm/max_map_count");
    // More than the pool needs, but what it would leave to the rest of the process is too little.
    use_up_maps(u64::from(plan.cost().maps) + 500);
    let before = maps();
    match &serves(plan)[..] {
        [note @ RegionNote::SharedWindows { limit: Some(limit) }] => {
            assert_eq!((limit.name, limit.now), ("vm.max_map_count", Some(most)));
            assert!(limit.used.is_some_and(|used| used > before - 30 && used < before + 30), "{limit}");
            assert!(note.to_string().contains("sysctl vm.max_map_count="), "{note}");
        }
        other => panic!("{other:?}"),
    }
}

fn no_maps() {
    if countless_maps() {
        return;
    }
    let most = number("/proc/sys/vm/max_map_count");
    use_up_maps(3);
    expect(&limited(plan()), "vm.max_map_count", Some(most), "sysctl vm.max_map_count=");
}

#[test]
fn too_few_maps_cost_the_rescue_and_none_is_an_error() {
    holds("few maps");
    holds("no maps");
}
