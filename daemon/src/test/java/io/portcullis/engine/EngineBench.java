package io.portcullis.engine;

import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.packet.Frame;
import io.portcullis.policy.Policy;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** An engine with one interface, web0, and a clock in whole seconds; frames go in one at a time or as a batch. */
final class EngineBench {
    private static final int SLOT = 2048;

    /** Space for the vnet header. */
    private static final int HEADROOM = 16;

    private final MemorySegment memory = MemorySegment.ofArray(new byte[Batch.CAPACITY * SLOT]);
    private final Batch batch;
    private final Engine engine;
    private long nowNs = 1;

    /**
     * A bench.
     *
     * @param attributes of web0, in YAML's flow style
     * @param rest the other sections, {@code security-groups} with a group {@code web} among them
     */
    EngineBench(String attributes, String rest, boolean unmarkedOffload) throws ConfigException {
        engine = new Engine(policy(attributes, rest, 1), Shard.ALL, 1, 2);
        batch = new Batch(memory, unmarkedOffload);
    }

    EngineBench(String rest) throws ConfigException {
        this("", rest, false);
    }

    static Policy policy(String attributes, String rest, long generation) throws ConfigException {
        String head = "version: 1\ninterfaces:\n  web0: {mode: bridge, outside: out0, inside: in0,"
                + " addresses: [10.0.0.1/32], security-groups: [web]" + (attributes.isEmpty() ? "" : ", ") + attributes
                + "}\n";
        return Policy.compile(ConfigReader.parse(head + rest, "test.yaml"), "web0", generation, 1000);
    }

    Engine engine() {
        return engine;
    }

    int adopt(Adopted... connections) {
        return engine.adopt(List.of(connections), nowNs);
    }

    void start() {
        engine.startedAt(nowNs);
    }

    void install(Policy policy) {
        engine.install(policy, nowNs);
    }

    void sleepSeconds(long seconds) {
        nowNs += seconds * 1_000_000_000L;
    }

    Reason in(byte[] frame) {
        return decide(frame, Direction.INGRESS);
    }

    Reason out(byte[] frame) {
        return decide(frame, Direction.EGRESS);
    }

    Reason in(Frame frame) {
        return in(frame.bytes());
    }

    Reason out(Frame frame) {
        return out(frame.bytes());
    }

    Reason decide(byte[] frame, Direction direction) {
        decide(List.of(frame), direction);
        return Reason.of(batch.reason(0));
    }

    Batch decide(List<byte[]> frames, Direction direction) {
        batch.clear();
        for (int i = 0; i < frames.size(); i++) {
            byte[] frame = frames.get(i);
            MemorySegment.copy(frame, 0, memory, ValueLayout.JAVA_BYTE, (long) i * SLOT + HEADROOM, frame.length);
            batch.add((long) i * SLOT + HEADROOM, frame.length);
        }
        engine.decide(batch, direction, nowNs);
        return batch;
    }

    /** True: the frame is held. */
    boolean holds(Frame frame, Direction direction) {
        return decide(List.of(frame.bytes()), direction).isHeld(0);
    }

    /** The released frames that pass. */
    List<byte[]> released(Direction direction) {
        List<byte[]> passed = new ArrayList<>();
        for (Batch held = engine.released(direction); held != null; held = engine.released(direction)) {
            for (int i = 0; i < held.size(); i++) {
                if (held.isAccepted(i)) {
                    passed.add(held.memory()
                            .asSlice(held.offset(i), held.length(i))
                            .toArray(ValueLayout.JAVA_BYTE));
                }
            }
        }
        return passed;
    }

    long dropped(Direction direction, Reason reason) {
        return engine.counters().packets(direction, reason);
    }

    int expire() {
        return engine.expire(nowNs, Integer.MAX_VALUE);
    }
}
