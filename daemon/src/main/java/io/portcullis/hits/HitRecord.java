package io.portcullis.hits;

/**
 * What is known about the hits of one rule. Times are nanoseconds of the monotonic clock of this boot (CLOCK_MONOTONIC); they may be negative: of an
 * earlier boot.
 *
 * @param count packets
 * @param lastNs of the last hit; 0: there was none
 * @param sinceNs from when on it is counted
 * @param goneNs when the rule left the configuration; 0: it is in it
 */
public record HitRecord(RuleKey key, long count, long lastNs, long sinceNs, long goneNs) {
    /** True for a record that can be: no negative count, no time to come. */
    boolean isPossible(long nowNs) {
        return count >= 0 && lastNs <= nowNs && sinceNs <= nowNs && goneNs <= nowNs;
    }
}
