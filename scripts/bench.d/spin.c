/*
 * What takes a core away from whoever would like to have it for himself, for scripts/bench: reads the clock again and again,
 * and of each slice of time, about as long as a round of the event loop that it is set beside, counts the longest gap between
 * two readings. (All gaps would be ten million a second, and p99.9 of them the clock's own cost.) Who starts it chooses the core.
 *
 *   spin SECONDS
 *
 * Prints them as a Prometheus histogram. What it can't do is one line on stderr and exit code 1.
 */
#define _GNU_SOURCE
#include <stdint.h>

#include "common.h"

/* Eight buckets for each power of two: what a bucket says is at most an eighth too much. */
enum { BITS = 3, PARTS = 1 << BITS, BUCKETS = (64 - BITS + 1) * PARTS, LONGEST_POWER = 36 };

static const double MOST_SECONDS = 600;
static const uint64_t SLICE = 100000; /* ns */

static uint64_t nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static unsigned bucket_of(uint64_t gap) {
  if (gap < PARTS) {
    return (unsigned)gap;
  }
  unsigned power = 63 - (unsigned)__builtin_clzll(gap);
  return (power - BITS + 1) * PARTS + ((unsigned)(gap >> (power - BITS)) & (PARTS - 1));
}

/* The first gap that is too long for the bucket. */
static uint64_t bound_of(unsigned bucket) {
  return bucket < PARTS ? bucket + 1 : (uint64_t)(PARTS + bucket % PARTS + 1) << (bucket / PARTS - 1);
}

int main(int count, char **words) {
  static uint64_t gaps[BUCKETS];
  if (count != 2) {
    fail("expected SECONDS");
  }
  uint64_t last = nanoseconds(), end = last + (uint64_t)(number(words[1], 0.01, MOST_SECONDS) * 1e9), sum = 0;
  while (last < end) {
    uint64_t begin = last, longest = 0;
    while (last - begin < SLICE) {
      uint64_t time = nanoseconds();
      longest = time - last > longest ? time - last : longest;
      last = time;
    }
    gaps[bucket_of(longest)]++;
  }
  for (unsigned i = 0; i < bucket_of(1ULL << LONGEST_POWER); i++) {
    sum += gaps[i];
    printf("spin_gap_seconds_bucket{le=\"%.9f\"} %llu\n", (double)bound_of(i) * 1e-9, (unsigned long long)sum);
  }
  return 0;
}
