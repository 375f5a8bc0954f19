#!/bin/bash
# build.sh: builds the guest kernel that `cargo xtask guest-test` boots.
#
# The machine that builds the project need not have V4L2 in its kernel. This
# script makes a small guest (Debian's kernel, its media modules, v4l2loopback,
# busybox) in a cache directory; run.sh boots it with QEMU.
# Nothing is installed into the running system except, with --install, the few
# ordinary packages that the scripts and the tests call (QEMU, compiler, cpio,
# kmod, xz, zstd, ffmpeg, v4l2-ctl).
#
#   build.sh [--install] [--force]
#
#   --install   apt-get install whatever host tool is missing (needs root)
#   --force     build again even if the cache is complete
#
# Environment:
#   GUEST_CACHE    where the guest is kept
#                  (default ${XDG_CACHE_HOME:-~/.cache}/v4l2-guest)
#   GUEST_FLAVOUR  stable (default): the kernel and v4l2loopback of the Debian
#                  release this runs on.
#                  backports: the newer kernel of the release's backports,
#                  which also has /dev/udmabuf and /dev/dma_heap/system, with
#                  the v4l2loopback of the next Debian release.
#   GUEST_MODULES  further modules of the stock kernel to put in, by name
#   GUEST_MIRROR   a Debian mirror for what the system's own apt sources lack
#                  (no default: without it the system's sources must do)
#
# Result, under $GUEST_CACHE/$GUEST_FLAVOUR: vmlinux, initrd.gz, versions.txt.
# Exit status: 0 built or already there; 1 a step failed; 2 wrong usage; 3 this
# machine lacks something (said on standard error).
set -euo pipefail

say() { printf 'guest/build.sh: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
lacks() { say "$*"; exit 3; }

install=0 force=0
for a in "$@"; do
    case $a in
        --install) install=1 ;;
        --force) force=1 ;;
        -h|--help) sed -n '2,/^set -e/{/^set -e/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        *) say "unknown option: $a"; exit 2 ;;
    esac
done

flavour=${GUEST_FLAVOUR:-stable}
case $flavour in stable|backports) ;; *) say "GUEST_FLAVOUR: stable or backports"; exit 2 ;; esac
cache=${GUEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/v4l2-guest}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
case $cache in *[[:space:]]*) die "the cache's path may hold no blanks (kbuild): $cache" ;; esac
out=$cache/$flavour

# ---- host tools -----------------------------------------------------------
[ -r /etc/os-release ] || lacks "this needs Debian"
. /etc/os-release
[ "${ID:-}" = debian ] || lacks "this needs Debian's packages (found ${ID:-unknown})"
[ "$(dpkg --print-architecture)" = amd64 ] || lacks "this needs amd64"
PATH=$PATH:/usr/sbin:/sbin
need=()
have() { command -v "$1" >/dev/null 2>&1; }
get_needed() {
    [ ${#need[@]} -gt 0 ] || return 0
    [ $install = 1 ] || lacks "missing packages: ${need[*]} (run with --install, or install them)"
    [ "$(id -u)" = 0 ] || lacks "--install needs root; missing: ${need[*]}"
    say "installing ${need[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${need[@]}" >/dev/null
    need=()
}
# What running the tests needs, whether the guest is there or not.
have qemu-system-x86_64 || need+=(qemu-system-x86)
have ffmpeg || need+=(ffmpeg)
have v4l2-ctl || need+=(v4l-utils)
have modprobe || need+=(kmod)
have python3 || need+=(python3)
get_needed

# The modules the guest can load; what they depend on is added by itself.
modules="virtio_pci virtio_console 9p 9pnet_virtio overlay
         videodev vivid vgem uvcvideo dummy_hcd usb_f_uvc libcomposite
         ${GUEST_MODULES:-}"

# One build at a time in a cache; a second waits, then finds it made.
exec 9>"$cache/.lock"
flock 9

# What this script itself and the module list are, so that a change rebuilds.
stamp=$( { cat "$0"; printf '%s\n' "$flavour" $modules; } | sha256sum | cut -c1-64)
if [ $force = 0 ] && [ -s "$out/vmlinux" ] && [ -s "$out/initrd.gz" ] &&
   [ "$(cat "$out/stamp" 2>/dev/null)" = "$stamp" ]; then
    say "already built: $out"
    exit 0
fi

# What building the guest needs.
have cpio || need+=(cpio)
have make || need+=(make)
have xz || need+=(xz-utils)
have zstd || need+=(zstd)
have gcc-12 || [ "$VERSION_CODENAME" != bookworm ] || need+=(gcc-12)
have gcc || need+=(gcc)
[ -e /usr/lib/x86_64-linux-gnu/libelf.so.1 ] || need+=(libelf1)
get_needed

work=$cache/.work.$$
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{deb,root,apt/lists/partial,apt/cache/archives/partial,mod}

# ---- packages, by name, into the cache only -------------------------------
# The package lists are the script's own, so neither the system's lists nor
# its sources change; the mirrors are those the system uses.
ring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$ring" ] || lacks "no Debian archive keyring (package debian-archive-keyring)"
rel=$VERSION_CODENAME
case $rel in bookworm) next=trixie ;; trixie) next=forky ;; *) next=testing ;; esac
uri() {  # the system's mirror for a suite, else GUEST_MIRROR's
    local u
    u=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2>/dev/null |
        awk -v r="$1" '$2 == r && !u {u = $1} END {print u}') || true
    printf '%s' "${u:-$2}"
}
mirror=${GUEST_MIRROR:-}
main=$(uri "$rel" "${mirror:+$mirror/debian}")
[ -n "$main" ] || lacks "the system's apt sources lack $rel (run apt-get update, or set GUEST_MIRROR)"
security=$(uri "$rel-security" "${mirror:+$mirror/debian-security}")
{
    echo "deb [signed-by=$ring] $main $rel main"
    [ -z "$security" ] || echo "deb [signed-by=$ring] $security $rel-security main"
    if [ $flavour = backports ]; then
        echo "deb [signed-by=$ring] $main $rel-backports main"
        echo "deb [signed-by=$ring] $main $next main"
    fi
} >"$work/apt/sources.list"
# Hooks of the system's own apt are left out: they would clean the system's cache.
printf '#clear %s;\n' APT::Update::Pre-Invoke APT::Update::Post-Invoke \
    APT::Update::Post-Invoke-Success >"$work/apt/apt.conf"
apt_own=(-c "$work/apt/apt.conf" -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=-
         -o "Dir::State::lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache"
         -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3)
say "reading the package lists ($rel, $flavour)"
apt-get "${apt_own[@]}" -qq update || lacks "apt-get update failed: is the mirror reachable?"

# The newest version of a package in a suite ("" : any), from the lists above.
newest() {
    apt-cache "${apt_own[@]}" madison "$1" 2>/dev/null |
        awk -F' *[|] *' -v s="$2" '!v && (s == "" || index($3, " " s "/")) {v = $2} END {print v}'
}
depends() {  # the first package that PACKAGE=VERSION depends on
    apt-cache "${apt_own[@]}" show "$1=$2" 2>/dev/null |
        awk '/^Depends: / && !d {d = $2; sub(/,.*/, "", d)} END {print d}'
}
if [ $flavour = backports ]; then suite=$rel-backports lsuite=$next; else suite='' lsuite=''; fi
iv=$(newest linux-image-amd64 "$suite"); [ -n "$iv" ] || lacks "no linux-image-amd64 in $flavour"
image=$(depends linux-image-amd64 "$iv")
headers=$(depends linux-headers-amd64 "$iv")
kver=${image#linux-image-}
[ "$headers" = "linux-headers-$kver" ] || die "image $image and headers $headers differ"
# The headers' two companions: ...-common and linux-kbuild.
mapfile -t parts < <(apt-cache "${apt_own[@]}" show "$headers" |
    awk '/^Depends: / && !d {d = $0} END {sub(/^Depends: /, "", d); gsub(/, */, "\n", d); print d}' |
    sed 's/ .*//' | grep -E '^linux-(headers-.*-common|kbuild-)')
[ ${#parts[@]} -ge 2 ] || die "could not read what $headers depends on"
lv=$(newest v4l2loopback-dkms "$lsuite")
[ -n "$lv" ] || lacks "no v4l2loopback-dkms in $flavour"
say "kernel $kver, v4l2loopback $lv"
(cd "$work/deb" && apt-get "${apt_own[@]}" -qq download \
    "$image" "$headers" "${parts[@]}" "v4l2loopback-dkms=$lv" busybox-static) || die "download failed"
for d in "$work"/deb/*.deb; do dpkg -x "$d" "$work/root"; done

# ---- v4l2loopback against the guest's kernel ------------------------------
kdir=$work/root/usr/src/linux-headers-$kver
# The headers name their companions by absolute path; point them in here.
grep -rlI --include=Makefile '/usr/src/linux-headers-' "$kdir" --max-count=1 2>/dev/null |
    xargs -r sed -i "s#\([^A-Za-z0-9._/-]\)/usr/src/linux-headers-#\1$work/root/usr/src/linux-headers-#"
cp "$work/root"/usr/src/v4l2loopback-*/* "$work/mod/"
say "building v4l2loopback for $kver"
cc=()
ccname=$(sed -n 's/^CONFIG_CC_VERSION_TEXT="\([^ ]*\) .*/\1/p' "$kdir/.config" 2>/dev/null | sed 's/^x86_64-linux-gnu-//')
[ -n "$ccname" ] && have "$ccname" && cc=(CC="$ccname")
make -C "$kdir" M="$work/mod" "${cc[@]}" CONFIG_DEBUG_INFO_BTF_MODULES= modules >"$work/kbuild.log" 2>&1 ||
    { tail -20 "$work/kbuild.log" >&2; die "v4l2loopback did not build"; }
[ -s "$work/mod/v4l2loopback.ko" ] || die "no v4l2loopback.ko"
strip --strip-debug "$work/mod/v4l2loopback.ko"

# ---- the initramfs --------------------------------------------------------
root=$work/root
tree=$work/initrd
mdir=lib/modules/$kver
mkdir -p "$tree"/{bin,"$mdir/extra"}
[ -d "$root/lib/modules/$kver" ] && kmods=$root/lib/modules/$kver || kmods=$root/usr/lib/modules/$kver
bb=$root/bin/busybox; [ -x "$bb" ] || bb=$root/usr/bin/busybox
cp "$bb" "$tree/bin/busybox"
cp "$kmods"/modules.{order,builtin,builtin.modinfo} "$tree/$mdir/" 2>/dev/null || true
mkdir -p "$kmods/extra" && cp "$work/mod/v4l2loopback.ko" "$kmods/extra/"
mroot=${kmods%/lib/modules/*}
depmod -b "$mroot" "$kver"

# Each module with everything it depends on, decompressed for busybox.
wanted=" "
add() {  # add NAME
    local name=${1//-/_} line f
    line=$(sed -n "\#/${name//_/[-_]}\.ko[.a-z]*:#{p;q}" "$kmods/modules.dep")
    if [ -z "$line" ]; then
        grep -qE "/${name//_/[-_]}\.ko" "$kmods/modules.builtin" && return 0
        return 1
    fi
    for f in ${line/:/ }; do
        case $wanted in *" $f "*) continue ;; esac
        wanted="$wanted$f "
        mkdir -p "$tree/$mdir/$(dirname "$f")"
        case $f in
            *.xz) xz -dc "$kmods/$f" >"$tree/$mdir/${f%.xz}" ;;
            *.zst) zstd -qdc "$kmods/$f" >"$tree/$mdir/${f%.zst}" ;;
            *.gz) gzip -dc "$kmods/$f" >"$tree/$mdir/${f%.gz}" ;;
            *) cp "$kmods/$f" "$tree/$mdir/$f" ;;
        esac
    done
}
for m in $modules v4l2loopback; do add "$m" || say "note: this kernel has no module $m"; done
depmod -b "$tree" "$kver"

cat >"$tree/init" <<'INIT'
#!/bin/busybox sh
# The guest's first process: drivers, then the runner's own script.
B=/bin/busybox
$B mkdir -p /proc /sys /dev /job /host /upper /new
$B mount -t proc proc /proc
$B mount -t sysfs sysfs /sys
$B mount -t devtmpfs dev /dev 2>/dev/null
for m in virtio_pci virtio_console 9pnet_virtio 9p overlay; do
    $B modprobe $m 2>/dev/null
done
p9=trans=virtio,version=9p2000.L,msize=512000,access=any
$B mount -t 9p -o $p9 job /job && . /job/guest.sh
$B echo "guest: the runner's folder is missing" >/dev/console
$B poweroff -f
$B sleep 60
INIT
chmod +x "$tree/init"
mkdir -p "$out"
(cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) | gzip -4 >"$work/initrd.gz"

# ---- the kernel, uncompressed (emulation would spend seconds unpacking it) --
vml=$(ls "$root/boot/vmlinuz-$kver")
python3 - "$vml" "$work/vmlinux" <<'PY'
import lzma, struct, subprocess, sys, zlib
d = open(sys.argv[1], 'rb').read()
if d[0x202:0x206] != b'HdrS':
    sys.exit('not a bzImage')
base = ((d[0x1f1] or 4) + 1) * 512
off, size = struct.unpack_from('<II', d, 0x248)
p = d[base + off:base + off + size]
if p[:6] == b'\xfd7zXZ\0':
    v = lzma.LZMADecompressor().decompress(p)
elif p[:4] == b'\x28\xb5\x2f\xfd':
    v = subprocess.run(['zstd', '-qdc'], input=p[:-4], stdout=subprocess.PIPE).stdout
elif p[:2] == b'\x1f\x8b':
    v = zlib.decompressobj(31).decompress(p)
else:
    sys.exit('unknown kernel compression')
if v[:4] != b'\x7fELF':
    sys.exit('not an ELF kernel')
open(sys.argv[2], 'wb').write(v)
PY

printf 'kernel %s (%s)\nv4l2loopback %s\n' "$kver" "$iv" "$lv" >"$work/versions.txt"
rm -f "$out/stamp"
mv "$work/vmlinux" "$work/initrd.gz" "$work/versions.txt" "$out/"
printf '%s\n' "$stamp" >"$out/stamp"
say "built: $out ($(tr '\n' ' ' <"$out/versions.txt"))"
