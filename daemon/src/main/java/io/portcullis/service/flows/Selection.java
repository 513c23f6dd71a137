package io.portcullis.service.flows;

import io.portcullis.conntrack.read.FlowCopy;
import io.portcullis.conntrack.read.FlowReader;
import io.portcullis.operations.traffic.FlowConditions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The flows of the interfaces that are guarded at one moment, with the conditions of a request. */
final class Selection {
    /** An interface, its rules in force, and what is wanted of it. */
    record On(TrackedInterface iface, RulesByHash rules, FlowMatch match) {}

    /**
     * A table of a selection: that of one worker.
     *
     * @param number which no other table of the selection has
     */
    record Table(On on, int worker, FlowReader reader, int number) {}

    /** Gets the flows of a selection. */
    @FunctionalInterface
    interface Visitor {
        /**
         * Gets a flow.
         *
         * @param flow valid during the call
         */
        void visit(Table table, FlowCopy flow);
    }

    private final List<Table> tables = new ArrayList<>();
    private final List<Table> others = new ArrayList<>();

    /**
     * Selects.
     *
     * @throws IllegalArgumentException if there is no such interface, state or rule; the message is a sentence
     */
    Selection(List<TrackedInterface> interfaces, FlowConditions wanted) {
        checkName(interfaces, wanted);
        List<RulesByHash> rules = new ArrayList<>();
        for (TrackedInterface iface : interfaces) {
            RulesByHash inForce = new RulesByHash(iface.policy());
            On on = new On(iface, inForce, FlowMatch.of(wanted, inForce));
            boolean isWanted = wanted.interfaceName().map(iface.name()::equals).orElse(true);
            if (isWanted) {
                rules.add(inForce);
            }
            List<FlowReader> readers = iface.tables();
            for (int worker = 0; worker < readers.size(); worker++) {
                (isWanted ? tables : others).add(new Table(on, worker, readers.get(worker), tables.size()));
            }
        }
        FlowMatch.checkRule(wanted, rules);
    }

    private static void checkName(List<TrackedInterface> interfaces, FlowConditions wanted) {
        Set<String> names =
                interfaces.stream().map(TrackedInterface::name).collect(Collectors.toCollection(TreeSet::new));
        wanted.interfaceName().filter(name -> !names.contains(name)).ifPresent(name -> {
            throw new IllegalArgumentException("no interface " + name + " is guarded: there is "
                    + (names.isEmpty() ? "none" : String.join(", ", names)));
        });
    }

    /** The tables of the wanted interfaces. */
    List<Table> tables() {
        return tables;
    }

    /**
     * Reads the wanted flows.
     *
     * @return number of live flows of all interfaces
     */
    long read(long nowNs, Visitor visitor) {
        long tracked = 0;
        for (Table table : tables) {
            FlowMatch match = table.on.match;
            tracked += table.reader.read(nowNs, flow -> {
                if (match.test(flow)) {
                    visitor.visit(table, flow);
                }
            });
        }
        return tracked + tracked(others, nowNs);
    }

    private static long tracked(List<Table> tables, long nowNs) {
        long tracked = 0;
        for (Table table : tables) {
            for (long count : table.reader.states(nowNs)) {
                tracked += count;
            }
        }
        return tracked;
    }
}
