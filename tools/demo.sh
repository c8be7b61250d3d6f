#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Shows the main job: fetches a real FreeBSD program (the esbuild bundler as its authors publish it for FreeBSD, pinned by
# version and checksum, kept in tests/cache) and runs it on this Linux with guise.
set -eu
cd "$(dirname "$0")/.."

package=@esbuild/freebsd-x64
version=0.28.2
sha512=efc5c94c992f3ecd24cf6c3ad77d353c98d797883bab726a898319fccff2548ef710706b0914e0921bbda2a1bbbcfaaaf9af\
f269d116f1a0fe6a02a5939c6b9a
dir=tests/cache/demo
esbuild=$dir/package/bin/esbuild

fetch() {
	mkdir -p "$dir"
	(cd "$dir" && npm pack --silent "$package@$version" >/dev/null) ||
		{ echo "demo: cannot fetch $package@$version: is npm there, and the network?" >&2; exit 1; }
	tgz=$dir/esbuild-freebsd-x64-$version.tgz
	echo "$sha512  $tgz" | sha512sum --check --quiet ||
		{ echo "demo: $tgz is not the file that was pinned" >&2; exit 1; }
	tar -xzf "$tgz" -C "$dir"
}
show() {
	echo "\$ $*"
	"$@"
}

[ -x guise ] || { echo "demo: there is no ./guise yet: run make first" >&2; exit 1; }
[ -x "$esbuild" ] || fetch

cat >"$dir/hello.ts" <<'EOF'
enum Os { FreeBSD, Linux }
const greet = (from: Os, to: Os): string => `a ${Os[from]} program on ${Os[to]}`;
console.log(greet(Os.FreeBSD, Os.Linux));
EOF

if command -v file >/dev/null; then
	show file -b "$esbuild"
fi
show ./guise "$esbuild" --version
show ./guise "$esbuild" --bundle --minify "$dir/hello.ts"
