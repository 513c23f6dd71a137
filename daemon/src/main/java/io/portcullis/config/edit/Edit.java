package io.portcullis.config.edit;

import io.portcullis.config.AclEntry;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One change of a configuration. Names are those of the configuration, not ids. */
public sealed interface Edit {
    /** A rule with its description, which may be empty. */
    record Described(Permission permission, String description) {}

    /**
     * An entry of a network ACL.
     *
     * @param number 1 to {@link AclEntry#HIGHEST}
     * @param packets the peer is not a group
     */
    record NumberedEntry(int number, boolean allow, Permission packets) {
        /** @throws IllegalArgumentException if an {@link AclEntry} cannot have these values */
        public NumberedEntry {
            entry(number, allow, packets);
        }

        /** Without blocks: the reader derives them from the peers and the lists. */
        AclEntry entry() {
            return entry(number, allow, packets);
        }

        private static AclEntry entry(int number, boolean allow, Permission packets) {
            return new AclEntry(number, allow, packets.rule(""), List.of());
        }
    }

    /** Adds rules, each as a rule of its own, behind the others. None of them may exist. */
    record AddRules(String group, Direction direction, List<Described> rules) implements Edit {
        public AddRules {
            rules = List.copyOf(rules);
        }
    }

    /** Removes rules wherever they are in the group. Each of them must exist. */
    record RemoveRules(String group, Direction direction, List<Permission> rules) implements Edit {
        public RemoveRules {
            rules = List.copyOf(rules);
        }
    }

    /** Sets the descriptions of rules that exist. */
    record DescribeRules(String group, Direction direction, List<Described> rules) implements Edit {
        public DescribeRules {
            rules = List.copyOf(rules);
        }
    }

    /** Puts another rule in the place of one that exists. Only the same rule with another description may exist already. */
    record ReplaceRule(String group, Direction direction, Permission before, Described after) implements Edit {}

    /**
     * Adds a group that admits nothing new in and everything out. It goes to {@code rules.d/ec2.yaml}, which is included if needed.
     *
     * @param id for its key {@code id}; null: without the key
     */
    record AddGroup(
            String name, String description, @Nullable String id) implements Edit {}

    /** Removes a group that no interface and no rule refers to. */
    record RemoveGroup(String name) implements Edit {}

    /**
     * Sets the groups of an interface. Those that it has already keep their order; the others follow in the order given.
     *
     * @param groups at least one, none twice
     */
    record SetGroups(String interfaceName, List<String> groups) implements Edit {
        public SetGroups {
            groups = List.copyOf(groups);
        }
    }

    /**
     * Adds a prefix list, in {@code rules.d/ec2.yaml}.
     *
     * @param id null: the list is written without a map
     */
    record AddPrefixList(
            String name, List<Cidr> entries, @Nullable String id) implements Edit {
        public AddPrefixList {
            entries = List.copyOf(entries);
        }
    }

    /** Removes a prefix list that no rule refers to. */
    record RemovePrefixList(String name) implements Edit {}

    /** Removes blocks that a prefix list has, then adds blocks that it has not. */
    record ChangeEntries(String list, List<Cidr> added, List<Cidr> removed) implements Edit {
        public ChangeEntries {
            added = List.copyOf(added);
            removed = List.copyOf(removed);
        }
    }

    /**
     * Adds a network ACL without entries, in {@code rules.d/ec2.yaml}: it denies everything.
     *
     * @param id for its key {@code id}; null: without the key
     */
    record AddAcl(String name, @Nullable String id) implements Edit {}

    /** Removes a network ACL that no interface has. */
    record RemoveAcl(String name) implements Edit {}

    /** Adds an entry, which must have a number of its own. */
    record AddEntry(String acl, Direction direction, NumberedEntry entry) implements Edit {}

    /** Puts an entry in the place of the one with its number. */
    record ReplaceEntry(String acl, Direction direction, NumberedEntry entry) implements Edit {}

    /** Removes the entry of a number. */
    record RemoveEntry(String acl, Direction direction, int number) implements Edit {}

    /** Sets the network ACL of an interface; null: none. */
    record SetAcl(String interfaceName, @Nullable String acl) implements Edit {}
}
