package io.portcullis.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.portcullis.hits.HitTable;
import io.portcullis.net.Direction;
import io.portcullis.packet.Batch;
import io.portcullis.policy.Policy;
import io.portcullis.testing.EngineBench;
import io.portcullis.testing.Frame;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Several workers share the limits and counts of one interface. */
final class ShardTest {
    private static final String OPEN = "security-groups: {web: {ingress: [{protocol: udp, ports: 53, from: any}]}}";

    private static void decide(Engine engine, byte[] frame) {
        Batch batch = new Batch(MemorySegment.ofArray(frame), false);
        batch.clear();
        batch.add(0, frame.length);
        engine.decide(batch, Direction.INGRESS, 1);
    }

    @Test
    void aLimitIsSharedOutAndNobodyGetsNothing() {
        assertEquals(250, new Shard(3, 4, 7).of(1_000));
        assertEquals(1_000, Shard.ALL.of(1_000));
        assertEquals(1, new Shard(0, 64, 7).of(10));
    }

    @Test
    void aWorkerIsOneOfThem() {
        assertThrows(IllegalArgumentException.class, () -> new Shard(4, 4, 7));
        assertThrows(IllegalArgumentException.class, () -> new Shard(-1, 4, 7));
    }

    @Test
    void countsAddUp() throws Exception {
        Policy policy = EngineBench.policy("", OPEN, 1);
        HitTable table = HitTable.inMemory(3);
        List<Engine> engines = new ArrayList<>();
        for (int worker = 0; worker < 3; worker++) {
            Engine engine = EngineBench.engine(policy, new Shard(worker, 3, 7), table);
            for (int i = 0; i <= worker; i++) {
                decide(
                        engine,
                        Frame.udp("198.51.100.7", 1_000 + i, "10.0.0.1", 53)
                                .payload(20)
                                .bytes());
            }
            decide(
                    engine,
                    Frame.udp("198.51.100.7", 1, "10.0.0.1", 54).payload(20).bytes());
            engines.add(engine);
        }
        Counters sum = Counters.sum(engines.stream().map(Engine::counters).toList());
        assertEquals(6, sum.packets(Direction.INGRESS, Reason.NONE));
        assertEquals(3, sum.packets(Direction.INGRESS, Reason.NO_RULE));
        assertEquals(6, sum.total(Counters.Total.FLOWS));
        assertEquals(6, engines.getFirst().ruleHits().of(0));
        engines.getLast().install(EngineBench.policy("", OPEN, 2), 1);
        decide(
                engines.getLast(),
                Frame.udp("198.51.100.7", 9_000, "10.0.0.1", 53).payload(20).bytes());
        for (Engine engine : engines) {
            assertEquals(7, engine.ruleHits().of(0), "whichever policy a worker has");
        }
    }
}
