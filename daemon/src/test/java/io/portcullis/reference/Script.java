package io.portcullis.reference;

import io.portcullis.net.Direction;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Shrinks a script: steps after which engine and reference differ. */
public final class Script {
    private static final long SECOND = 1_000_000_000L;
    private static final int VECTOR_ID = 1999;

    private Script() {}

    /**
     * The fewest steps that still fail, found by leaving out steps: first in large pieces, then one by one (delta debugging,
     * Zeller and Hildebrandt 2002, without its complements).
     */
    static List<Step> shrink(List<Step> failing, Firewall.Source source) {
        List<Step> steps = merged(failing);
        int chunk = Integer.highestOneBit(Math.max(1, steps.size() / 2));
        boolean smaller = true;
        while (chunk > 1 || smaller) {
            smaller = false;
            for (int at = 0; at < steps.size(); ) {
                List<Step> without = new ArrayList<>(steps.subList(0, at));
                without.addAll(steps.subList(Math.min(steps.size(), at + chunk), steps.size()));
                if (fails(without, source)) {
                    steps = without;
                    smaller = true;
                } else {
                    at += chunk;
                }
            }
            chunk = Math.max(1, chunk / 2);
        }
        return withWholeSeconds(merged(steps), source);
    }

    private static boolean fails(List<Step> steps, Firewall.Source source) {
        return Trial.play(steps, source).isPresent();
    }

    /** Merges consecutive waits. */
    private static List<Step> merged(List<Step> steps) {
        List<Step> merged = new ArrayList<>();
        for (Step step : steps) {
            if (step instanceof Step.Wait(long ns)
                    && !merged.isEmpty()
                    && merged.getLast() instanceof Step.Wait(long before)) {
                merged.set(merged.size() - 1, new Step.Wait(before + ns));
            } else {
                merged.add(step);
            }
        }
        return merged;
    }

    private static List<Step> withWholeSeconds(List<Step> steps, Firewall.Source source) {
        List<Step> rounded = new ArrayList<>(steps);
        for (int i = 0; i < rounded.size(); i++) {
            if (rounded.get(i) instanceof Step.Wait(long ns)) {
                rounded.set(i, new Step.Wait((ns + SECOND - 1) / SECOND * SECOND));
                if (!fails(rounded, source)) {
                    rounded.set(i, new Step.Wait(ns));
                }
            }
        }
        return rounded;
    }

    /** The steps about the flow of a packet, and all steps without a packet. */
    public static List<Step> about(Datagram datagram, List<Step> steps) {
        ReferenceFlow.Key key = ReferenceFirewall.key(datagram);
        return merged(steps.stream()
                .filter(step -> !(step instanceof Step.Frame frame)
                        || ReferenceFirewall.key(frame.datagram()).equals(key))
                .filter(step -> !(step instanceof Step.Expire))
                .toList());
    }

    /** The steps as a vector for {@code borders.yaml}, each frame with the reference's verdict. */
    public static String vector(List<Step> steps, String what, Firewall.Source source) {
        StringBuilder text = new StringBuilder();
        text.append("# ")
                .append(Trial.play(steps, source).orElse("no difference"))
                .append('\n');
        if (!fails(oneByOne(steps), source)) {
            text.append("# Only where frames come as one batch; a vector's come one by one.\n");
        }
        text.append("- {id: ")
                .append(VECTOR_ID)
                .append(", what: \"")
                .append(what)
                .append("\", steps: [\n");
        ReferenceFirewall reference = new ReferenceFirewall(Settings.BASE.reference());
        long nowNs = 1;
        for (Step step : steps) {
            switch (step) {
                case Step.Frame(Datagram datagram) -> {
                    text.append(datagram.direction() == Direction.INGRESS ? "    {in: \"" : "    {out: \"");
                    text.append(datagram.notation()).append(" -> ");
                    text.append(reference.decide(datagram)).append("\"},\n");
                }
                case Step.Wait(long ns) -> {
                    nowNs += ns;
                    reference.advance(nowNs);
                    String seconds =
                            BigDecimal.valueOf(ns, 9).stripTrailingZeros().toPlainString();
                    text.append("    {wait: ").append(seconds).append("s},\n");
                }
                case Step.Reload(Settings settings) -> {
                    reference.install(settings.reference());
                    text.append("    {reload: ").append(settings).append("},\n");
                }
                case Step.Expire expire -> {
                    // A vector has no such step: an engine expires flows by itself.
                }
                case Step.Adopt adopt -> {
                    text.append("    # Here the connection of ")
                            .append(adopt.first().notation())
                            .append(" is adopted, scales ")
                            .append(adopt.originatorShift())
                            .append(" and ")
                            .append(adopt.responderShift())
                            .append(".\n");
                    if (reference.mayAdopt(adopt.first())) {
                        reference.adopt(adopt.first(), adopt.originatorShift(), adopt.responderShift());
                    }
                }
                case Step.Restart(Settings settings) -> {
                    reference.install(settings.reference());
                    text.append("    # Here the engine ends, and another begins with:\n    {reload: ");
                    text.append(settings).append("},\n");
                }
                case Step.Crash crash -> text.append("    # Here the engine crashes.\n");
            }
        }
        return text.append("    ]}\n").toString();
    }

    private static List<Step> oneByOne(List<Step> steps) {
        return steps.stream().flatMap(step -> Stream.of(step, new Step.Wait(0))).toList();
    }

    /** The report for the search of the cause. */
    public static String report(List<Step> failing, String what, Firewall.Source source) {
        return vector(shrink(failing, source), what, source);
    }
}
