#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What the project needs from Debian 12, one package a line: what proves that it is there, its name, who needs it, and
# why: to build guise, to check it at all, or for some test, which skips without. Run it to install what is missing (as
# root, or with sudo); --list prints the table; --build is for those who only want to build guise and run no tests;
# --missing names what lacks for make check.
set -eu

deps() {
	cat <<-'EOF'
	cmd:make                         make             build  runs the Makefile
	cmd:gcc                          gcc              build  the default compiler
	cmd:ld                           binutils         build  ld -r, objcopy and nm check what the runtime may use
	file:/usr/include/stdlib.h       libc6-dev        build  headers, and the static libc that guise is linked with
	file:/usr/include/linux/stat.h   linux-libc-dev   build  the host's call numbers and structs
	file:/usr/include/libelf.h       libelf-dev       build  reads ELF images
	file:/usr/include/elfutils/libdw.h libdw-dev     build  call chains of a program that died
	file:/usr/include/zlib.h         zlib1g-dev       build  libelf.a needs it in a static link
	file:/usr/include/zstd.h          libzstd-dev      build  packs the memory in a snapshot
	cmd:clang                        clang            check  the second compiler, and the one that builds FreeBSD test programs
	cmd:ld.lld                       lld              check  links FreeBSD test programs
	cmd:llvm-symbolizer              llvm             test   names the lines in a sanitizer's report
	file:/usr/include/cmocka.h       libcmocka-dev    check  runs the unit tests
	cmd:python3                      python3          check  the test runner; also a guest in the identity tests
	file:/usr/lib/python3/dist-packages/jsonschema python3-jsonschema test holds the JSON trace against its schema
	cmd:perl                         perl             test   a guest in the identity tests
	cmd:bash                         bash             test   a guest in the identity tests
	cmd:git                          git              test   a guest in the identity tests
	cmd:go                           golang-go        test   builds Go test programs for FreeBSD and Linux
	cmd:file                         file             test   the demo shows with it whose program it runs
	cmd:npm                          npm              test   fetches real FreeBSD programs by package name
	cmd:gdb                          gdb              test   a debugger attached to guests, and one that opens their core files
	file:/boot/memtest86+x64.bin     memtest86+       test   a real program for a bare machine, whose screen is looked at
	cmd:curl                         curl             test   asks the server tests over loopback
	EOF
}

there() {
	case $1 in
	cmd:*) command -v "${1#cmd:}" >/dev/null 2>&1 ;;
	file:*) [ -e "${1#file:}" ] || [ -e "/usr/include/x86_64-linux-gnu/${1#file:/usr/include/}" ] ;;
	esac
}

missing() { # WHO...: the packages that these want and that are not there
	deps | while read -r proof package who why; do
		case " $* " in *" $who "*) there "$proof" || echo "$package" ;; esac
	done
}

case ${1-} in
--list)
	deps | while read -r proof package who why; do printf '%-16s %-6s %s\n' "$package" "$who" "$why"; done
	exit 0 ;;
--missing) missing build check; exit 0 ;;
--build) list=$(missing build) ;;
'') list=$(missing build check test) ;;
*) echo "usage: tools/deps.sh [--list | --build | --missing]" >&2; exit 2 ;;
esac
if [ -z "$list" ]; then
	echo "deps: all there"
	exit 0
fi
list=$(echo "$list" | tr '\n' ' ')
sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || { echo "deps: run it as root: apt-get install $list" >&2; exit 1; }
	sudo=sudo
fi
echo "deps: installing $list"
$sudo apt-get update -q
# shellcheck disable=SC2086 # a list of words
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $list
