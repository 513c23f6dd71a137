package io.portcullis.config.read;

import io.portcullis.config.Failsafe;
import io.portcullis.config.PrefixList;
import io.portcullis.config.Rule;
import io.portcullis.config.SecurityGroup;
import io.portcullis.config.yaml.Fields;
import io.portcullis.config.yaml.Value;
import io.portcullis.net.Cidr;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads security groups and prefix lists. */
final class GroupReader {
    private static final List<String> KEYS = List.of("description", "ingress", "egress", "members");

    private final RuleReader ingress;
    private final RuleReader egress;

    GroupReader(References references) {
        ingress = RuleReader.ingress(references);
        egress = RuleReader.egress(references);
    }

    /** All groups, by name. */
    Map<String, SecurityGroup> groups(Fields named) {
        Map<String, SecurityGroup> groups = new LinkedHashMap<>();
        for (Value value : named.all()) {
            if (ConfigReader.isName(value)) {
                groups.put(value.key(), group(value));
            }
        }
        return groups;
    }

    private SecurityGroup group(Value value) {
        if (value.isNull()) {
            // A truncated file ends with a name without value, and a group without an egress key allows all egress.
            value.errorNull("{} for a group that admits no ingress and all egress");
        }
        Fields fields = value.isNull() ? Fields.named(List.of()) : value.fields(KEYS);
        String description =
                fields.get("description").flatMap(text -> text.text("a text")).orElse("");
        List<Rule> in = fields.getNonNull("ingress", "[] if nothing new may come in")
                .map(ingress::list)
                .orElse(List.of());
        @Nullable
        List<Rule> out = fields.getNonNull("egress", "[] if nothing new may leave")
                .map(egress::list)
                .orElse(null);
        List<Cidr> members = fields.get("members").map(BlockReader::list).orElse(List.of());
        return new SecurityGroup(value.key(), description, in, out, members, null, value.keyLocation());
    }

    /** The rules of {@code failsafe}. */
    Failsafe failsafe(Fields fields) {
        return new Failsafe(
                fields.getNonNull("ingress", "[] for no rule")
                        .map(ingress::list)
                        .orElse(List.of()),
                fields.getNonNull("egress", "[] for no rule").map(egress::list).orElse(List.of()));
    }

    /** All prefix lists, by name. */
    static Map<String, PrefixList> lists(Fields named) {
        Map<String, PrefixList> lists = new LinkedHashMap<>();
        for (Value value : named.all()) {
            if (ConfigReader.isName(value)) {
                if (value.isNull()) {
                    // Deny entries of network ACLs that name the list would deny nothing.
                    value.errorNull("[] for a list without blocks");
                }
                List<Cidr> entries = value.isNull() ? List.of() : BlockReader.list(value);
                lists.put(value.key(), new PrefixList(value.key(), entries, null, value.keyLocation()));
            }
        }
        return lists;
    }
}
