package io.portcullis.control;

import java.util.List;
import java.util.Map;

/**
 * One interface in a {@link StatusReport}.
 *
 * @param datapath {@code ring} or {@code pcap}
 * @param workers threads that share its traffic
 * @param outside NIC
 * @param inside NIC
 * @param forwarding whether frames can pass
 * @param detail why not; empty while they can
 * @param enforcing false: {@code enforce: audit}, which drops nothing
 * @param networkAcl its name; empty: none
 * @param flows in the table now
 * @param maxFlows of them at the most
 * @param passedPackets frames since the start, by direction
 * @param droppedPackets frames since the start, by direction
 * @param dropsByReason by direction and reason, those that happened
 * @param wouldDropPackets frames that passed under {@code enforce: audit} since the start, by direction
 * @param wouldDropsByReason by direction and reason, those that happened
 */
public record InterfaceStatus(
        String name,
        String mode,
        String datapath,
        int workers,
        String outside,
        String inside,
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
        Map<String, Map<String, Long>> wouldDropsByReason) {
    public InterfaceStatus {
        securityGroups = List.copyOf(securityGroups);
    }
}
