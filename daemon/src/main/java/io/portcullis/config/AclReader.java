package io.portcullis.config;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads network ACLs (security-groups.md section 6). */
final class AclReader {
    private static final List<String> KEYS = List.of("ingress", "egress");

    private final RuleReader ingress;
    private final RuleReader egress;

    AclReader(References references) {
        ingress = RuleReader.aclIngress(references);
        egress = RuleReader.aclEgress(references);
    }

    /** All network ACLs, by name. */
    Map<String, NetworkAcl> all(Fields named) {
        Map<String, NetworkAcl> acls = new LinkedHashMap<>();
        for (Value value : named.all()) {
            if (ConfigReader.isName(value)) {
                acls.put(value.key(), acl(value));
            }
        }
        return acls;
    }

    private NetworkAcl acl(Value value) {
        Fields fields = value.isNull() ? Fields.named(List.of()) : value.fields(KEYS);
        return new NetworkAcl(
                value.key(),
                fields.get("ingress").map(list -> entries(list, ingress)).orElse(List.of()),
                fields.get("egress").map(list -> entries(list, egress)).orElse(List.of()),
                value.keyPlace());
    }

    private static List<AclEntry> entries(Value list, RuleReader reader) {
        List<AclEntry> entries = new ArrayList<>();
        Map<Long, Value> numbers = new HashMap<>();
        for (Value item : list.items("a list of entries")) {
            int faultsBefore = item.reading().count();
            Optional<Fields> written = reader.fields(item);
            if (written.isEmpty()) {
                continue;
            }
            Fields fields = written.get();
            Optional<Rule> packets = reader.read(item, fields);
            Optional<Long> number = number(item, fields);
            number.ifPresent(each -> {
                Value first = numbers.putIfAbsent(each, item);
                if (first != null) {
                    item.reading().fault(item.place(), "rule " + each + ": numbered twice, first at " + first.place());
                }
            });
            Optional<String> action = action(item, fields);
            if (item.reading().count() == faultsBefore) {
                Rule rule = packets.orElseThrow();
                entries.add(new AclEntry(
                        number.orElseThrow().intValue(), action.orElseThrow().equals("allow"), rule, blocks(rule)));
            }
        }
        return entries;
    }

    private static List<Cidr> blocks(Rule rule) {
        return rule.peers().stream()
                .flatMap(peer -> peer instanceof Peer.Net(Cidr block) ? Stream.of(block) : Stream.empty())
                .toList();
    }

    private static Optional<Long> number(Value entry, Fields fields) {
        Optional<Value> value = fields.get("rule");
        if (value.isEmpty()) {
            entry.reading()
                    .fault(
                            entry.place(),
                            "rule is missing: the entry's number, 1 to " + AclEntry.HIGHEST
                                    + "; the lowest that matches decides");
        }
        return value.flatMap(each -> each.number(1, AclEntry.HIGHEST));
    }

    private static Optional<String> action(Value entry, Fields fields) {
        Optional<Value> value = fields.get("action");
        if (value.isEmpty()) {
            entry.reading().fault(entry.place(), "action is missing: allow or deny");
        }
        return value.flatMap(each -> each.choice(List.of("allow", "deny")));
    }
}
