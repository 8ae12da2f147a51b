# shellcheck shell=bash
# Builds the initramfs of test/kernels: the test program with everything it runs, at the same paths as on this machine, and the
# kernel's modules. Sourced by test/kernels.

# The programs that the tests run. Everything else is busybox's, but not its shell, which runs its own `ip`.
guest_programs=(dash ip nft iptables-nft iptables-nft-save iptables-nft-restore ip6tables-nft ip6tables-nft-save
    ip6tables-nft-restore iptables-legacy iptables-legacy-save iptables-legacy-restore ip6tables-legacy
    ip6tables-legacy-save ip6tables-legacy-restore conntrack bird nsenter unshare sysctl modprobe busybox)

# guest_root BUILD TO: the files that are the same for every kernel.
guest_root() {
    local build=$1 to=$2 program files=() name
    for program in "${guest_programs[@]}"; do
        name=$(PATH=$PATH:/usr/sbin:/sbin command -v "$program") || die "$program is missing"
        files+=("$name")
    done
    docker/gather "$to" "${files[@]}" "$build"/test/test_netns "$build"/controller/bgplb "$build"/controller/init/bgplb-init \
        /usr/lib/*/xtables/*.so
    strip "$to$build"/test/test_netns "$to$build"/controller/bgplb "$to$build"/controller/init/bgplb-init
    ln -s dash "$to/usr/bin/sh"
    for name in $(busybox --list); do
        [[ -e $to/usr/bin/$name || -e $to/usr/sbin/$name ]] || ln -s busybox "$to/usr/bin/$name"
    done
    mkdir -p "$to"/{proc,sys,dev} "$to$PWD/test"
    cp -R bird-templates "$to$PWD/"
    cp -R test/firewall "$to$PWD/test/"
    for name in /etc/protocols /etc/services /etc/iproute2; do
        [[ ! -e $name ]] || cp -RL "$name" "$to/etc/"
    done
    cp test/lib/kernel-init "$to/init"
    chmod 755 "$to/init"
}

# guest_image PLUGIN TO: the programs of the image, and their libraries in place of this machine's.
guest_image() {
    mkdir -p "$2"
    cp -R "$1/rootfs/usr" "$2/usr"
    rm -rf "$2"/usr/share
}

# pack DIR: the folder as a cpio archive. Not compressed: an emulated machine copies faster than it decompresses. The kernel
# accepts several archives, one after the other.
pack() { (cd "$1" && find . -print0 | cpio --null --create --format newc --owner 0:0 --quiet); }

# guest_modules KERNEL VARIANT TO: the modules of the network code, without those that the variant lacks.
guest_modules() {
    local kernel=$1 variant=$2 to=$3 release folder
    release=$(ls "$kernel/lib/modules")
    mkdir -p "$to/usr/lib/modules/$release/kernel/drivers"
    cp "$kernel/lib/modules/$release"/modules.{order,builtin*} "$to/usr/lib/modules/$release/"
    for folder in net lib drivers/net crypto; do
        [[ -d $kernel/lib/modules/$release/kernel/$folder ]] || continue
        cp -R "$kernel/lib/modules/$release/kernel/$folder" "$to/usr/lib/modules/$release/kernel/$folder"
    done
    if [[ $variant == no-nf_tables ]]; then
        find "$to" \( -name 'nf_tables*.ko' -o -name 'nft_*.ko' \) -delete
    fi
    ln -s usr/lib "$to/lib"
    depmod -b "$to" "$release"
    rm "$to/lib"   # the root has the same link
}
