package io.portcullis.conntrack;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.portcullis.net.Direction;
import io.portcullis.packet.Tuple;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class UdpTrackerTest {
    /** {@code q} a packet of the originator, {@code a} one of the responder; the first {@code q} opened the flow. */
    @ParameterizedTest
    @CsvSource({
        "q, UDP",
        "qq, UDP",
        "qqqqqq, UDP",
        "qa, UDP",
        "qaa, UDP",
        "qaaaaaa, UDP",
        "qqa, UDP",
        "qaq, UDP",
        "qaqq, UDP",
        "qaqa, UDP_STREAM",
        "qqaaqqaa, UDP_STREAM",
        "qaqqqa, UDP_STREAM",
        "qaqaq, UDP_STREAM",
        "qaqaaaqqq, UDP_STREAM",
    })
    void aSecondTransactionMakesAStream(String packets, Timeout expected) {
        FlowTable table = FlowTable.inMemory(1, 2, 1, new FlowTimeouts(key -> 1), 0);
        Flow flow = table.insert(new Tuple(), Direction.INGRESS, Timeout.UDP, 0, 0, 0, null, null);
        assertNotNull(flow);
        Timeout timeout = Timeout.UDP;
        for (char packet : packets.substring(1).toCharArray()) {
            timeout = UdpTracker.follow(flow, packet == 'q');
        }
        assertEquals(expected, timeout);
    }
}
