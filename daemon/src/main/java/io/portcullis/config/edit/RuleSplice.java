package io.portcullis.config.edit;

import io.portcullis.config.Peer;
import io.portcullis.config.Rule;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The splices of a list of rules. */
final class RuleSplice {
    private static final String DESCRIPTION = "description";

    private final Splices splices;
    private final Elements items;
    private final boolean isIngress;

    /** For the rules of one direction of a group. */
    RuleSplice(Splices splices, Elements items, boolean isIngress) {
        this.splices = splices;
        this.items = items;
        this.isIngress = isIngress;
    }

    /** Adds the splices of a plan for these rules. */
    void splice(RulePlan plan) throws EditException {
        if (items.size() != plan.steps().size()) {
            throw splices.refuse(0, plan.group().name() + ": its rules cannot be told apart");
        }
        int index = 0;
        for (Step step : plan.steps()) {
            if (!step.isUnchanged()) {
                splice(index, step);
            }
            index++;
        }
        plan.added().forEach(rule -> items.append(Words.rule(rule, isIngress)));
        items.splice();
    }

    private void splice(int index, Step step) throws EditException {
        List<String> behind =
                step.behind().stream().map(rule -> Words.rule(rule, isIngress)).toList();
        Step.Rest rest = step.rest();
        if (rest == null && behind.isEmpty()) {
            items.drop(index);
            return;
        }
        if (rest == null) {
            items.replace(index, behind.getFirst());
            behind = behind.subList(1, behind.size());
        } else {
            Place.requirePlain(splices, items.node(index), "the rule");
            if (!(items.node(index) instanceof Node.Entries map)) {
                throw splices.refuse(items.node(index).start(), "the rule is not a map");
            }
            ports(map, rest.ports());
            peers(map, step.before(), rest.peers());
            if (!rest.rule().description().equals(step.before().description())) {
                describe(map, rest.rule().description());
            }
        }
        behind.forEach(rule -> items.insert(index, rule));
    }

    private Place field(Node.Entries map, String key) throws EditException {
        Place place = Place.of(splices, map, key);
        if (place == null) {
            throw splices.refuse(map.start(), key + ": is not in the text of the rule");
        }
        return place;
    }

    private void ports(Node.Entries map, List<Boolean> kept) throws EditException {
        if (!kept.contains(false)) {
            return;
        }
        Elements ports = Elements.items(field(map, "ports"));
        if (ports.size() != kept.size()) {
            throw splices.refuse(map.start(), "the ports cannot be told apart");
        }
        for (int index = 0; index < kept.size(); index++) {
            if (!kept.get(index)) {
                ports.drop(index);
            }
        }
        ports.splice();
    }

    private void peers(Node.Entries map, Rule before, List<@Nullable Peer> after) throws EditException {
        if (before.peers().equals(after)) {
            return;
        }
        Place place = field(map, isIngress ? "from" : "to");
        if (place.entry().value() instanceof Node.Scalar scalar && after.size() == 1 && after.getFirst() != null) {
            splices.replace(scalar.start(), scalar.end(), Words.peer(after.getFirst()));
            return;
        }
        Elements peers = Elements.items(place);
        if (peers.size() != after.size()) {
            throw splices.refuse(map.start(), "the addresses cannot be told apart");
        }
        for (int index = 0; index < after.size(); index++) {
            Peer peer = after.get(index);
            if (peer == null) {
                peers.drop(index);
            } else if (!peer.equals(before.peers().get(index))) {
                peers.replace(index, Words.peer(peer));
            }
        }
        peers.splice();
    }

    /** A description stays as a key even without text, as it may be the first key of its rule. */
    private void describe(Node.Entries map, String text) throws EditException {
        Place place = Place.of(splices, map, DESCRIPTION);
        if (place != null) {
            Node value = place.entry().value();
            int colon = place.colon();
            boolean isEmpty = value.end() <= colon + 1;
            splices.replace(value.start(), value.end(), (isEmpty ? " " : "") + Words.text(text));
            return;
        }
        Elements fields = Elements.entriesOf(splices, map);
        fields.append(DESCRIPTION, new Fresh.Line(Words.text(text)));
        fields.splice();
    }
}
