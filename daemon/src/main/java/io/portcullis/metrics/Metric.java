package io.portcullis.metrics;

import static io.portcullis.metrics.Label.CAUSE;
import static io.portcullis.metrics.Label.CLASS;
import static io.portcullis.metrics.Label.DATAPATH;
import static io.portcullis.metrics.Label.DIRECTION;
import static io.portcullis.metrics.Label.ENTRY;
import static io.portcullis.metrics.Label.ERRNO;
import static io.portcullis.metrics.Label.HASH;
import static io.portcullis.metrics.Label.INTERFACE;
import static io.portcullis.metrics.Label.MODE;
import static io.portcullis.metrics.Label.NIC;
import static io.portcullis.metrics.Label.OUTCOME;
import static io.portcullis.metrics.Label.PORT;
import static io.portcullis.metrics.Label.PROTOCOL;
import static io.portcullis.metrics.Label.REASON;
import static io.portcullis.metrics.Label.RESULT;
import static io.portcullis.metrics.Label.RULE;
import static io.portcullis.metrics.Label.STATE;
import static io.portcullis.metrics.Label.VERDICT;
import static io.portcullis.metrics.Label.VERSION;
import static io.portcullis.metrics.Label.WAY;
import static io.portcullis.metrics.Label.WORKER;

import io.portcullis.engine.Counters;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Every metric of portcullis: type, unit, name, labels, and the sentence that is its help text and its row in the table of the
 * documents. The metrics of the JVM are Micrometer's.
 */
enum Metric {
    PACKETS(
            Type.COUNTER,
            Unit.PACKETS,
            "portcullis_packets",
            "Packets that were decided about, by verdict; a super-frame counts as the packets that it carries.",
            INTERFACE,
            DIRECTION,
            VERDICT),
    BYTES(
            Type.COUNTER,
            Unit.BYTES,
            "portcullis_bytes",
            "Bytes of those packets, Ethernet header included, FCS not.",
            INTERFACE,
            DIRECTION,
            VERDICT),
    DROPS(
            Type.COUNTER,
            Unit.PACKETS,
            "portcullis_drops",
            "Packets that were dropped, each for exactly one reason: the word that the log uses too.",
            INTERFACE,
            DIRECTION,
            REASON),
    WOULD_DROPS(
            Type.COUNTER,
            Unit.PACKETS,
            "portcullis_would_drops",
            "Packets that passed under enforce: audit and would have been dropped. All packets of a flow that"
                    + " would have been"
                    + " refused, in both directions, have the reason of its first.",
            INTERFACE,
            DIRECTION,
            REASON),
    WOULD_DROP_FLOWS(
            Type.COUNTER,
            Unit.FLOWS,
            "portcullis_would_drop_flows",
            "Flows that passed under enforce: audit and would have been refused, each once, by reason and"
                    + " direction of its"
                    + " first packet.",
            INTERFACE,
            DIRECTION,
            REASON),
    ENFORCING(
            Type.GAUGE,
            Unit.BOOLEAN,
            "portcullis_enforcing",
            "1 while the interface drops packets that no rule admits; 0 with enforce: audit, which drops nothing.",
            INTERFACE),
    FORWARDING(
            Type.GAUGE,
            Unit.BOOLEAN,
            "portcullis_interface_forwarding",
            "1 while frames that the rules admit can pass the interface; 0 while it is stopped, waits for its NIC"
                    + " or can't be"
                    + " guarded: portcullis status says which.",
            INTERFACE),
    BYPASS_UNTIL(
            Type.GAUGE,
            Unit.SECONDS,
            "portcullis_bypass_until_timestamp_seconds",
            "Until when everything passes the interface unfiltered (portcullis bypass), since 1970-01-01 00:00 UTC;"
                    + " 0: the rules decide.",
            INTERFACE),
    INTERFACE_INFO(
            Type.INFO,
            Unit.BOOLEAN,
            "portcullis_interface",
            "An interface of the configuration, guarded or not; nic has both NICs of a bridge, the outside one first.",
            INTERFACE,
            MODE,
            NIC,
            DATAPATH),
    INTERCEPTION_INTACT(
            Type.GAUGE,
            Unit.BOOLEAN,
            "portcullis_interception_intact",
            "1 while the kernel runs the daemon's programs first for every frame; 0 while other programs run"
                    + " before them, or"
                    + " they are detached.",
            INTERFACE),
    RECORDER_OLDEST(
            Type.GAUGE,
            Unit.SECONDS,
            "portcullis_recorder_oldest_timestamp_seconds",
            "Time of the oldest dropped frame that portcullis drops can show, seconds since 1970; no value: nothing is recorded.",
            INTERFACE),
    FLOWS(Counters.Total.FLOWS, Type.GAUGE, Unit.FLOWS, "portcullis_flows", "Flows in the tables now."),
    FLOWS_BY_STATE(
            Type.GAUGE,
            Unit.FLOWS,
            "portcullis_flows_by_state",
            "Flows by their state, counted once in 10 s at the most. Flows that have expired are not counted, also those that are"
                    + " still in the tables.",
            INTERFACE,
            PROTOCOL,
            STATE),
    FLOWS_LIMIT(
            Counters.Total.FLOW_LIMIT,
            Type.GAUGE,
            Unit.FLOWS,
            "portcullis_flows_limit",
            "The most flows that the tables hold."),
    FLOWS_CREATED(
            Counters.Total.FLOWS_CREATED,
            Type.COUNTER,
            Unit.FLOWS,
            "portcullis_flows_created",
            "Flows that the rules admitted and the table took."),
    FLOWS_RESTORED(
            Counters.Total.FLOWS_RESTORED,
            Type.COUNTER,
            Unit.FLOWS,
            "portcullis_flows_taken_up",
            "Flows that were there before: recovered from an earlier run, or adopted from the host's own sockets."),
    FLOWS_EXPIRED(
            Counters.Total.FLOWS_EXPIRED,
            Type.COUNTER,
            Unit.FLOWS,
            "portcullis_flows_expired",
            "Flows that expired after their idle timeout."),
    FLOWS_ENDED(
            Counters.Total.FLOWS_ENDED,
            Type.COUNTER,
            Unit.FLOWS,
            "portcullis_flows_ended",
            "Flows that ended before their timeout: by a reset, by a new connection of the same addresses and"
                    + " ports, because the rules changed, or by portcullis flows flush."),
    FLOWS_REFUSED(
            Counters.Total.FLOWS_REFUSED,
            Type.COUNTER,
            Unit.FLOWS,
            "portcullis_flows_refused",
            "Flows that the rules admitted and the table refused, because it was full of flows that may not be"
                    + " evicted."),
    FLOWS_EVICTED(
            Type.COUNTER,
            Unit.FLOWS,
            "portcullis_flows_evicted",
            "Flows that a full table evicted for new ones, by the class that was evicted and the state of the flow.",
            INTERFACE,
            CLASS,
            STATE),
    FLOW_LOOKUPS(
            Type.COUNTER,
            Unit.SEARCHES,
            "portcullis_flow_lookups",
            "Searches for the flow of a packet, or of the packet that an ICMP error quotes.",
            INTERFACE,
            RESULT),
    FRAGMENTED_DATAGRAMS(
            Counters.Total.FRAGMENTED_DATAGRAMS,
            Type.GAUGE,
            Unit.DATAGRAMS,
            "portcullis_fragmented_datagrams",
            "Datagrams of which some fragments have been seen and others not."),
    FRAGMENTS_HELD(
            Counters.Total.FRAGMENTS_HELD,
            Type.GAUGE,
            Unit.FRAGMENTS,
            "portcullis_fragments_held",
            "Fragments that wait for the first one of their datagram."),
    FRAGMENTS_HELD_BYTES(
            Counters.Total.FRAGMENTS_HELD_BYTES,
            Type.GAUGE,
            Unit.BYTES,
            "portcullis_fragments_held_bytes",
            "Bytes of the fragments that wait, Ethernet header included, FCS not."),
    CHECKSUMS_FINISHED(
            Counters.Total.CHECKSUMS_FINISHED,
            Type.COUNTER,
            Unit.CHECKSUMS,
            "portcullis_checksums_finished",
            "Layer 4 checksums that a sender left to its NIC and that were computed here."),
    FRAMES_HANDED_OVER(
            Counters.Total.TAKEN_OVER,
            Type.COUNTER,
            Unit.FRAMES,
            "portcullis_frames_handed_over",
            "ICMP errors that arrived at one worker and are about a flow of another."),
    FRAMES_NOT_HANDED_OVER(
            Counters.Total.NOT_TAKEN_OVER,
            Type.COUNTER,
            Unit.FRAMES,
            "portcullis_frames_not_handed_over",
            "ICMP errors of that kind that were lost, because too many arrived at once."),
    OFFLOADED_PACKETS(
            Counters.Total.OFFLOADED_PACKETS,
            Type.COUNTER,
            Unit.PACKETS,
            "portcullis_offloaded_packets",
            "Packets that programs in the kernel forwarded, without the way through the daemon; they are among those that passed."),
    LATE_FRAMES(
            Counters.Total.LATE_FRAMES,
            Type.COUNTER,
            Unit.FRAMES,
            "portcullis_late_frames",
            "Frames that were dropped because the kernel may have forwarded later ones of their flow, which it had just taken over."),
    RULE_HITS(
            Type.COUNTER,
            Unit.PACKETS,
            "portcullis_rule_hits",
            "First packets of the flows that a rule admitted, over reloads, restarts and reboots; off with metrics:"
                    + " {rule-hits: false}. A rule that moves keeps its count; the label names its position.",
            INTERFACE,
            RULE),
    RULE_LAST_HIT(
            Type.GAUGE,
            Unit.SECONDS,
            "portcullis_rule_last_hit_timestamp_seconds",
            "When the last of those packets came, since 1970-01-01 00:00 UTC; 0: none since the rule is counted"
                    + " (portcullis rules says since when).",
            INTERFACE,
            RULE),
    ACL_HITS(
            Type.COUNTER,
            Unit.PACKETS,
            "portcullis_acl_hits",
            "Packets that an entry of the network ACL allowed or denied; a super-frame counts as the packets that"
                    + " it carries;"
                    + " off with metrics: {rule-hits: false}.",
            INTERFACE,
            ENTRY),
    ACL_LAST_HIT(
            Type.GAUGE,
            Unit.SECONDS,
            "portcullis_acl_last_hit_timestamp_seconds",
            "When the last of those packets came, since 1970-01-01 00:00 UTC; 0: none since the entry is counted.",
            INTERFACE,
            ENTRY),
    PORT_FRAMES(
            Type.COUNTER,
            Unit.FRAMES,
            "portcullis_port_frames",
            "Frames that a port handed on to be decided about, and frames that the kernel took from it.",
            INTERFACE,
            PORT,
            WAY),
    PORT_BYTES(
            Type.COUNTER,
            Unit.BYTES,
            "portcullis_port_bytes",
            "Bytes of those frames, from the destination MAC address on, without FCS.",
            INTERFACE,
            PORT,
            WAY),
    PORT_LOST_FRAMES(
            Type.COUNTER,
            Unit.FRAMES,
            "portcullis_port_lost_frames",
            "Frames that were lost on their way in or out, for another reason than a rule.",
            INTERFACE,
            PORT,
            REASON,
            ERRNO),
    LOOP_STALL(
            Type.HISTOGRAM,
            Unit.SECONDS,
            "portcullis_loop_stall_seconds",
            "Time in which a worker did not read its ports although frames were waiting.",
            INTERFACE,
            WORKER),
    BATCH_FRAMES(
            Type.HISTOGRAM,
            Unit.FRAMES,
            "portcullis_batch_frames",
            "Frames that a worker read at once, 64 at the most: large batches are a sign of load.",
            INTERFACE),
    DECISION(
            Type.HISTOGRAM,
            Unit.SECONDS,
            "portcullis_decision_seconds",
            "Time of the decision about a frame: the mean over a batch, measured for one batch in 61.",
            INTERFACE),
    UNGUARDED_INTERFACES(
            Type.GAUGE,
            Unit.NICS,
            "portcullis_unguarded_interfaces",
            "NICs that are up, have an address that others can reach, and that no interface guards; and NICs of the"
                    + " configuration that can't be guarded now, shut ones too."),
    BROKEN_EXPECTATIONS(
            Type.GAUGE,
            Unit.CLAIMS,
            "portcullis_broken_expectations",
            "Claims of expect in the configuration in force that no longer hold, because addresses of NICs changed."),
    GROUPS_WITHOUT_MEMBERS(
            Type.GAUGE,
            Unit.GROUPS,
            "portcullis_groups_without_members",
            "Groups that a rule refers to and that have no members now, so that nothing matches them."),
    PANIC(
            Type.GAUGE,
            Unit.BOOLEAN,
            "portcullis_panic",
            "1 while an operator has stopped all traffic (portcullis panic on), also where failsafe flows still pass."),
    CHANGE(
            Type.GAUGE,
            Unit.CHANGES,
            "portcullis_config_change",
            "Number of the change in force in the history; 0 where it is not there."),
    CONFIG_INFO(
            Type.INFO,
            Unit.BOOLEAN,
            "portcullis_config",
            "The files in force, by the first 12 digits of the sha256 that portcullis history --json has; no value: not known.",
            HASH),
    CONFIRM_UNTIL(
            Type.GAUGE,
            Unit.SECONDS,
            "portcullis_config_confirm_until_timestamp_seconds",
            "When the change in force goes back unless it is confirmed, since 1970; 0 while none waits."),
    DEGRADED(
            Type.GAUGE,
            Unit.BOOLEAN,
            "portcullis_degraded",
            "1 while that part is not as the configuration wants it; the rules are enforced all the same.",
            CAUSE),
    DEFECTS(
            Type.COUNTER,
            Unit.EXCEPTIONS,
            "portcullis_defects",
            "Exceptions that nobody caught, in any thread: defects of portcullis, please report them."),
    LOG_LINES_LOST(
            Type.COUNTER,
            Unit.LINES,
            "portcullis_log_lines_lost",
            "Lines of the log that were dropped because nobody read them in time."),
    LAST_RELOAD_SUCCESSFUL(
            Type.GAUGE,
            Unit.BOOLEAN,
            "portcullis_config_last_reload_successful",
            "1 while the configuration in force is the one in the files; 0 while the files are faulty."),
    LAST_RELOAD_SUCCESS_TIMESTAMP(
            Type.GAUGE,
            Unit.SECONDS,
            "portcullis_config_last_reload_success_timestamp_seconds",
            "When the configuration in force came into force, since 1970-01-01 00:00 UTC."),
    RELOAD(
            Type.SUMMARY,
            Unit.SECONDS,
            "portcullis_config_reload_duration_seconds",
            "How long reloads of the configuration took, the first included; with the suffix _max the longest of"
                    + " the last minutes.",
            OUTCOME),
    BUILD_INFO(Type.INFO, Unit.BOOLEAN, "portcullis_build", "The program that runs.", VERSION);

    /** The types of the text format, with the suffix that it appends. */
    enum Type {
        COUNTER("_total"),
        GAUGE(""),
        HISTOGRAM(""),
        SUMMARY(""),
        INFO("_info");

        private final String suffix;

        Type(String suffix) {
            this.suffix = suffix;
        }
    }

    /** What one increment stands for. */
    enum Unit {
        PACKETS,
        FRAMES,
        BYTES,
        FLOWS,
        DATAGRAMS,
        FRAGMENTS,
        CHECKSUMS,
        SEARCHES,
        SECONDS,
        NICS,
        CLAIMS,
        GROUPS,
        CHANGES,
        EXCEPTIONS,
        LINES,
        /** 0 or 1. */
        BOOLEAN
    }

    private final Type type;
    private final Unit unit;
    private final String base;
    private final String help;

    @SuppressWarnings("ImmutableEnumChecker") // List.of makes it
    private final List<Label> labels;

    private final Counters.@Nullable Total total;

    Metric(Type type, Unit unit, String base, String help, Label... labels) {
        this(null, type, unit, base, help, labels);
    }

    /** One of the engine's counters that have no direction; the interface is the only label. */
    Metric(Counters.Total total, Type type, Unit unit, String base, String help) {
        this(total, type, unit, base, help, INTERFACE);
    }

    Metric(Counters.@Nullable Total total, Type type, Unit unit, String base, String help, Label... labels) {
        this.total = total;
        this.type = type;
        this.unit = unit;
        this.base = base;
        this.help = help;
        this.labels = List.of(labels);
    }

    Type type() {
        return type;
    }

    Unit unit() {
        return unit;
    }

    /** The name without the suffix that the text format appends to counters and infos. */
    String base() {
        return base;
    }

    /** The name as a scrape has it; a histogram and a summary append {@code _count} and {@code _sum}, a summary {@code _max} too. */
    String exposed() {
        return base + type.suffix;
    }

    /** One sentence or two: what one increment means, or what a gauge shows. */
    String help() {
        return help;
    }

    List<Label> labels() {
        return labels;
    }

    /** The counter of the engine that it shows; null where it shows something else. */
    Counters.@Nullable Total total() {
        return total;
    }
}
