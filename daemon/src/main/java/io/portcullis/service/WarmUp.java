package io.portcullis.service;

import io.portcullis.config.Config;
import io.portcullis.config.ConfigException;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.PacketSocket;
import io.portcullis.packet.Direction;
import io.portcullis.policy.Policy;
import io.portcullis.port.ring.RingRehearsal;
import io.portcullis.port.ring.RingRehearsal.Offload;
import io.portcullis.worker.Worker;
import io.portcullis.worker.Workers;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Walks made-up frames through the real pipeline, from receive ring to system call, until the compiler has nothing more to
 * do: then the first real frames are not held up by an interpreter, nor by the compiler's threads. Connections that open,
 * carry data and end, datagrams, pings, tags, super-frames, what is dropped.
 */
final class WarmUp {
    private static final Logger LOG = LoggerFactory.getLogger(WarmUp.class);

    private static final long LONGEST_NS = TimeUnit.MILLISECONDS.toNanos(2_500);

    /** The compiler compiles what has run some 10,000 times. */
    private static final int LEAST_ROUNDS = 1_500;

    /** Rounds between two looks at the compiler, and how little it has done then when it is done. */
    private static final int ROUNDS_AT_ONCE = 250;

    private static final long IDLE_COMPILER_MS = 4;

    private static final int SYN = 0x02;
    private static final int ACK = 0x10;
    private static final int FIN = 0x01;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ICMP = 1;
    private static final int DATAGRAMS = 12;
    private static final int DATA = 4;
    private static final int NEEDS_CSUM = PacketSocket.VIRTIO_NET_HDR_F_NEEDS_CSUM;
    private static final int GSO_TCPV4 = 1;
    private static final int TRANSPORT = 34;

    private final RingRehearsal outside;
    private final RingRehearsal inside;
    private int port = 1_024;

    private WarmUp(RingRehearsal outside, RingRehearsal inside) {
        this.outside = outside;
        this.inside = inside;
    }

    /** Does it; what fails is no reason not to start. */
    static void run() {
        long startNs = System.nanoTime();
        int rounds = 0;
        try (RingRehearsal outside = RingRehearsal.open();
                RingRehearsal inside = RingRehearsal.open()) {
            Workers workers = Workers.of(
                    "warm-up",
                    policy(),
                    0,
                    List.of(outside.port()),
                    List.of(inside.port()),
                    _ -> Worker.Life.PLAIN,
                    _ -> {});
            try {
                workers.logDrops(false, false);
                workers.start();
                rounds = new WarmUp(outside, inside).walk(startNs);
            } finally {
                workers.close();
            }
        } catch (ErrnoException | ConfigException refused) {
            LOG.warn("no warm-up, the first frames will take longer: {}", refused.getMessage());
        }
        // What it left behind goes now, not while there is traffic.
        System.gc();
        LOG.debug("warm-up: {} rounds in {} ms", rounds, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNs));
    }

    private static Policy policy() throws ConfigException {
        return Policy.compile(Config.parse("""
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
                """, "warm-up"), "warm-up", 1, 10_000);
    }

    /** Returns after how many rounds the compiler was done, or the time over. */
    private int walk(long startNs) {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        int rounds = 0;
        long before = 0;
        while (System.nanoTime() - startNs < LONGEST_NS) {
            for (int i = 0; i < ROUNDS_AT_ONCE; i++) {
                round();
            }
            rounds += ROUNDS_AT_ONCE;
            long now = compiler == null ? 0 : compiler.getTotalCompilationTime();
            if (rounds >= LEAST_ROUNDS && now - before < IDLE_COMPILER_MS) {
                break;
            }
            before = now;
        }
        return rounds;
    }

    private void round() {
        port = port == 65_000 ? 1_024 : port + 1;
        in(tcp(Direction.INGRESS, SYN, 1, 0, 0), Offload.NONE);
        out(tcp(Direction.EGRESS, SYN | ACK, 1, 2, 0), Offload.NONE);
        in(tcp(Direction.INGRESS, ACK, 2, 2, 0), Offload.NONE);
        for (int i = 0; i < DATA; i++) {
            in(
                    tcp(Direction.INGRESS, ACK, 2 + i * 1_800, 2, 1_800),
                    new Offload(NEEDS_CSUM, GSO_TCPV4, 900, TRANSPORT, 16, -1));
            out(tcp(Direction.EGRESS, ACK, 2, 2 + (i + 1) * 1_800, 0), Offload.NONE);
        }
        int end = 2 + DATA * 1_800;
        in(tcp(Direction.INGRESS, FIN | ACK, end, 2, 0), Offload.NONE);
        out(tcp(Direction.EGRESS, FIN | ACK, 2, end + 1, 0), Offload.NONE);
        in(tcp(Direction.INGRESS, ACK, end + 1, 3, 0), Offload.NONE);
        for (int i = 0; i < DATAGRAMS; i++) {
            in(udp(Direction.INGRESS), i % 2 == 0 ? Offload.NONE : new Offload(NEEDS_CSUM, 0, 0, TRANSPORT, 6, -1));
            out(udp(Direction.EGRESS), Offload.NONE);
        }
        in(udp(Direction.INGRESS), new Offload(0, 0, 0, 0, 0, 7));
        in(echo(8), Offload.NONE);
        out(echo(0), Offload.NONE);
        // No rule, and no flow.
        in(tcp(Direction.INGRESS, ACK, 9, 9, 0), Offload.NONE);
        out(tcp(Direction.EGRESS, SYN, 9, 9, 0), Offload.NONE);
        outside.swallow();
        inside.swallow();
    }

    private void in(byte[] frame, Offload offload) {
        put(outside, frame, offload);
    }

    private void out(byte[] frame, Offload offload) {
        put(inside, frame, offload);
    }

    private void put(RingRehearsal nic, byte[] frame, Offload offload) {
        while (!nic.receive(frame, offload)) {
            outside.swallow();
            inside.swallow();
            LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(50));
        }
    }

    private byte[] tcp(Direction direction, int flags, int sequence, int acknowledgment, int payload) {
        ByteBuffer frame = ip(direction, TCP, 20 + payload);
        ports(frame, direction, 80);
        frame.putInt(sequence)
                .putInt(acknowledgment)
                .put((byte) (5 << 4))
                .put((byte) flags)
                .putShort((short) 65_535)
                .putInt(0);
        return finish(frame, TCP, 16);
    }

    private byte[] udp(Direction direction) {
        ByteBuffer frame = ip(direction, UDP, 26);
        ports(frame, direction, 53);
        frame.putShort((short) 26).putShort((short) 0);
        return finish(frame, UDP, 6);
    }

    private byte[] echo(int type) {
        ByteBuffer frame = ip(type == 8 ? Direction.INGRESS : Direction.EGRESS, ICMP, 16);
        frame.put((byte) type).put((byte) 0).putShort((short) 0).putShort((short) port);
        return finish(frame, ICMP, 2);
    }

    private static ByteBuffer ip(Direction direction, int protocol, int length) {
        ByteBuffer frame = ByteBuffer.allocate(TRANSPORT + length);
        frame.putLong(0x0200_0000_0001_0200L).putInt(2).putShort((short) 0x0800);
        frame.put((byte) 0x45)
                .put((byte) 0)
                .putShort((short) (20 + length))
                .putShort((short) 0)
                .putShort((short) 0x4000)
                .put((byte) 64)
                .put((byte) protocol)
                .putShort((short) 0);
        int outer = 0xc000_0205;
        int inner = 0x0a00_0001;
        frame.putInt(direction == Direction.INGRESS ? outer : inner)
                .putInt(direction == Direction.INGRESS ? inner : outer);
        frame.putShort(24, (short) ~sum(frame, 14, TRANSPORT, 0));
        return frame;
    }

    private void ports(ByteBuffer frame, Direction direction, int service) {
        boolean in = direction == Direction.INGRESS;
        frame.putShort((short) (in ? port : service)).putShort((short) (in ? service : port));
    }

    private static byte[] finish(ByteBuffer frame, int protocol, int checksum) {
        int length = frame.capacity() - TRANSPORT;
        int pseudo = protocol == ICMP ? 0 : sum(frame, 26, TRANSPORT, protocol + length);
        frame.putShort(TRANSPORT + checksum, (short) ~sum(frame, TRANSPORT, frame.capacity(), pseudo));
        byte[] bytes = new byte[frame.capacity()];
        frame.get(0, bytes);
        return bytes;
    }

    /** RFC 1071; an even number of bytes. */
    private static int sum(ByteBuffer bytes, int from, int to, int start) {
        int sum = start;
        for (int at = from; at < to; at += 2) {
            sum += bytes.getShort(at) & 0xffff;
        }
        sum = (sum >>> 16) + (sum & 0xffff);
        return (sum >>> 16) + (sum & 0xffff);
    }
}
