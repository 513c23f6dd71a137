package io.portcullis.reference;

import io.portcullis.conntrack.FlowTable;
import io.portcullis.conntrack.FlowTimeouts;
import io.portcullis.conntrack.TableHeader;
import io.portcullis.engine.Adopted;
import io.portcullis.engine.Counters;
import io.portcullis.engine.Engine;
import io.portcullis.engine.Shard;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.policy.Policy;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;

/** The engine that the reference judges, or one with a planted defect. */
public interface Firewall {
    /** A reload may allow more than the first policy does; a world has 40,000 frames. */
    int MOST_FLOWS = 1 << 16;

    /** Makes every engine that is judged. */
    static Firewall engine(Policy policy) {
        TableHeader header = new TableHeader(MOST_FLOWS, 1, 2, new UUID(0, 0), "web0", 0, 1, 0);
        MemorySegment memory = Arena.ofAuto().allocate(TableHeader.bytes(header.entries()), 128);
        header.writeTo(memory);
        return running(policy, memory, header, 0);
    }

    private static Running running(Policy policy, MemorySegment memory, TableHeader header, long nowNs) {
        FlowTable table = new FlowTable(memory, header, policy.maxFlows(), new FlowTimeouts(policy::timeoutNs), nowNs);
        table.recover(nowNs);
        return new Running(new Engine(policy, Shard.ALL, table), table, memory, header);
    }

    /** Makes a trial's engine. */
    interface Source extends Function<Policy, Firewall> {}

    void decide(Batch batch, Direction direction, long nowNs);

    void install(Policy policy, long nowNs);

    /** Adopts a connection. */
    void adopt(Adopted connection, long nowNs);

    void expire(long nowNs);

    Counters counters();

    /** First seen, packets and bytes in, packets and bytes out of every flow that is not over. */
    List<List<Long>> statistics(long nowNs);

    /**
     * Replaces the engine between two batches by another, which recovers the flows from the memory of the first.
     */
    Firewall crash(Policy policy, long nowNs);

    /** An engine, and the memory of its flows. */
    record Running(Engine engine, FlowTable table, MemorySegment memory, TableHeader header) implements Firewall {
        @Override
        public void decide(Batch batch, Direction direction, long nowNs) {
            engine.decide(batch, direction, nowNs);
        }

        @Override
        public void install(Policy policy, long nowNs) {
            engine.install(policy, nowNs);
        }

        @Override
        public void adopt(Adopted connection, long nowNs) {
            if (engine.adopt(List.of(connection), nowNs) != 1) {
                throw new IllegalStateException("not adopted: " + connection);
            }
        }

        @Override
        public void expire(long nowNs) {
            engine.expire(nowNs, Integer.MAX_VALUE);
        }

        @Override
        public Counters counters() {
            return engine.counters();
        }

        @Override
        public List<List<Long>> statistics(long nowNs) {
            List<List<Long>> all = new ArrayList<>();
            table.visit(
                    0,
                    table.capacity(),
                    nowNs,
                    flow -> all.add(List.of(
                            flow.firstSeenNs(),
                            flow.packets(Direction.INGRESS),
                            flow.bytes(Direction.INGRESS),
                            flow.packets(Direction.EGRESS),
                            flow.bytes(Direction.EGRESS))));
            return all;
        }

        @Override
        public Firewall crash(Policy policy, long nowNs) {
            return Firewall.running(policy, memory, header, nowNs);
        }
    }
}
