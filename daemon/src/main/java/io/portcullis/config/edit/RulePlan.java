package io.portcullis.config.edit;

import io.portcullis.config.Location;
import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.edit.Edit.Described;
import io.portcullis.config.edit.Outcome.Cause;
import io.portcullis.net.Direction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The change of a group's rules in one direction.
 *
 * @param steps one for each rule; for the implied rule, too, which is not in the text
 * @param added rules behind all others
 */
record RulePlan(SecurityGroup group, Direction direction, List<Step> steps, List<Rule> added) {
    private static final Rule EVERYTHING =
            new Rule(Rule.ALL, List.of(), Rule.ALL, Rule.ALL, List.of(new Peer.Any()), "", Location.of(""));

    /** The rules that result. */
    List<Rule> after() {
        List<Rule> after = new ArrayList<>();
        steps.forEach(step -> after.addAll(step.after()));
        after.addAll(added);
        return after;
    }

    /** True: nothing is to be changed. */
    boolean isEmpty() {
        return added.isEmpty() && steps.stream().allMatch(Step::isUnchanged);
    }

    static RulePlan add(SecurityGroup group, Direction direction, List<Described> added) throws EditException {
        Set<Permission> present = present(group, direction);
        List<Rule> rules = new ArrayList<>();
        for (Described each : added) {
            if (!present.add(each.permission())) {
                throw duplicate(group, direction, each.permission());
            }
            rules.add(each.permission().rule(each.description()));
        }
        return plan(group, direction, Step::keep, rules);
    }

    static RulePlan remove(SecurityGroup group, Direction direction, List<Permission> removed) throws EditException {
        Set<Permission> gone = new LinkedHashSet<>(removed);
        requirePresent(group, direction, gone);
        return plan(group, direction, rule -> Step.remove(rule, gone), List.of());
    }

    static RulePlan describe(SecurityGroup group, Direction direction, List<Described> described) throws EditException {
        Map<Permission, String> texts = new HashMap<>();
        described.forEach(each -> texts.put(each.permission(), each.description()));
        requirePresent(group, direction, texts.keySet());
        return plan(group, direction, rule -> Step.describe(rule, texts), List.of());
    }

    static RulePlan replace(SecurityGroup group, Direction direction, Permission before, Described after)
            throws EditException {
        requirePresent(group, direction, Set.of(before));
        boolean isOther = !before.equals(after.permission());
        if (isOther && present(group, direction).contains(after.permission())) {
            throw duplicate(group, direction, after.permission());
        }
        if (!isOther) {
            return describe(group, direction, List.of(after));
        }
        Rule next = after.permission().rule(after.description());
        boolean[] isPlaced = new boolean[1];
        return plan(
                group,
                direction,
                rule -> {
                    Step step = Step.remove(rule, Set.of(before));
                    boolean isPlace = !isPlaced[0] && !step.isUnchanged();
                    isPlaced[0] |= isPlace;
                    return isPlace ? step.with(next) : step;
                },
                List.of());
    }

    private static RulePlan plan(
            SecurityGroup group, Direction direction, Function<Rule, Step> change, List<Rule> added) {
        List<Step> steps = rules(group, direction).stream().map(change).toList();
        return new RulePlan(group, direction, steps, added);
    }

    private static List<Rule> rules(SecurityGroup group, Direction direction) {
        @Nullable List<Rule> written = direction == Direction.INGRESS ? group.ingress() : group.egress();
        return written == null ? List.of(EVERYTHING) : written;
    }

    private static Set<Permission> present(SecurityGroup group, Direction direction) {
        Set<Permission> present = new HashSet<>();
        rules(group, direction).forEach(rule -> present.addAll(Permission.of(rule)));
        return present;
    }

    private static void requirePresent(SecurityGroup group, Direction direction, Set<Permission> wanted)
            throws EditException {
        Set<Permission> present = present(group, direction);
        for (Permission each : wanted) {
            if (!present.contains(each)) {
                throw new EditException(
                        Cause.MISSING, group.location(), text(group, direction, each) + ": there is no such rule");
            }
        }
    }

    private static EditException duplicate(SecurityGroup group, Direction direction, Permission permission) {
        return new EditException(
                Cause.DUPLICATE, group.location(), text(group, direction, permission) + ": the rule exists already");
    }

    private static String text(SecurityGroup group, Direction direction, Permission permission) {
        return group.name() + " " + direction.label() + " "
                + permission.rule("").text(direction == Direction.INGRESS);
    }
}
