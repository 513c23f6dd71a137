# shellcheck shell=bash
# Sourced by the launcher and by lib.sh: where is a Java 25, and how does it run portcullis?

# is_java_25 HOME PROGRAM: HOME is of version 25 and has bin/PROGRAM.
is_java_25() {
  [[ -n $1 && -x $1/bin/$2 ]] || return 1
  if [[ -r $1/release ]]; then
    grep -Eq '^JAVA_VERSION="25([.+-][^"]*)?"' "$1/release"
  else
    "$1/bin/java" -version 2>&1 | grep -E 'version "25([.+-][^"]*)?"' > /dev/null
  fi
}

# java_25_home PROGRAM: prints the home folder of a Java 25 that has bin/PROGRAM (java, or javac where one builds).
java_25_home() {
  local program=$1 home on_path
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/*25*; do
    if is_java_25 "$home" "$program"; then
      printf '%s\n' "$home"
      return 0
    fi
  done
  if on_path=$(command -v "$program"); then
    on_path=$(readlink -f "$on_path")
    home=${on_path%/bin/"$program"}
    if is_java_25 "$home" "$program"; then
      printf '%s\n' "$home"
      return 0
    fi
  fi
  return 1
}

# java_options COMMAND JAR: the JVM's options for that command of portcullis, one a line.
java_options() {
  local base=${2%.jar} cache
  # The heap holds configuration, flows, counters and HTTP, not packets: a quarter of the machine's memory, 256 MiB at the least
  # and 1 GiB at the most, of which 64 MiB are taken at once, and what a collection finds free goes back but for a third. Out of
  # memory ends the process, so that systemd starts a whole one; a configuration that would lead there is refused. The collector never
  # runs while frames pass, but its barriers do: a frame costs 84 ns with the serial and the parallel one, 95 with G1, 97 with ZGC
  # (io.portcullis.bench.FrameCost, 1,024 flows).
  local heap=256 memory
  if memory=$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' /proc/meminfo 2> /dev/null) && [[ -n $memory ]]; then
    heap=$((memory / 4096))
    heap=$((heap < 256 ? 256 : heap > 1024 ? 1024 : heap))
  fi
  printf '%s\n' -XX:+UseSerialGC "-Xmx${heap}m" -XX:+ExitOnOutOfMemoryError
  if [[ $1 == run || $1 == rehearse ]]; then
    # The survivor spaces (8 MiB each) hold what a reload of a large file needs meanwhile: a collection in its middle copies it to pages
    # that are resident already, and not to the old generation, whose new pages the kernel would have to clear in the pause.
    printf '%s\n' -Xms64m -Xmn24m -XX:SurvivorRatio=1 -XX:TargetSurvivorRatio=95
    # What the compilers took of malloc(3) while they were busy goes back within ten seconds.
    printf '%s\n' -XX:MinHeapFreeRatio=10 -XX:MaxHeapFreeRatio=30 -XX:-ShrinkHeapInSteps -XX:TrimNativeHeapInterval=10000
    # The cache at its own address: moved, each of its pages would be written and be this process's alone.
    printf '%s\n' -XX:+UnlockDiagnosticVMOptions -XX:ArchiveRelocationMode=0
    printf '%s\n' "@$(dirname "${BASH_SOURCE[0]}")/jvm.options"
    cache=$base.aot
  else
    # Most commands need a few MiB of heap.
    printf '%s\n' -XX:TieredStopAtLevel=1 -Xms16m
    cache=$base-commands.aot
  fi
  # What scripts/install has noted of a start makes the next ones faster. A JVM that it does not fit goes on without it.
  if [[ $1 != rehearse* && $cache -nt $2 ]]; then
    printf '%s\n' "-XX:AOTCache=$cache" -Xlog:aot=off -Xlog:cds=off
  fi
}
