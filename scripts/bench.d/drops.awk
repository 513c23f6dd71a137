# Of a daemon's metrics: what it has dropped, both directions and all interfaces together; one "REASON PACKETS" a line.

BEGIN { FS = "[{}\" ]+" }

/^portcullis_drops_total[{]/ {
  for (i = 2; i < NF; i++) {
    if ($i ~ /^,?reason=$/) {
      dropped[$(i + 1)] += $NF
    }
  }
}

END {
  for (reason in dropped) {
    printf "%s %.0f\n", reason, dropped[reason]
  }
}
