package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.portcullis.config.ConfigException;
import io.portcullis.net.Direction;
import io.portcullis.packet.TcpFlags;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The statistics of a flow, as {@code explain} shows them. */
final class StatisticsTest {
    private static final String A = "198.51.100.7";
    private static final String B = "10.0.0.1";
    private static final String WEB =
            "security-groups: {web: {ingress: [{protocol: tcp, ports: 80, from: any}, {protocol: udp,"
                    + " ports: 53, from: any}]}}\n";

    private static Explained.Tracked flow(EngineBench bench, Frame frame, long nowNs) {
        Explained.Tracked flow =
                bench.engine().explain(frame.bytes(), Direction.INGRESS, nowNs).flow();
        assertNotNull(flow);
        return flow;
    }

    @Test
    void packetsThatPassAreCountedInTheirDirection() throws ConfigException {
        EngineBench bench = new EngineBench(WEB);
        Frame question = Frame.udp(A, 4000, B, 53).payload(20);
        int length = question.bytes().length;
        assertEquals(Reason.NONE, bench.in(question));
        assertEquals(Reason.NONE, bench.out(Frame.udp(B, 53, A, 4000).payload(100)));
        bench.sleepSeconds(3);
        assertEquals(Reason.NONE, bench.in(question));
        long nowNs = 1 + TimeUnit.SECONDS.toNanos(3);
        Explained.Tracked flow = flow(bench, question, nowNs);
        assertEquals(new Explained.Passed(2, 2L * length), flow.ingressPassed());
        assertEquals(new Explained.Passed(1, length + 80), flow.egressPassed());
        assertEquals(TimeUnit.SECONDS.toNanos(3), flow.ageNs());
        assertEquals(flow, flow(bench, question, nowNs), "explain counts nothing");
    }

    /** A dropped packet belongs to the connection, and is not counted. */
    @Test
    void droppedPacketsAreNot() throws ConfigException {
        EngineBench bench = new EngineBench(WEB);
        Frame syn = Frame.tcp(A, 4000, B, 80, TcpFlags.SYN).numbers(1000, 0);
        assertEquals(Reason.NONE, bench.in(syn));
        assertEquals(
                Reason.NONE,
                bench.out(Frame.tcp(B, 80, A, 4000, TcpFlags.SYN | TcpFlags.ACK).numbers(9000, 1001)));
        Frame far = Frame.tcp(A, 4000, B, 80, TcpFlags.ACK).numbers(0x7000_0000, 9001);
        assertEquals(Reason.TCP_WINDOW, bench.in(far));
        Explained.Tracked flow = flow(bench, far, 1);
        assertEquals(1, flow.ingressPassed().packets());
        assertEquals(1, flow.egressPassed().packets());
    }
}
