# shellcheck shell=bash
# Sourced by the other scripts: messages, missing packages, JDK 25, the build.

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
# nginx, ethtool and dnsmasq are not on the PATH of a plain user.
PATH=$PATH:/usr/sbin:/sbin
export PATH LC_ALL=C

# shellcheck source=scripts/java-25.sh
. "$root/scripts/java-25.sh"

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' yellow=$'\e[33m' faint=$'\e[2m' plain=$'\e[0m'
else
  bold='' green='' red='' yellow='' faint='' plain=''
fi
# Not every script uses every colour.
: "$bold$green$red$yellow$faint$plain"

say() {
  printf '%s\n' "$*"
}

die() {
  printf '%s%s: %s%s\n' "$red" "${0##*/}" "$*" "$plain" >&2
  exit 1
}

is_root() {
  [[ $(id -u) == 0 ]]
}

missing=()

# want COMMAND PACKAGE WHY: notes the Debian package when the command is not there.
want() {
  command -v "$1" > /dev/null || note_missing "$2" "$3"
}

# want_libpcap WHY. (grep -q would leave early, and with pipefail the killed ldconfig would count as a failure.)
want_libpcap() {
  ldconfig -p | grep 'libpcap\.so\.' > /dev/null || note_missing libpcap0.8 "$1"
}

note_missing() {
  say "missing: $1 ($2)"
  missing+=("$1")
}

# install_missing: installs what want noted, with apt-get, or says the command that does.
install_missing() {
  ((${#missing[@]})) || return 0
  command -v apt-get > /dev/null \
    || die "installs with apt-get only and there is none: install what these Debian packages hold: ${missing[*]}"
  is_root || die "packages are missing: run 'sudo apt-get install --no-install-recommends ${missing[*]}', then this again"
  say "installing with apt-get: ${missing[*]}"
  if [[ " ${missing[*]} " == *" nginx-light "* || " ${missing[*]} " == *" prometheus "* ]]; then
    (
      trap allow_service_starts EXIT
      trap 'exit 130' INT
      trap 'exit 143' TERM HUP
      forbid_service_starts
      install_packages "${missing[@]}"
      # The packages enable servers for the next boot. Nobody asked for that.
      local service
      for service in nginx prometheus; do
        if [[ " ${missing[*]} " == *" $service"[-\ ]* ]] && command -v systemctl > /dev/null; then
          systemctl --quiet disable "$service.service" 2> /dev/null || say "$service.service stays as its package left it"
        fi
      done
    )
  else
    install_packages "${missing[@]}"
  fi
  missing=()
}

# install_packages PACKAGE…
install_packages() {
  apt_get install "$@" || { apt_get update && apt_get install "$@"; } || die "apt-get could not install $*: see above"
}

# apt_get COMMAND [PACKAGE…]: quiet unless it fails; bounded; waits for another apt's lock.
apt_get() {
  local output
  output=$(DEBIAN_FRONTEND=noninteractive timeout 600 apt-get -y -o DPkg::Lock::Timeout=120 \
    --no-install-recommends "$@" 2>&1) && return 0
  printf '%s\n' "$output" | tail -n 15 >&2
  return 1
}

policy=/usr/sbin/policy-rc.d

# While this holds, a package that is installed starts no service (invoke-rc.d asks this file).
forbid_service_starts() {
  if [[ -e $policy && ! -e $policy.before-portcullis ]]; then
    mv "$policy" "$policy.before-portcullis"
  fi
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
}

allow_service_starts() {
  rm -f "$policy"
  if [[ -e $policy.before-portcullis ]]; then
    mv "$policy.before-portcullis" "$policy"
  fi
}

# want_jdk: notes the JDK 25 of the distribution when there is none and it has one; says what to install when it has not.
want_jdk() {
  java_25_home javac > /dev/null && return 0
  local package=openjdk-25-jdk-headless
  if command -v apt-get > /dev/null && ! has_candidate $package && is_root; then
    apt_get update || say "apt-get update failed: going on with the package lists that are there"
  fi
  has_candidate $package \
    || die "needs a JDK 25, and this distribution has no $package: install one (Eclipse Temurin 25, for example) under /usr/lib/jvm, or set JAVA_HOME"
  note_missing $package "JDK 25: compiles and runs portcullis"
}

has_candidate() {
  command -v apt-cache > /dev/null && apt-cache policy "$1" | grep -E '^ *Candidate: [^(]' > /dev/null
}

# maven GOAL…: Maven on the JDK 25 (the formatter runs in Maven's own JVM and reads Java 25 on a JDK 25 only).
maven() {
  local home
  home=$(java_25_home javac) || die "needs a JDK 25 and found none: install one under /usr/lib/jvm, or set JAVA_HOME"
  # Maven's own libraries make a JDK 25 warn at every start.
  local quiet="--sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED"
  (cd "$root" && JAVA_HOME=$home MAVEN_OPTS="$quiet ${MAVEN_OPTS:-}" mvn -B "$@")
}

# maven_quietly GOAL…: its output is shown, on stderr, only when it fails; on a terminal the last line that it printed is shown
# meanwhile. Bounded by what calls it.
maven_quietly() {
  local output code=0 progress=''
  output=$(mktemp)
  if [[ -t 2 ]]; then
    show_last_line "$output" &
    progress=$!
  fi
  maven "$@" > "$output" 2>&1 || code=$?
  if [[ -n $progress ]]; then
    kill "$progress" 2> /dev/null || true
    wait "$progress" 2> /dev/null || true
    printf '\r\033[K' >&2
  fi
  [[ $code == 0 ]] || tail -n 40 "$output" >&2
  rm -f "$output"
  return "$code"
}

# show_last_line FILE: its last line on stderr, over and over, in one line of the terminal, for as long as this script runs.
show_last_line() {
  local last
  while sleep 0.5 && kill -0 "$$" 2> /dev/null; do
    last=$(tail -n 1 "$1" | tr -d '\r\033')
    printf '\r\033[K%.76s' "$last" >&2
  done
}

# build: the jar and its libraries, and the classes of the tests, which scripts/bench is one of, if a source is newer than
# the jar.
build() {
  local jar=$root/daemon/target/portcullis.jar
  if [[ -f $jar && -d $root/daemon/target/lib && -z $(newer_sources "$jar") ]]; then
    return 0
  fi
  say "building with Maven (the first time it downloads the libraries: some minutes)"
  maven_quietly -DskipTests -Dspotless.check.skip=true package || die "the build failed: see above"
  # Maven leaves a jar alone whose content would stay the same.
  touch "$jar"
  give_back_target
}

# memory_folder: where files are memory, which flow tables should be; /tmp where there is none.
memory_folder() {
  if [[ -w /dev/shm ]] && [[ $(stat -f -c %T /dev/shm) == tmpfs ]]; then say /dev/shm; else say /tmp; fi
}

# rehearse LAUNCHER JAR: has the JVM note what a start of the daemon loads, in JAR's name with .aot, and what the commands that ask
# it load, with -commands.aot; both start faster with it, and work without.
rehearse() {
  local launcher=$1 base=${2%.jar} folder output
  java_25_home java > /dev/null && is_root && command -v unshare > /dev/null || return 0
  folder=$(mktemp -d)
  : > "$folder/hold"
  # shellcheck disable=SC2016 # the inner shell has these parameters
  output=$(RUNTIME_DIRECTORY=$folder STATE_DIRECTORY=$folder timeout 120 unshare --net bash -c '
    note() { PORTCULLIS_JAVA_OPTS="-XX:AOTCacheOutput=$2$4 -Xlog:aot=off" "$1" "$5" "$3"; }
    note "$@" .aot rehearse &
    note "$@" -commands.aot rehearse-commands
    ended=$?
    rm -f "$3/hold"
    wait $! && exit "$ended"' rehearse "$launcher" "$base" "$folder" 2>&1) \
    || say "starts will take a little longer: no rehearsal was possible ($output)"
  rm -rf "$folder"
}

# build_tests: builds the classes of the tests, and writes the class path of what they need to $work/classpath. Messages go to
# stderr. Wants a folder $work.
build_tests() {
  {
    want mvn maven "builds portcullis"
    want_jdk
    install_missing
    # shellcheck disable=SC2154 # the caller makes the folder
    maven_quietly -pl daemon -Dspotless.check.skip=true test-compile dependency:build-classpath \
      -DincludeScope=test -Dmdep.outputFile="$work/classpath" || die "the build failed: see above"
    give_back_target
  } >&2
}

# test_class SECONDS CLASS [ARGUMENT…]: builds, and runs a class of the tests that has a main, at most so long (0: as long as it
# takes). Messages go to stderr. Wants a folder $work.
test_class() {
  build_tests
  local target=$root/daemon/target seconds=$1
  shift
  timeout --foreground "$seconds" "$(java_25_home java)/bin/java" "@$root/scripts/jvm.options" \
    -cp "$target/test-classes:$target/classes:$(< "$work/classpath")" "$@"
}

newer_sources() {
  find "$root/pom.xml" "$root/daemon/pom.xml" "$root/daemon/src/main/java" "$root/daemon/src/main/resources" \
    "$root/daemon/src/test/java" -newer "$1" -type f -print -quit 2> /dev/null || : "no resources yet"
}

# give_back_target: what root built under sudo belongs to the owner of the checkout, who builds next without it.
give_back_target() {
  is_root || return 0
  local target
  for target in "$root/target" "$root/daemon/target"; do
    [[ ! -d $target ]] || chown -R --reference="$root/pom.xml" "$target"
  done
}

# end_processes NAMESPACE: asks first (the daemon puts things back on SIGTERM), then insists.
end_processes() {
  local ns=$1 attempt pids
  for attempt in {1..120}; do
    mapfile -t pids < <(timeout 10 ip netns pids "$ns")
    ((${#pids[@]})) || return 0
    case $attempt in
      1) kill -TERM "${pids[@]}" 2> /dev/null || : "they ended by themselves" ;;
      100) kill -KILL "${pids[@]}" 2> /dev/null || : "they ended by themselves" ;;
    esac
    sleep 0.1
  done
  die "processes ${pids[*]} in $ns do not end"
}
