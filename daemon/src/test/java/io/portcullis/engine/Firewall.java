package io.portcullis.engine;

import io.portcullis.packet.Batch;
import io.portcullis.packet.Direction;
import io.portcullis.policy.Policy;
import java.util.function.Function;

/** What is judged by the reference: an engine, or one with a defect that a test has planted. */
interface Firewall {
    /** The one place where an engine to be judged is made. */
    static Firewall engine(Policy policy) {
        return new Running(new Engine(policy, Share.ALL, 1, 2));
    }

    /** Where a trial gets its engine from. */
    interface Source extends Function<Policy, Firewall> {}

    void decide(Batch batch, Direction direction, long nowNs);

    void install(Policy policy);

    void expire(long nowNs);

    Counters counters();

    /**
     * Throws the engine away between two batches and goes on with another, which finds in memory what the first has left there.
     * As long as flows lie on the heap that is the same engine.
     */
    Firewall crash(Policy policy, long nowNs);

    /** An engine and nothing else. */
    record Running(Engine engine) implements Firewall {
        @Override
        public void decide(Batch batch, Direction direction, long nowNs) {
            engine.decide(batch, direction, nowNs);
        }

        @Override
        public void install(Policy policy) {
            engine.install(policy);
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
        public Firewall crash(Policy policy, long nowNs) {
            return this;
        }
    }
}
