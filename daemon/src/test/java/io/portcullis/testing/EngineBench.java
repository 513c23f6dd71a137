package io.portcullis.testing;

import io.portcullis.config.ConfigException;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.engine.Adopted;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Reason;
import io.portcullis.engine.Shard;
import io.portcullis.hits.HitTable;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.policy.Policy;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** An engine with one interface, web0, and a clock in whole seconds; frames go in one at a time or as a batch. */
public final class EngineBench {
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
    public EngineBench(String attributes, String rest, boolean unmarkedOffload) throws ConfigException {
        engine = new Engine(policy(attributes, rest, 1), Shard.ALL, 1, 2);
        batch = new Batch(memory, unmarkedOffload);
    }

    /** A bench whose hits are in a table. */
    public EngineBench(String rest, HitTable hits) throws ConfigException {
        engine = engine(policy("", rest, 1), Shard.ALL, hits);
        batch = new Batch(memory, false);
    }

    /** One of the engines that share a table of hits, each with its column; it has no flows. */
    public static Engine engine(Policy policy, Shard shard, HitTable hits) {
        FlowTable flows = FlowTable.inMemory(1, 2, policy.maxFlows(), new FlowTimeouts(policy::timeoutNs), 0);
        return new Engine(policy, shard, flows, hits, shard.worker());
    }

    public EngineBench(String rest) throws ConfigException {
        this("", rest, false);
    }

    public static Policy policy(String attributes, String rest, long generation) throws ConfigException {
        String head = "version: 1\ninterfaces:\n  web0: {mode: bridge, outside: out0, inside: in0,"
                + " addresses: [10.0.0.1/32], security-groups: [web]" + (attributes.isEmpty() ? "" : ", ") + attributes
                + "}\n";
        return Policy.compile(ConfigReader.parse(head + rest, "test.yaml"), "web0", generation, 1000);
    }

    public Engine engine() {
        return engine;
    }

    public int adopt(Adopted... connections) {
        return engine.adopt(List.of(connections), nowNs);
    }

    public void start() {
        engine.startedAt(nowNs);
    }

    public void install(Policy policy) {
        engine.install(policy, nowNs);
    }

    public void sleepSeconds(long seconds) {
        nowNs += seconds * 1_000_000_000L;
    }

    public Reason in(byte[] frame) {
        return decide(frame, Direction.INGRESS);
    }

    public Reason out(byte[] frame) {
        return decide(frame, Direction.EGRESS);
    }

    public Reason in(Frame frame) {
        return in(frame.bytes());
    }

    public Reason out(Frame frame) {
        return out(frame.bytes());
    }

    public Reason decide(byte[] frame, Direction direction) {
        decide(List.of(frame), direction);
        return Reason.of(batch.reason(0));
    }

    public Batch decide(List<byte[]> frames, Direction direction) {
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
    public boolean holds(Frame frame, Direction direction) {
        return decide(List.of(frame.bytes()), direction).isHeld(0);
    }

    /** The released frames that pass. */
    public List<byte[]> released(Direction direction) {
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

    public long dropped(Direction direction, Reason reason) {
        return engine.counters().packets(direction, reason);
    }

    public int expire() {
        return engine.expire(nowNs, Integer.MAX_VALUE);
    }
}
