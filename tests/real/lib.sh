# SPDX-License-Identifier: BSD-2-Clause
#
# What the scripts of this folder share: skipping with a reason, failing with one, and programs of the npm registry by name,
# version and integrity. A package is fetched once with npm's own client, kept in tests/cache (which git ignores), and
# refused if it is not byte for byte the pinned one.

skip() { echo "$*"; exit 77; }
bad=0
fail() { echo "FAILED: $*"; bad=1; }

# the pinned ones: name version integrity
pins() {
	cat <<-'EOF'
	@esbuild/freebsd-x64 0.28.2 sha512-78XJTJkvPs0kz2w61301PJjXl4g7q3JqiYMZ/M/yVI73EHBrCRTgkhu9oqG7vPqq+a/yadEW8aD+agKlk5xrmg==
	@esbuild/linux-x64 0.28.2 sha512-4xTZr1FUmSoQW4XIWmit3tzQrUTZM+N3P0XV8xROKYF50XfI7xeO90+1bZvNwxIufQ9hDQVRJH5YhgPVF8A/HQ==
	esbuild-freebsd-64 0.15.18 sha512-TT3uBUxkteAjR1QbsmvSsjpKjOX6UkCstr8nMr+q7zi3NuZ1oIpa8U41Y8I8dJH2fJgdC3Dj3CXO5biLQpfdZA==
	esbuild-linux-64 0.15.18 sha512-hNSeP97IviD7oxLKFuii5sDPJ+QHeiFTFLoLm7NZQligur8poNOWGIgpQ7Qf8Balb69hptMZzyOBIPtY09GZYw==
	lefthook-freebsd-x64 2.2.2 sha512-LkKuJU0S2oLimeoHwPTy1TLWB6GcN0t5lLxiXNlsBKUkr6R47QRcvPMZMoXmu3IetQtd+WliXMLE8qTwi2fqBg==
	lefthook-linux-x64 2.2.2 sha512-N/OlQyAhcU6RAXjrwFxLsh70sn96rBoi+XkuLJ8CVBkk9Ci3VDXQayDZTNz5B1xML8RwoMcV8Wblniy1xFOmSA==
	turbo-freebsd-64 1.4.7 sha512-T5/osfbCh0rL53MFS5byFFfsR3vPMHIKIJ4fMMCNkoHsmFj2R0Pv53nqhEItogt0FJwCDHPyt7oBqO83H/AWQQ==
	turbo-linux-64 1.4.7 sha512-F6IM23zgTYo9gYJaNp17gVvQBt0hMIvz52OF91DpPYSLpV2h9OSlzPJ3j5TGaWueS/bc/YCV23+VojXX/MauGQ==
	EOF
}

integrity_of() {
	python3 -c 'import base64, hashlib, sys
print("sha512-" + base64.b64encode(hashlib.sha512(open(sys.argv[1], "rb").read()).digest()).decode())' "$1"
}

# fetch NAME: the folder of its files is $dir; skips if it cannot be had, fails if it is another
fetch() {
	local name=$1 version integrity tmp
	read -r version integrity < <(pins | sed -n "s|^\t*$name ||p")
	[ -n "$version" ] || skip "no pin for $name"
	dir=$CACHE/${name//\//+}-$version
	mkdir -p "$CACHE"
	exec 9>"$CACHE/.lock"
	flock 9
	if [ ! -e "$dir/.good" ]; then
		command -v npm >/dev/null || skip "npm is not installed"
		tmp=$(mktemp -d "$CACHE/fetch.XXXXXX")
		if ! (cd "$tmp" && timeout 240 npm pack --silent "$name@$version" >/dev/null 2>npm.err); then
			echo "npm: $(tail -3 "$tmp/npm.err" | tr '\n' ' ')"
			rm -rf "$tmp"
			skip "$name@$version cannot be fetched (offline?)"
		fi
		if [ "$(integrity_of "$tmp"/*.tgz)" != "$integrity" ]; then
			echo "$name@$version is not the pinned package: $(integrity_of "$tmp"/*.tgz)"
			rm -rf "$tmp"
			exit 1
		fi
		mkdir "$tmp/package"
		tar -xzf "$tmp"/*.tgz -C "$tmp/package" --strip-components=1 || exit 1
		rm -rf "$dir"
		mv "$tmp/package" "$dir" || exit 1
		rm -rf "$tmp"
		touch "$dir/.good"
	fi
	exec 9>&-
}

guest() { "$GUISE" run --engine "$ENGINE" "$@"; }

# same NAME EXPECTED GOT: two files or folders, byte for byte
same() { diff -r "$2" "$3" >diff.txt 2>&1 || fail "$1: $(head -20 diff.txt)"; }

# wait until something listens on 127.0.0.1:PORT
listening() {
	for _ in $(seq 100); do
		(exec 8<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
		sleep 0.1
	done
	return 1
}
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
