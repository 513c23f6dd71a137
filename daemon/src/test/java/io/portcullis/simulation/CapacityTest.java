package io.portcullis.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.portcullis.config.ConfigException;
import io.portcullis.conntrack.EvictionClass;
import io.portcullis.conntrack.Timeout;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Reason;
import io.portcullis.packet.TcpFlags;
import io.portcullis.reference.Step;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Floods a full table with several times its size, while {@value #TALKERS} established connections go on and others open, by rules
 * and by failsafe: none is lost, and the new ones are admitted.
 */
@Tag("slow")
final class CapacityTest {
    private static final int LIMIT = 5_000;
    private static final int FLOOD = 4 * LIMIT;
    private static final int TALKERS = 500;
    private static final int BETWEEN_NEWCOMERS = 100;
    private static final String SERVER = "10.0.0.1";
    private static final String RULES = """
            security-groups:
              web:
                ingress: [{protocol: tcp, ports: 80, from: any}, {protocol: udp, ports: 53, from: any}, {protocol: icmp, from: any}]
                egress: []
            failsafe: {ingress: [{protocol: tcp, ports: 22, from: 192.0.2.0/24}]}
            conntrack: {max-flows: %d}
            """.formatted(LIMIT);

    private EngineBench bench;
    private int newcomers;

    @BeforeEach
    void connect() throws ConfigException {
        bench = new EngineBench(RULES);
        for (int i = 0; i < TALKERS; i++) {
            establish("203.0.113.1", 1024 + i, 80);
        }
    }

    private static String spoofed(int i) {
        return "198.18." + (i >>> 8 & 0xff) + "." + (i & 0xff);
    }

    private Reason in(String from, int fromPort, int port, int flags, int sequence, int ack) {
        return bench.in(Frame.tcp(from, fromPort, SERVER, port, flags).numbers(sequence, ack));
    }

    private Reason out(String to, int toPort, int port, int flags, int sequence, int ack) {
        return bench.out(Frame.tcp(SERVER, port, to, toPort, flags).numbers(sequence, ack));
    }

    private void establish(String from, int fromPort, int port) {
        assertEquals(Reason.NONE, in(from, fromPort, port, TcpFlags.SYN, 1000, 0));
        assertEquals(Reason.NONE, out(from, fromPort, port, TcpFlags.SYN | TcpFlags.ACK, 9000, 1001));
        assertEquals(Reason.NONE, in(from, fromPort, port, TcpFlags.ACK, 1001, 9001));
    }

    private void talk(String from, int fromPort, int port) {
        assertEquals(Reason.NONE, in(from, fromPort, port, TcpFlags.ACK, 1001, 9001));
        assertEquals(Reason.NONE, out(from, fromPort, port, TcpFlags.ACK, 9001, 1001));
    }

    private interface Step {
        void take(int number);
    }

    /** Runs the flood step by step. Each talker sends now and then; each newcomer continues after the flood has. */
    private void flood(Step step) {
        for (int i = 0; i < FLOOD; i++) {
            step.take(i);
            talk("203.0.113.1", 1024 + i % TALKERS, 80);
            if (i % BETWEEN_NEWCOMERS == 0) {
                boolean ssh = newcomers % 2 == 0;
                establish(ssh ? "192.0.2.1" : "203.0.113.2", 1024 + newcomers++, ssh ? 22 : 80);
            }
        }
        for (int i = 0; i < newcomers; i++) {
            boolean ssh = i % 2 == 0;
            talk(ssh ? "192.0.2.1" : "203.0.113.2", 1024 + i, ssh ? 22 : 80);
        }
        Counters counters = bench.engine().counters();
        assertEquals(0, counters.total(Counters.Total.FLOWS_REFUSED));
        assertEquals(LIMIT, counters.total(Counters.Total.FLOWS));
        assertEquals(
                FLOOD + TALKERS + newcomers - LIMIT,
                counters.total(Counters.Total.FLOWS_EVICTED),
                "each new one costs one of the flood");
    }

    private void assertMadeRoom(EvictionClass by, Timeout state) {
        assertTrue(bench.engine().counters().evicted(by, state) > 2 * LIMIT);
    }

    @Test
    void synsThatNobodyAnswers() {
        flood(i -> assertEquals(Reason.NONE, in(spoofed(i), 1, 80, TcpFlags.SYN, 1000, 0)));
        assertMadeRoom(EvictionClass.UNREPLIED, Timeout.TCP_SYN_SENT);
    }

    @Test
    void synsThatTheServerAnswers() {
        flood(i -> {
            assertEquals(Reason.NONE, in(spoofed(i), 1, 80, TcpFlags.SYN, 1000, 0));
            assertEquals(Reason.NONE, out(spoofed(i), 1, 80, TcpFlags.SYN | TcpFlags.ACK, 9000, 1001));
        });
        assertMadeRoom(EvictionClass.UNASSURED, Timeout.TCP_SYN_RECEIVED);
    }

    @Test
    void dnsAnswersToSpoofedSources() {
        flood(i -> {
            assertEquals(Reason.NONE, bench.in(Frame.udp(spoofed(i), 1, SERVER, 53)));
            assertEquals(Reason.NONE, bench.out(Frame.udp(SERVER, 53, spoofed(i), 1)));
        });
        assertMadeRoom(EvictionClass.UNASSURED, Timeout.UDP);
    }

    @Test
    void pingsThatAreAnswered() {
        flood(i -> {
            assertEquals(Reason.NONE, bench.in(Frame.icmp(spoofed(i), SERVER, 8, 0, 1)));
            assertEquals(Reason.NONE, bench.out(Frame.icmp(SERVER, spoofed(i), 0, 0, 1)));
        });
        assertMadeRoom(EvictionClass.UNASSURED, Timeout.ICMP);
    }

    @Test
    void connectionsOfABusyServerThatHaveClosed() {
        flood(i -> {
            establish(spoofed(i), 1, 80);
            assertEquals(Reason.NONE, out(spoofed(i), 1, 80, TcpFlags.FIN | TcpFlags.ACK, 9001, 1001));
            assertEquals(Reason.NONE, in(spoofed(i), 1, 80, TcpFlags.FIN | TcpFlags.ACK, 1001, 9002));
            assertEquals(Reason.NONE, out(spoofed(i), 1, 80, TcpFlags.ACK, 9002, 1002));
        });
        assertMadeRoom(EvictionClass.CLOSING, Timeout.TCP_TIME_WAIT);
    }

    @Test
    void connectionsThatAreReset() {
        flood(i -> {
            establish(spoofed(i), 1, 80);
            assertEquals(Reason.NONE, in(spoofed(i), 1, 80, TcpFlags.RST, 1001, 0));
        });
        assertMadeRoom(EvictionClass.CLOSING, Timeout.TCP_CLOSE);
    }

    /** Connections that an attacker established himself stay, and the refusals are counted. */
    @Test
    void onlyEstablishedOnesFillItForGood() {
        for (int i = TALKERS; i < LIMIT; i++) {
            establish(spoofed(i), 1, 80);
        }
        assertEquals(Reason.FLOW_LIMIT, in("192.0.2.1", 1, 22, TcpFlags.SYN, 1000, 0), "failsafe has no preference");
        assertEquals(1, bench.engine().counters().total(Counters.Total.FLOWS_REFUSED));
        assertEquals(0, bench.engine().counters().total(Counters.Total.FLOWS_EVICTED));
        assertEquals(Reason.NONE, in(spoofed(TALKERS), 1, 80, TcpFlags.FIN | TcpFlags.ACK, 1001, 9001));
        establish("192.0.2.1", 1, 22);
    }
}
