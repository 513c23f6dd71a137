package io.portcullis.service.flows;

import io.portcullis.conntrack.read.FlowReader;
import io.portcullis.guard.GuardedInterface;
import io.portcullis.policy.Policy;
import java.util.List;

/**
 * The flows of one guarded interface.
 *
 * @param policy in force
 * @param tables of its workers, in their order
 */
public record TrackedInterface(String name, Policy policy, List<FlowReader> tables, Ending ending) {
    /** Ends flows. */
    @FunctionalInterface
    public interface Ending {
        /**
         * Ends flows of one worker, and waits for it.
         *
         * @param worker its number
         * @param entries of the flows
         * @param numbers of the flows, in the same order
         * @param timeoutMs longest wait
         * @return how many have ended: the others have ended before
         * @throws IllegalStateException if the worker does not answer in time
         */
        int end(int worker, int[] entries, int[] numbers, long timeoutMs);
    }

    /** Copies the list. */
    public TrackedInterface {
        tables = List.copyOf(tables);
    }

    /** Of an interface with workers. */
    public static TrackedInterface of(GuardedInterface iface) {
        return new TrackedInterface(
                iface.name(), iface.workers().ruleHits().policy(), iface.flows(), iface.workers()::flush);
    }
}
