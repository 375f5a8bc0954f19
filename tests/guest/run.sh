#!/bin/bash
# run.sh: runs one program in a guest kernel that has video devices.
#
# Boots the guest that build.sh made (building it first if it is not
# there), loads v4l2loopback (or what --load says), runs PROGRAM with its
# arguments in the same working directory and environment, streams its output
# and returns its exit status. The guest sees the host's files at their own
# paths, so the program, its shared libraries and its data need no copying;
# what it writes stays in the guest and is lost, but for the folder of --out.
#
#   run.sh [OPTION…] [--] PROGRAM [ARG…]
#
#   --load 'MODULE PARAM…'  a module to load, with its parameters; repeatable.
#                           Without it: v4l2loopback with two devices,
#                           /dev/video0 (plain) and /dev/video1
#                           (exclusive_caps=1). --load none: no module.
#                           --load 'vivid …' needs no module that is built here.
#   --out DIR               a folder the program can write to for real
#   --timeout SECONDS       for the boot and the program together (default 120)
#   --log FILE              keep the guest kernel's messages there
#   --mem MIB, --cpus N     the guest's size (default 1024 and 1). Under emulation
#                           two processors boot slower, and the kernel was seen
#                           to die while patching its own code (one boot in about
#                           twenty); a boot that dies is tried again.
#
# Environment: GUEST_CACHE and GUEST_FLAVOUR as in build.sh;
#   GUEST_LOAD     modules as in --load, separated by ';', when no --load is given
#   GUEST_TIMEOUT  as --timeout
#   GUEST_APPEND   further parameters of the guest kernel
#   GUEST_ACCEL    kvm or tcg; by default kvm where the processor's own
#                  virtualisation is usable, else tcg (emulation). A guest that
#                  does not boot by kvm is emulated.
#
# Exit status: the program's; 124 out of time; 125 the guest did not work;
# 2 wrong usage.
#
# As a test runner of cargo:
#   CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER=…/run.sh cargo test
set -uo pipefail

say() { printf 'guest/run.sh: %s\n' "$*" >&2; }
here=$(cd "$(dirname "$0")" && pwd)
loads=() out='' log='' limit=${GUEST_TIMEOUT:-120} mem=1024 cpus=1
while [ $# -gt 0 ]; do
    case $1 in
        --load|--out|--timeout|--log|--mem|--cpus)
            [ $# -ge 2 ] || { say "$1 needs a value"; exit 2; }
            case $1 in
                --load) loads+=("$2") ;;
                --out) out=$2 ;;
                --timeout) limit=$2 ;;
                --log) log=$2 ;;
                --mem) mem=$2 ;;
                --cpus) cpus=$2 ;;
            esac
            shift 2 ;;
        --) shift; break ;;
        -h|--help) sed -n '2,/^set -u/{/^set -u/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        -*) say "unknown option: $1"; exit 2 ;;
        *) break ;;
    esac
done
[ $# -ge 1 ] || { say "no program given (see --help)"; exit 2; }
case $limit$mem$cpus in *[!0-9]*) say "--timeout, --mem and --cpus are whole numbers"; exit 2 ;; esac
if [ ${#loads[@]} -eq 0 ]; then
    if [ -n "${GUEST_LOAD:-}" ]; then
        IFS=';' read -ra loads <<<"$GUEST_LOAD"
    else
        loads=("v4l2loopback devices=2 video_nr=0,1 exclusive_caps=0,1")
    fi
fi
if [ -n "$out" ]; then
    mkdir -p "$out" && out=$(cd "$out" && pwd) || { say "--out: no such folder"; exit 2; }
    case $out in *,*) say "--out: no commas in the path"; exit 2 ;; esac
fi

cache=${GUEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/v4l2-guest}
guest=$cache/${GUEST_FLAVOUR:-stable}
if [ ! -s "$guest/stamp" ]; then
    "$here/build.sh" || { say "the guest could not be built"; exit 125; }
fi

job=$(mktemp -d "${TMPDIR:-/tmp}/guest.XXXXXX") || exit 125
qemu='' cat1='' cat2=''
cleanup() {
    kill -KILL $qemu $cat1 $cat2 2>/dev/null
    rm -rf "$job"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# What the guest runs (busybox sh). Output goes through two virtio ports, the
# exit status by a file.
q() { printf "'%s'" "${1//\'/\'\\\'\'}"; }  # quoted for sh
mkdir "$job/share"
{
    printf 'dir='; q "$PWD"; printf '\nout='; q "$out"; echo
    echo 'loads() {'
    for l in "${loads[@]}"; do [ "$l" = none ] || printf 'load %s\n' "$l"; done
    echo ':; }'
    # The arguments of env: the caller's environment, then the program.
    printf 'set --'
    while IFS= read -rd '' kv; do
        case $kv in PWD=*|OLDPWD=*|SHLVL=*|_=*|=*) continue ;; esac
        printf ' '; q "$kv"
    done < <(env -0)
    for a in "$@"; do printf ' '; q "$a"; done; echo
    cat <<'GUEST'
fail() { $B echo "guest: $*" >/dev/console; $B poweroff -f; $B sleep 60; }
st=0
load() { $B modprobe "$@" || { $B echo "guest: modprobe $* failed" >/dev/console; st=125; }; }
loads
# The host's files, read only, under an overlay: a test may write anywhere and
# nothing leaves the guest.
$B mount -t 9p -o $p9,ro,cache=loose host /host || fail "no host share"
$B mount -t tmpfs -o size=75% upper /upper
$B mkdir -p /upper/u /upper/w
$B mount -t overlay -o lowerdir=/host,upperdir=/upper/u,workdir=/upper/w,xino=off root /new ||
    fail "no overlay"
$B mount -t tmpfs -o mode=755 tmpfs /new/run
$B mkdir -p /new/run/guest/bin /new/run/lock
$B mount -o bind /bin /new/run/guest/bin
r=$($B uname -r)
$B mkdir -p /new/lib/modules/$r
$B mount -o bind /lib/modules/$r /new/lib/modules/$r
[ -z "$out" ] || { $B mkdir -p "/new$out" && $B mount -t 9p -o $p9 out "/new$out"; } || fail "no out share"
port() {
    for p in /sys/class/virtio-ports/*; do
        read -r n <$p/name && [ "$n" = "$1" ] && $B echo "/dev/${p##*/}"
    done 2>/dev/null
}
# A device node can lag its driver; wait for the nodes the kernel has listed.
i=0
while [ $i -lt 100 ]; do
    so=$(port out) se=$(port err) late=0
    [ -c "$so" ] && [ -c "$se" ] || late=1
    for d in /sys/class/video4linux/video*; do
        [ -e "$d" ] && [ ! -e "/dev/${d##*/}" ] && late=1
    done
    [ $late = 0 ] && break
    $B sleep 0.05
    i=$((i + 1))
done
$B ip link set lo up 2>/dev/null
$B mkdir -p /dev/shm /dev/pts
$B mount -t tmpfs tmpfs /dev/shm
$B mount -t devpts devpts /dev/pts
$B ln -sf /proc/self/fd /dev/fd
$B ln -sf fd/0 /dev/stdin
$B ln -sf fd/1 /dev/stdout
$B ln -sf fd/2 /dev/stderr
for d in proc sys dev; do $B mount -o bind /$d /new/$d; done
$B mount -o bind /dev/shm /new/dev/shm
$B mount -o bind /dev/pts /new/dev/pts
if [ $st = 0 ]; then
    $B cut -d' ' -f1 /proc/uptime >/job/booted
    [ -d "/new$dir" ] || dir=/
    # env, not a busybox shell: that one would run its own cat, ls, sleep, …
    $B chroot /new /usr/bin/env -i -C "$dir" -- "$@" >"$so" 2>"$se" </dev/null
    st=$?
fi
$B echo $st >/job/status.new && $B mv /job/status.new /job/status
$B poweroff -f
$B sleep 60
GUEST
} >"$job/share/guest.sh"

accel=${GUEST_ACCEL:-} why='GUEST_ACCEL says so'
if [ -z "$accel" ]; then
    accel=tcg
    if [ ! -e /dev/kvm ]; then
        why='there is no /dev/kvm'
    elif [ ! -w /dev/kvm ]; then
        why='this user may not open /dev/kvm'
    elif [ -d /sys/module/kvm_intel ] || [ -d /sys/module/kvm_amd ]; then
        accel=kvm why='the processor does it'
    else
        # A KVM in software boots only kernels that are made for it.
        why='/dev/kvm is there, but neither kvm_intel nor kvm_amd'
    fi
fi
use() {  # use ACCEL WHY
    accel=$1
    case $1 in
        kvm) machine=(-accel kvm -cpu host) how=virtual ;;
        *) machine=(-accel 'tcg,thread=multi,tb-size=256' -cpu max) how="emulated, which is slow" ;;
    esac
    say "the guest is $how ($2)"
}
use "$accel" "$why"
# A boot by kvm takes a second or two.
kvm_boot=60000

share() {  # share TAG FOLDER EXTRA
    printf '%s\n' -fsdev "local,id=$1,path=$2,security_model=none,multidevs=remap$3" \
        -device "virtio-9p-pci,fsdev=$1,mount_tag=$1"
}
mapfile -t shares < <(share host / ,readonly=on; share job "$job/share" ""
    [ -z "$out" ] || share out "$out" "")

now() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 1000)); }  # in ms
deadline=$(($(now) + limit * 1000))
# Should this script be killed outright, QEMU goes with it.
die_with_us=()
setpriv --help 2>/dev/null | grep -q pdeathsig && die_with_us=(setpriv --pdeathsig KILL)

boot() {  # one boot; sets late=1 when the time ran out
    local begun
    begun=$(now)
    rm -f "$job/o" "$job/e" "$job/share/status" "$job/share/booted"
    mkfifo "$job/o" "$job/e"
    # Should the reader of our output go away, the guest is still drained.
    { cat 2>/dev/null; cat >/dev/null; } <"$job/o" & cat1=$!
    { cat 2>/dev/null >&4; cat >/dev/null; } 4>&2 <"$job/e" & cat2=$!
    "${die_with_us[@]}" qemu-system-x86_64 -M pc "${machine[@]}" -smp "$cpus" -m "$mem" \
        -nodefaults -no-user-config -display none -no-reboot \
        -kernel "$guest/vmlinux" -initrd "$guest/initrd.gz" \
        -append "console=ttyS0 panic=-1 no_timer_check mitigations=off nokaslr ${GUEST_APPEND:-}" \
        -serial "file:$job/console" "${shares[@]}" \
        -device virtio-serial-pci \
        -chardev "file,id=o,path=$job/o" -device virtserialport,chardev=o,name=out \
        -chardev "file,id=e,path=$job/e" -device virtserialport,chardev=e,name=err \
        </dev/null >"$job/qemu" 2>&1 &
    qemu=$!
    late=0
    while kill -0 "$qemu" 2>/dev/null; do
        if [ "$(now)" -ge $deadline ]; then
            late=1
            kill -KILL "$qemu" 2>/dev/null
            break
        fi
        if [ "$accel" = kvm ] && [ ! -s "$job/share/booted" ] && [ $(($(now) - begun)) -ge $kvm_boot ]; then
            kill -KILL "$qemu" 2>/dev/null
            break
        fi
        sleep 0.1
    done
    { wait "$qemu"; } 2>/dev/null
    qemu=
    # The readers end with their pipes; one that QEMU never opened is opened
    # and closed here so that its reader ends too.
    for p in o e; do exec 3<>"$job/$p"; exec 3>&-; done
    for _ in $(seq 50); do
        kill -0 $cat1 2>/dev/null || kill -0 $cat2 2>/dev/null || break
        sleep 0.1
    done
    kill $cat1 $cat2 2>/dev/null
    wait $cat1 $cat2 2>/dev/null
    cat1='' cat2=''
}

for try in 1 2 3 4; do
    boot
    [ $late = 1 ] || [ -s "$job/share/status" ] || [ -s "$job/share/booted" ] && break
    if [ "$accel" = kvm ]; then
        use tcg "it does not boot by kvm: $(tail -n 1 "$job/qemu")"
        continue
    fi
    grep -q 'Kernel panic' "$job/console" || break
    [ $try = 4 ] || say "the guest's kernel died while booting; once more"
done

[ -z "$log" ] || cp "$job/console" "$log"
if [ $late = 1 ]; then
    status=124
    say "out of time after $limit s ($([ -s "$job/share/booted" ] && echo 'the program was running' || echo 'still booting'))"
elif [ -s "$job/share/status" ]; then
    status=$(cat "$job/share/status")
else
    status=125
fi
if [ $status = 125 ] || { [ $status = 124 ] && [ ! -s "$job/share/booted" ]; }; then
    say "the guest's last messages:"
    { cat "$job/qemu"; tail -n 25 "$job/console"; } >&2 2>/dev/null
fi
exit "$status"
