package io.portcullis.service.flows;

import io.portcullis.conntrack.Timeout;
import io.portcullis.conntrack.read.FlowCopy;
import io.portcullis.net.Address;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import io.portcullis.operations.traffic.FlowConditions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The conditions of a request, for the flows of one interface. */
final class FlowMatch {
    private static final String TCP_PREFIX = "tcp-";

    private final FlowConditions wanted;
    private final Optional<Direction> direction;
    private final Optional<Timeout> state;
    private final IntPredicate rule;

    private FlowMatch(FlowConditions wanted, Optional<Timeout> state, IntPredicate rule) {
        this.wanted = wanted;
        this.direction =
                wanted.direction().map(label -> label.equals("ingress") ? Direction.INGRESS : Direction.EGRESS);
        this.state = state;
        this.rule = rule;
    }

    /**
     * The conditions for the flows of an interface with these rules.
     *
     * @throws IllegalArgumentException if there is no such state; the message is a sentence
     */
    static FlowMatch of(FlowConditions wanted, RulesByHash rules) {
        return new FlowMatch(
                wanted,
                wanted.state().map(FlowMatch::state),
                wanted.rule().map(name -> rule(name, rules)).orElse(_ -> true));
    }

    private static Timeout state(String name) {
        return Stream.of(Timeout.values())
                .filter(timeout -> timeout.key().equals(name) || timeout.key().equals(TCP_PREFIX + name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no state " + name + ": there is "
                        + Stream.of(Timeout.values()).map(Timeout::key).collect(Collectors.joining(", "))));
    }

    private static IntPredicate rule(String name, RulesByHash rules) {
        return switch (name) {
            case "none" -> hash -> hash == 0;
            case "gone" -> hash -> hash != 0 && !rules.isInForce(hash);
            default -> {
                int[] hashes = rules.named(name);
                yield hash -> Arrays.binarySearch(hashes, hash) >= 0;
            }
        };
    }

    /**
     * Checks that a rule exists on one of the interfaces.
     *
     * @throws IllegalArgumentException if it does not; the message is a sentence
     */
    static void checkRule(FlowConditions wanted, List<RulesByHash> interfaces) {
        String name = wanted.rule().orElse("none");
        boolean isWord = name.equals("none") || name.equals("gone");
        if (!isWord && interfaces.stream().allMatch(rules -> rules.named(name).length == 0)) {
            throw new IllegalArgumentException(
                    "no rule " + name + " is in force: portcullis rules lists them; gone means"
                            + " rules that are not in force any longer, none flows that no rule has admitted");
        }
    }

    boolean test(FlowCopy flow) {
        return (wanted.protocol().isEmpty() || wanted.protocol().getAsInt() == flow.protocol())
                && (wanted.port().isEmpty() || hasPort(flow, wanted.port().getAsInt()))
                && (direction.isEmpty() || direction.get() == flow.direction())
                && (state.isEmpty() || state.get() == flow.timeout())
                && (wanted.peer().isEmpty() || hasPeer(flow, wanted.peer().get()))
                && (wanted.tuple().isEmpty() || isBetween(flow, wanted.tuple().get()))
                && rule.test(flow.rule());
    }

    private static boolean hasPort(FlowCopy flow, int port) {
        return flow.hasPorts() && (flow.outsidePort() == port || flow.insidePort() == port);
    }

    private static boolean hasPeer(FlowCopy flow, Cidr block) {
        return block.contains(flow.isV6(), flow.outsideHigh(), flow.outsideLow())
                || block.contains(flow.isV6(), flow.insideHigh(), flow.insideLow());
    }

    /** True: these are its ends, in either order. */
    static boolean isBetween(FlowCopy flow, FlowConditions.Ends ends) {
        return flow.protocol() == ends.protocol()
                && (isEnd(flow, true, ends.one(), ends.onePort()) && isEnd(flow, false, ends.other(), ends.otherPort())
                        || isEnd(flow, false, ends.one(), ends.onePort())
                                && isEnd(flow, true, ends.other(), ends.otherPort()));
    }

    private static boolean isEnd(FlowCopy flow, boolean outside, Address address, int port) {
        return flow.isV6() == address.isV6()
                && (outside ? flow.outsideHigh() : flow.insideHigh()) == address.high()
                && (outside ? flow.outsideLow() : flow.insideLow()) == address.low()
                && (outside ? flow.outsidePort() : flow.insidePort()) == port;
    }
}
