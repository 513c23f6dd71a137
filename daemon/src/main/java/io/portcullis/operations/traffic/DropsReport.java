package io.portcullis.operations.traffic;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /v1/drops}: recorded drops.
 *
 * @param drops in the order of the request
 * @param notShown how many more match: older ones, or ones of fewer packets, than those shown
 * @param untilEpochNs moment for {@link DropsRequest#afterEpochNs} of a request that wants later ones only
 * @param oldest time of the oldest record of each interface, ISO 8601; no entry: nothing is recorded there
 * @param troubles why the records end with the daemon, or nothing is recorded, one sentence each
 */
public record DropsReport(
        List<DropView> drops, long notShown, long untilEpochNs, Map<String, String> oldest, List<String> troubles) {
    public DropsReport {
        drops = List.copyOf(drops);
        oldest = Map.copyOf(oldest);
        troubles = List.copyOf(troubles);
    }

    /**
     * Dropped frames of one second that have source, destination, port and reason in common; the fields are those of the first one.
     *
     * @param at time of the first, ISO 8601
     * @param lastAt time of the last
     * @param epochNs time of the first, nanoseconds since 1970
     * @param verdict {@code drop}; {@code would-drop}: they passed, as {@code enforce: audit} drops nothing
     * @param packets that were dropped
     * @param bytes of them on the wire
     * @param inCommon {@code all}; {@code source}: one source has sent to many destinations or ports; {@code target}: many sources
     *     have sent there; {@code reason}: too many in one second to tell apart
     * @param packet as text
     * @param protocol name or number; of a frame that is not IP its EtherType
     * @param source empty: not IP
     * @param sourcePort 0: none
     * @param destination empty: not IP
     * @param destinationPort 0: none
     * @param tcpFlags such as {@code SYN,ACK}; empty: not TCP
     * @param vlans ids, the outer one first, as {@code 7.42}; empty: no tag
     * @param nearest the rule that came nearest when it was dropped
     * @param hint what may be the cause; empty: the reason says all
     * @param length bytes of the first frame
     * @param frame its beginning, in base 64; empty unless it was asked for
     */
    public record DropView(
            String interfaceName,
            String direction,
            String at,
            String lastAt,
            long epochNs,
            String verdict,
            String reason,
            long packets,
            long bytes,
            String inCommon,
            String packet,
            String protocol,
            String source,
            int sourcePort,
            String destination,
            int destinationPort,
            String tcpFlags,
            String vlans,
            @Nullable NearestView nearest,
            String hint,
            int length,
            String frame) {}

    /**
     * A rule that does not match.
     *
     * @param id {@code web/ingress[1]}
     * @param place {@code file:line:column}
     * @param description may be empty
     * @param why the conditions that the packet does not meet; empty: it meets all of them now
     */
    public record NearestView(String id, String place, String description, String why) {}
}
