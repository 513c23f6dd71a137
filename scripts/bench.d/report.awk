# The samples of scripts/bench as a table for people or as JSON.
#   awk -v form=table|json -v placements="…" -v rows="…" -v header="…" -v rounds=N -v starred="ROW…" -f report.awk MEASURES SAMPLES
# MEASURES: name|label|unit|format|ratio (yes or no), in the order of the table. SAMPLES: placement row measure value.

# Sorts the samples of the key; sets lowest and highest.
function median(key,    list, n, i, j, larger) {
  n = split(samples[key], list, " ")
  for (i = 2; i <= n; i++) {
    for (j = i; j > 1 && list[j] + 0 < list[j - 1] + 0; j--) {
      larger = list[j - 1]
      list[j - 1] = list[j]
      list[j] = larger
    }
  }
  lowest[key] = list[1]
  highest[key] = list[n]
  return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

# Of two medians; empty when one is not there.
function ratio(place, row, base, measure) {
  if (!((place, row, measure) in medians) || !((place, base, measure) in medians) || medians[place, base, measure] <= 0)
    return ""
  return sprintf("%.4g", medians[place, row, measure] / medians[place, base, measure])
}

# A value that was not measured in each round says in how many.
function absolute(key, how,    list, n) {
  if (!(key in medians)) return "-"
  n = split(samples[key], list, " ")
  return sprintf(how, medians[key]) (n > 1 ? sprintf(" (" how "-" how ")", lowest[key], highest[key]) : "") (n < rounds ? " n=" n : "")
}

# Absolute values, or with a base the ratios to it, of the rows from first to last.
function table(place, base, first, last,    width, m, r, line, cell, any) {
  width = base == "" ? 28 : 10
  line = sprintf("   %-38s%10s", base == "" ? "" : "ratio to " base, "")
  for (r = first; r <= last; r++)
    if (row[r] != base) line = line sprintf("%" width "s", row[r] (index(" " starred " ", " " row[r] " ") ? "*" : ""))
  print line
  for (m = 1; m <= measure_count; m++) {
    if (base != "" && with_ratio[m] != "yes") continue
    any = 0
    line = sprintf("   %-38s%10s", label[m], base == "" ? unit[m] : "")
    for (r = first; r <= last; r++) {
      if (row[r] == base) continue
      if (base == "") {
        cell = absolute(place SUBSEP row[r] SUBSEP name[m], format[m])
      } else {
        cell = ratio(place, row[r], base, name[m])
        cell = cell == "" ? "-" : sprintf("%.2f", cell)
      }
      if (cell != "-") any = 1
      line = line sprintf("%" width "s", cell)
    }
    if (any) print line
  }
  print ""
}

function json_measure(key, place, row, measure,    text, list, n, i, base) {
  text = sprintf("\"%s\": {\"median\": %.6g, \"min\": %.6g, \"max\": %.6g, \"samples\": [", measure, medians[key], lowest[key], highest[key])
  n = split(samples[key], list, " ")
  for (i = 1; i <= n; i++) text = text (i > 1 ? ", " : "") sprintf("%.6g", list[i])
  text = text "]"
  for (i = 1; i <= 2; i++) {
    base = i == 1 ? "nft" : "wire"
    if (ratio(place, row, base, measure) != "") text = text sprintf(", \"to_%s\": %s", base, ratio(place, row, base, measure))
  }
  return text "}"
}

function json(    p, r, i, part, first) {
  printf "{%s,\n  \"placements\": {", header
  for (p = 1; p <= place_count; p++) {
    printf "%s\n    \"%s\": {", (p > 1 ? "," : ""), place[p]
    for (r = 1; r <= row_count; r++) {
      printf "%s\n      \"%s\": {", (r > 1 ? "," : ""), row[r]
      first = 1
      for (i = 1; i <= key_count; i++) {
        split(keys[i], part, SUBSEP)
        if (part[1] != place[p] || part[2] != row[r]) continue
        printf "%s\n        %s", (first ? "" : ","), json_measure(keys[i], part[1], part[2], part[3])
        first = 0
      }
      printf "}"
    }
    printf "}"
  }
  print "}}"
}

FILENAME == ARGV[1] {
  split($0, part, "|")
  measure_count++
  name[measure_count] = part[1]
  label[measure_count] = part[2]
  unit[measure_count] = part[3]
  format[measure_count] = part[4]
  with_ratio[measure_count] = part[5]
  next
}

{
  if (!(($1, $2, $3) in samples)) keys[++key_count] = $1 SUBSEP $2 SUBSEP $3
  samples[$1, $2, $3] = samples[$1, $2, $3] " " $4
}

END {
  place_count = split(placements, place, " ")
  row_count = split(rows, row, " ")
  for (i = 1; i <= key_count; i++) medians[keys[i]] = median(keys[i])
  if (form == "json") {
    json()
  } else {
    # No wider than a wide window.
    for (i = 1; i <= row_count; i += 4) table(place[1], "", i, i + 3 < row_count ? i + 3 : row_count)
    for (i = row_count; i >= 1; i--)
      if (row_count > 1 && (row[i] == "nft" || row[i] == "wire")) table(place[1], row[i], 1, row_count)
  }
}
