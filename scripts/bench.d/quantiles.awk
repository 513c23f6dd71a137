# Quantiles of Prometheus histograms, as key=value lines in microseconds: each the upper bound of the bucket that it falls in.
#   awk -v metric=NAME -v labels=TEXT -f quantiles.awk sign=-1 BEFORE… sign=1 AFTER…
# Counts what the files after sign=1 have more than those after sign=-1, over all series of the metric whose labels contain
# the text. A quantile in the bucket without a bound is "inf". Without any series: no output.

index($1, metric "_bucket{") == 1 && index($1, labels) && match($1, /le="[^"]*"/) {
  bound = substr($1, RSTART + 4, RLENGTH - 5)
  if (!(bound in upto)) bounds[++n] = bound
  upto[bound] += sign * $NF
}

function value(bound) {
  return bound == "+Inf" ? 1e300 : bound + 0
}

function microseconds(bound) {
  return bound == "+Inf" ? "inf" : sprintf("%.3f", bound * 1e6)
}

function quantile(part,    i) {
  for (i = 1; i < n && upto[bounds[i]] < part * samples; i++);
  return microseconds(bounds[i])
}

END {
  if (!n) exit
  for (i = 2; i <= n; i++)
    for (j = i; j > 1 && value(bounds[j]) < value(bounds[j - 1]); j--) {
      bound = bounds[j]
      bounds[j] = bounds[j - 1]
      bounds[j - 1] = bound
    }
  samples = upto[bounds[n]]
  print "p50_us=" quantile(0.5)
  print "p99_us=" quantile(0.99)
  print "p999_us=" quantile(0.999)
  print "max_us=" quantile(1)
  printf "samples=%.0f\n", samples
}
