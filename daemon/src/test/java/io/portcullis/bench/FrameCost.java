package io.portcullis.bench;

import io.portcullis.config.read.ConfigReader;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Shard;
import io.portcullis.linux.packet.RehearsalSocket;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.policy.Policy;
import io.portcullis.port.ring.RingPort;
import io.portcullis.port.ring.RingRehearsal;
import io.portcullis.testing.Frame;
import java.util.Arrays;

/**
 * The cost of a frame in Java: reading it from the ring and deciding about it, without the kernel.
 * A program of its own, to compare collectors and options of the JVM: prints nanoseconds a frame, the median of many rounds,
 * for one flow and for 1,024 in turn. No test asserts them.
 */
final class FrameCost {
    private static final int ROUNDS = 40_000;
    private static final int WARM_UP = 20_000;
    private static final int FIRST_PORT = 1_024;

    private FrameCost() {}

    public static void main(String[] arguments) throws Exception {
        for (int flows : new int[] {1, 1_024}) {
            System.out.printf("%d flows: %.1f ns a frame%n", flows, measure(flows));
        }
    }

    private static double measure(int flows) throws Exception {
        Policy policy = Policy.compile(ConfigReader.parse("""
                version: 1
                interfaces: {web0: {mode: bridge, outside: a, inside: b, security-groups: [web]}}
                security-groups: {web: {ingress: [{protocol: udp, ports: 9, from: any}]}}
                """, "bench.yaml"), "web0", 1, 100_000);
        Engine engine = new Engine(policy, Shard.ALL, 1, 2);
        byte[][] frames = new byte[flows][];
        for (int i = 0; i < flows; i++) {
            frames[i] = Frame.udp("198.18.1.1", FIRST_PORT + i, "198.18.1.2", 9)
                    .payload(18)
                    .bytes();
        }
        try (RingRehearsal nic = RingRehearsal.open()) {
            RingPort port = nic.port();
            double[] nsPerFrame = new double[ROUNDS];
            int next = 0;
            for (int round = -WARM_UP; round < ROUNDS; round++) {
                for (int i = 0; i < Batch.CAPACITY; i++) {
                    nic.receive(frames[next++ % flows], RehearsalSocket.Offload.NONE);
                }
                long beganNs = System.nanoTime();
                Batch batch = port.receive();
                if (batch == null) {
                    throw new IllegalStateException("no frames");
                }
                engine.decide(batch, Direction.INGRESS, beganNs);
                double ns = (double) (System.nanoTime() - beganNs) / batch.size();
                port.send(batch);
                port.release(batch);
                nic.drain();
                if (round >= 0) {
                    nsPerFrame[round] = ns;
                }
            }
            port.close();
            Arrays.sort(nsPerFrame);
            return nsPerFrame[ROUNDS / 2];
        }
    }
}
