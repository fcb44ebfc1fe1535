# Sourced by `mysql-server`, `mariadb-server` and `pgbouncer`: a server from Debian's unstable suite, whatever the suite of this machine.
# Nothing is installed: the packages are unpacked into a folder, and the server runs with their own loader and libraries. It stays when
# the script ends, for whoever comes next.
# Needs `folder` and `port`; `url` where it is none of MySQL's protocol.

readonly root=$folder/root
readonly libraries=$root/usr/lib/x86_64-linux-gnu
readonly url=${url:-mysql://root@127.0.0.1:$port}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; }

# Ends the script where a server answers already.
unless_it_answers() {
  answers || return 0
  echo "$url"
  exit 0
}

# unpack PACKAGE: with all that it depends on, from where this machine gets its packages.
unpack() {
  mkdir -p "$folder"/{lists/partial,debs/partial,root}
  local mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -1 || true)
  [ -n "$mirror" ] || { echo "No Debian mirror among the package sources of this machine." >&2; return 1; }
  echo "deb [signed-by=$keyring] $mirror sid main" >"$folder/sid.list"
  # As if nothing were installed, so that every library comes along.
  : >"$folder/status"
  local apt=(apt-get -qq -o "Dir::Etc::sourcelist=$folder/sid.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::Lists=$folder/lists" -o "Dir::State::status=$folder/status"
    -o "Dir::Cache=$folder" -o "Dir::Cache::archives=$folder/debs")
  "${apt[@]}" update
  "${apt[@]}" install -y --no-install-recommends --download-only "$1" >/dev/null
  local package
  for package in "$folder"/debs/*.deb; do dpkg -x "$package" "$root"; done
}

# Prints the URL once the server answers; else the end of its log.
await_answer() {
  for _ in $(seq 120); do
    if answers; then
      echo "$url"
      return 0
    fi
    sleep 0.5
  done
  tail -5 "$1" >&2
  return 1
}
