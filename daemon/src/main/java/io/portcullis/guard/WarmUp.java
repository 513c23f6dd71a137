package io.portcullis.guard;

import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.engine.Shard;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.packet.PacketSocket;
import io.portcullis.linux.packet.RehearsalSocket.Offload;
import io.portcullis.net.Address;
import io.portcullis.net.Direction;
import io.portcullis.packet.TcpFlags;
import io.portcullis.packet.build.FrameBuilder;
import io.portcullis.packet.wire.EthernetHeader;
import io.portcullis.packet.wire.Ipv4Header;
import io.portcullis.packet.wire.UdpHeader;
import io.portcullis.policy.Policy;
import io.portcullis.port.ring.RingRehearsal;
import io.portcullis.worker.Worker;
import io.portcullis.worker.Workers;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends synthetic frames through the real pipeline, from receive ring to system call, until the compiler is idle: then neither the
 * interpreter nor the compiler's threads delay the first real frames. The frames are connections that open, carry data and end,
 * datagrams, pings, VLAN tags, GSO super-frames, and packets that are dropped.
 */
public final class WarmUp {
    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);

    private static final Duration LONGEST = Duration.ofMillis(2_500);

    /** The compiler compiles a method that has run some 10,000 times. */
    private static final int LEAST_ROUNDS = 1_500;

    /** Client ports that take each step together. */
    private static final int GROUP = 32;

    /** Groups between two looks at the compiler's time. */
    private static final int GROUPS_AT_ONCE = 8;

    /** A compiler that has worked less than this between two looks is idle. */
    private static final long IDLE_COMPILER_MS = 4;

    private static final int DATAGRAMS = 12;
    private static final int PAYLOAD = 1_800;
    private static final int FIRST_PORT = 1_024;
    private static final int LAST_PORT = 65_535;
    private static final int DATA = 4;
    private static final int NEEDS_CSUM = PacketSocket.VIRTIO_NET_HDR_F_NEEDS_CSUM;
    private static final int GSO_TCPV4 = 1;
    private static final int TRANSPORT = EthernetHeader.LENGTH + Ipv4Header.LENGTH;
    private static final Offload UNFINISHED_UDP = new Offload(NEEDS_CSUM, 0, 0, TRANSPORT, UdpHeader.CHECKSUM, -1);
    private static final Offload TAGGED = new Offload(0, 0, 0, 0, 0, 7);
    private static final Address CLIENT = Address.parse("192.0.2.5");
    private static final Address SERVER = Address.parse("10.0.0.1");
    private static final FrameBuilder REQUEST = FrameBuilder.between(CLIENT, SERVER);
    private static final FrameBuilder REPLY = FrameBuilder.between(SERVER, CLIENT);
    private static final int HTTP = 80;
    private static final int DNS = 53;
    private static final int DATAGRAM_PAYLOAD = 18;
    private static final int ECHO_REQUEST = 8;
    private static final int ECHO_REPLY = 0;
    private static final int ECHO_LENGTH = 16;

    private final RingRehearsal outside;
    private final RingRehearsal inside;
    private final long startNs;
    private final long longestNs;
    private int firstPort = FIRST_PORT;
    private int port;

    private WarmUp(RingRehearsal outside, RingRehearsal inside, long startNs, Duration longest) {
        this.startNs = startNs;
        longestNs = longest.toNanos();
        this.outside = outside;
        this.inside = inside;
    }

    /**
     * The work that was done.
     *
     * @param rounds of some fifty frames each, in both directions
     * @param passed packets that the engine passed, each of a super-frame counted
     * @param dropped packets that it dropped
     */
    public record Work(int rounds, long passed, long dropped) {}

    /**
     * Warms up. A failure is logged, and has no other effect.
     *
     * @param stopped true: end before the compiler is idle
     */
    public static Work run(BooleanSupplier stopped) {
        return run(stopped, LONGEST);
    }

    /** As {@link #run(BooleanSupplier)}, for so long at most. */
    static Work run(BooleanSupplier stopped, Duration longest) {
        long startNs = System.nanoTime();
        Work done = new Work(0, 0, 0);
        try (RingRehearsal outside = RingRehearsal.open();
                RingRehearsal inside = RingRehearsal.open()) {
            Workers workers = Workers.of(
                    "warm-up",
                    List.of(new Engine(policy(), Shard.ALL, 0, 0)),
                    List.of(outside.port()),
                    List.of(inside.port()),
                    _ -> Worker.ThreadOptions.PLAIN,
                    _ -> {});
            int rounds = 0;
            try {
                workers.logDrops(false, false);
                workers.start(false);
                rounds = new WarmUp(outside, inside, startNs, longest).runRounds(stopped);
            } finally {
                workers.close();
            }
            done = work(rounds, workers.counters());
        } catch (ErrnoException | ConfigException refused) {
            LOG.warn("no warm-up, the first frames will take longer: {}", refused.getMessage());
        }
        LOG.debug("warm-up: {} in {} ms", done, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs));
        return done;
    }

    private static Work work(int rounds, Counters counters) {
        long passed = 0;
        long dropped = 0;
        for (Direction direction : Direction.values()) {
            for (Reason reason : Reason.values()) {
                long packets = counters.packets(direction, reason);
                passed += reason == Reason.NONE ? packets : 0;
                dropped += reason == Reason.NONE ? 0 : packets;
            }
        }
        return new Work(rounds, passed, dropped);
    }

    private static Policy policy() throws ConfigException {
        return Policy.compile(ConfigReader.parse("""
            version: 1
            interfaces:
              warm-up: {mode: bridge, outside: a, inside: b, security-groups: [web, other]}
            security-groups:
              web:
                ingress:
                  - {protocol: tcp, ports: [80, 443], from: 192.0.2.0/24}
                  - {protocol: udp, ports: 53, from: any}
                  - {protocol: icmp, type: echo-request, from: any}
                egress: []
              other:
                ingress: [{protocol: tcp, ports: 8080, from: 198.51.100.0/24}]
                egress: []
            """, "warm-up"), "warm-up", 1, 100_000);
    }

    /** Runs rounds until the compiler is idle, {@link #longestNs} at most; returns their number. */
    private int runRounds(BooleanSupplier stopped) {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        int rounds = 0;
        long before = 0;
        while (!stopped.getAsBoolean() && System.nanoTime() - startNs < longestNs) {
            for (int i = 0; i < GROUPS_AT_ONCE; i++) {
                runGroup();
            }
            rounds += GROUPS_AT_ONCE * GROUP;
            long now = compiler == null ? 0 : compiler.getTotalCompilationTime();
            if (rounds >= LEAST_ROUNDS && now - before < IDLE_COMPILER_MS) {
                break;
            }
            before = now;
        }
        return rounds;
    }

    /** One round for each client port of a group, step by step: frames come in batches, and replies after their requests. */
    private void runGroup() {
        step(() -> in(tcp(Direction.INGRESS, TcpFlags.SYN, 1, 0, 0), Offload.NONE));
        step(() -> out(tcp(Direction.EGRESS, TcpFlags.SYN | TcpFlags.ACK, 1, 2, 0), Offload.NONE));
        step(() -> in(tcp(Direction.INGRESS, TcpFlags.ACK, 2, 2, 0), Offload.NONE));
        for (int i = 0; i < DATA; i++) {
            int sent = 2 + i * PAYLOAD;
            step(() -> in(
                    tcp(Direction.INGRESS, TcpFlags.ACK, sent, 2, PAYLOAD),
                    new Offload(NEEDS_CSUM, GSO_TCPV4, PAYLOAD / 2, TRANSPORT, 16, -1)));
            step(() -> out(tcp(Direction.EGRESS, TcpFlags.ACK, 2, sent + PAYLOAD, 0), Offload.NONE));
        }
        int end = 2 + DATA * PAYLOAD;
        step(() -> in(tcp(Direction.INGRESS, TcpFlags.FIN | TcpFlags.ACK, end, 2, 0), Offload.NONE));
        step(() -> out(tcp(Direction.EGRESS, TcpFlags.FIN | TcpFlags.ACK, 2, end + 1, 0), Offload.NONE));
        step(() -> in(tcp(Direction.INGRESS, TcpFlags.ACK, end + 1, 3, 0), Offload.NONE));
        // A run of datagrams of one flow leaves as one super-frame.
        step(() -> {
            for (int i = 0; i < DATAGRAMS; i++) {
                in(udp(Direction.INGRESS), i % 2 == 0 ? Offload.NONE : UNFINISHED_UDP);
            }
        });
        step(() -> {
            for (int i = 0; i < DATAGRAMS; i++) {
                out(udp(Direction.EGRESS), Offload.NONE);
            }
        });
        step(() -> in(udp(Direction.INGRESS), TAGGED));
        step(() -> in(echo(ECHO_REQUEST), Offload.NONE));
        step(() -> out(echo(ECHO_REPLY), Offload.NONE));
        // Dropped: neither a rule nor a flow admits them.
        step(() -> in(tcp(Direction.INGRESS, TcpFlags.ACK, 1 << 30, 1 << 30, 0), Offload.NONE));
        step(() -> out(tcp(Direction.EGRESS, TcpFlags.SYN, 9, 9, 0), Offload.NONE));
        firstPort = firstPort + 2 * GROUP > LAST_PORT ? FIRST_PORT : firstPort + GROUP;
    }

    /** Takes a step for each port of the group, then waits until the loop has read all frames. */
    @SuppressWarnings("ThreadPriorityCheck") // on a single core the loop runs when this thread lets it
    private void step(Runnable action) {
        for (port = firstPort; port < firstPort + GROUP; port++) {
            action.run();
        }
        while (!(outside.isEmpty() && inside.isEmpty()) && System.nanoTime() - startNs < 2 * longestNs) {
            Thread.yield();
        }
        outside.drain();
        inside.drain();
    }

    private void in(byte[] frame, Offload offload) {
        put(outside, frame, offload);
    }

    private void out(byte[] frame, Offload offload) {
        put(inside, frame, offload);
    }

    private static void put(RingRehearsal nic, byte[] frame, Offload offload) {
        if (!nic.receive(frame, offload)) {
            throw new IllegalStateException("a rehearsal's ring is full");
        }
    }

    private byte[] tcp(Direction direction, int flags, int sequence, int acknowledgment, int payload) {
        return direction == Direction.INGRESS
                ? REQUEST.tcp(port, HTTP, flags, sequence, acknowledgment, payload)
                : REPLY.tcp(HTTP, port, flags, sequence, acknowledgment, payload);
    }

    private byte[] udp(Direction direction) {
        return direction == Direction.INGRESS
                ? REQUEST.udp(port, DNS, DATAGRAM_PAYLOAD)
                : REPLY.udp(DNS, port, DATAGRAM_PAYLOAD);
    }

    private byte[] echo(int type) {
        return (type == ECHO_REQUEST ? REQUEST : REPLY).icmp(type, 0, port, ECHO_LENGTH);
    }
}
