package io.portcullis.config.read;

import io.portcullis.config.Ec2Api.Kind;
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
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Reads security groups and prefix lists. */
final class GroupReader {
    private static final List<String> KEYS = List.of("description", "ingress", "egress", "members", "id", "log");
    private static final List<String> LIST_KEYS = List.of("id", "entries");
    private static final String NO_BLOCK = "[] for a list without blocks";

    private final RuleReader ingress;
    private final RuleReader egress;
    private final IdReader ids;

    GroupReader(References references, IdReader ids) {
        this.ids = ids;
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
        @Nullable String id = ids.id(fields, Kind.GROUP, value.key());
        SecurityGroup.Logged log = fields.get("log")
                .flatMap(word -> SettingsReader.word(word, SecurityGroup.Logged.values()))
                .orElse(SecurityGroup.Logged.DENIED);
        return new SecurityGroup(value.key(), description, in, out, members, id, log, value.keyLocation());
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
    Map<String, PrefixList> lists(Fields named) {
        Map<String, PrefixList> lists = new LinkedHashMap<>();
        for (Value value : named.all()) {
            if (ConfigReader.isName(value)) {
                lists.put(value.key(), list(value));
            }
        }
        return lists;
    }

    /** A null would be an empty list, and deny entries of network ACLs that name it would deny nothing. */
    private PrefixList list(Value value) {
        if (!hasKeys(value)) {
            if (value.isNull()) {
                value.errorNull(NO_BLOCK);
            }
            List<Cidr> entries = value.isNull() ? List.of() : BlockReader.list(value);
            return new PrefixList(value.key(), entries, null, value.keyLocation());
        }
        Fields fields = value.fields(LIST_KEYS);
        Optional<Value> entries = fields.getNonNull("entries", NO_BLOCK);
        if (!fields.names().contains("entries")) {
            value.errorAtKey("entries is missing: write entries: " + NO_BLOCK);
        }
        return new PrefixList(
                value.key(),
                entries.map(BlockReader::list).orElse(List.of()),
                ids.id(fields, Kind.PREFIX_LIST, value.key()),
                value.keyLocation());
    }

    /** True for a list that is written as a map with its keys; false for {@code {10.0.0.5, 10.0.0.6}}, which was meant as a list. */
    private static boolean hasKeys(Value value) {
        return value.isMap()
                && !(value.isSetInBraces()
                        && Fields.entries(value).stream().noneMatch(entry -> LIST_KEYS.contains(entry.key())));
    }
}
