package io.portcullis.operations;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * One interface in a {@link StatusReport}.
 *
 * @param datapath {@code ring} or {@code pcap}; empty while it is not guarded
 * @param workers threads that share its traffic; 0 while it is not guarded
 * @param outside NIC
 * @param inside NIC
 * @param state {@code forwarding}; {@code stopped}: guarded, and no frame can pass. While it is not guarded: {@code waiting}: its NIC
 *     does not exist, {@code shut}: all frames are dropped, {@code open}: all frames pass
 * @param forwarding whether frames can pass
 * @param detail why they can't; empty while they can
 * @param enforcing false: {@code enforce: audit}, which drops nothing
 * @param networkAcl its name; empty: none
 * @param flows in the table now
 * @param maxFlows the most flows that the table holds
 * @param passedPackets frames since the start, by direction
 * @param droppedPackets frames since the start, by direction
 * @param dropsByReason frames by direction and reason, without zeros
 * @param wouldDropPackets frames that passed under {@code enforce: audit} since the start, by direction
 * @param wouldDropsByReason frames by direction and reason, without zeros; the later packets of a flow have the reason of its
 *     first
 * @param wouldDropFlowsByReason flows that would have been refused, each once, by direction and reason of their first packet
 * @param passedBytes bytes of {@code passedPackets}, Ethernet header included
 * @param droppedBytes bytes of {@code droppedPackets}
 * @param flowsCreated flows that were tracked since the start
 * @param offload {@code on}: programs in the kernel forward packets of admitted flows; {@code off}; {@code off: } and why {@code auto}
 *     can't be had; empty while it is not guarded
 */
public record InterfaceStatus(
        String name,
        String mode,
        String datapath,
        int workers,
        String outside,
        String inside,
        String state,
        boolean forwarding,
        String detail,
        boolean enforcing,
        List<String> securityGroups,
        String networkAcl,
        long flows,
        long maxFlows,
        Map<String, Long> passedPackets,
        Map<String, Long> droppedPackets,
        Map<String, Map<String, Long>> dropsByReason,
        Map<String, Long> wouldDropPackets,
        Map<String, Map<String, Long>> wouldDropsByReason,
        Map<String, Map<String, Long>> wouldDropFlowsByReason,
        Map<String, Long> passedBytes,
        Map<String, Long> droppedBytes,
        long flowsCreated,
        String offload) {
    /** {@link #offload} of an interface whose packets programs in the kernel forward. */
    public static final String OFFLOAD_ON = "on";

    /** {@link #state} of an interface that forwards the frames that its rules admit. */
    public static final String FORWARDING = "forwarding";

    /** {@link #state} of an interface that is guarded and can't forward. */
    public static final String STOPPED = "stopped";

    /** Replaces the fields that an older daemon does not send: the state, flows that would have been refused, bytes, offload. */
    public InterfaceStatus {
        state = Objects.requireNonNullElse(state, forwarding ? FORWARDING : STOPPED);
        securityGroups = List.copyOf(securityGroups);
        wouldDropFlowsByReason = Objects.requireNonNullElse(wouldDropFlowsByReason, Map.of());
        passedBytes = Objects.requireNonNullElse(passedBytes, Map.of());
        droppedBytes = Objects.requireNonNullElse(droppedBytes, Map.of());
        offload = Objects.requireNonNullElse(offload, "");
    }

    /**
     * An interface of the configuration that is not guarded now.
     *
     * @param state {@code waiting}, {@code shut}, {@code open}
     * @param detail why
     */
    public static InterfaceStatus notGuarded(
            String name,
            String mode,
            String outside,
            String inside,
            String state,
            String detail,
            boolean enforcing,
            List<String> securityGroups,
            String networkAcl) {
        return new InterfaceStatus(
                name,
                mode,
                "",
                0,
                outside,
                inside,
                state,
                false,
                detail,
                enforcing,
                securityGroups,
                networkAcl,
                0,
                0,
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                Map.of(),
                0,
                "");
    }
}
