package io.portcullis.config.edit;

import io.portcullis.config.Interface;
import io.portcullis.config.Location;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.PrefixList;
import io.portcullis.config.edit.Outcome.Cause;
import io.portcullis.config.yaml.Value;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.error.YAMLException;

/** The texts of a configuration's files while they are edited. Each method changes one file; the text must be valid before. */
final class TextEditor {
    private static final String GROUPS = "security-groups";
    private static final String INTERFACES = "interfaces";
    private static final String LISTS = "prefix-lists";
    private static final String ACLS = "network-acls";
    private static final String ENTRIES = "entries";
    private static final String HEADER =
            "# Made through the EC2 endpoint. Edit it as any other file of the configuration.\n";

    private final Map<String, String> texts;

    /** By file name; the map is changed. */
    TextEditor(Map<String, String> texts) {
        this.texts = texts;
    }

    /** One branch of one file, and the splices of that file. */
    private record Branch(Splices splices, Node.Entries top) {
        Place get(String section, String name) throws EditException {
            Place place = Place.of(splices, top, section);
            if (place == null) {
                throw splices.refuse(0, section + ": is not in the text of this file");
            }
            return place.get(name);
        }
    }

    private Branch branch(Location location, String... keys) throws EditException {
        return branch(location.file(), keys);
    }

    private Branch branch(String file, String... keys) throws EditException {
        Splices splices = new Splices(file, texts.getOrDefault(file, ""));
        try {
            Node.Entries top = NodeReader.top(splices.text(), List.of(keys));
            Place.requirePlain(splices, top, "the file");
            return new Branch(splices, top);
        } catch (YAMLException | IllegalArgumentException | IndexOutOfBoundsException e) {
            // As in the reader: the library throws the last two for an escape that is not a character.
            throw new EditException(
                    Cause.INVALID, Location.of(file), "not YAML: " + Value.quoted(String.valueOf(e.getMessage())));
        }
    }

    private void save(Location location, Branch branch) throws EditException {
        texts.put(location.file(), branch.splices().result());
    }

    /** Changes the rules of a group. */
    void rules(RulePlan plan) throws EditException {
        Location location = plan.group().location();
        String direction = plan.direction().label();
        boolean isIngress = plan.direction() == Direction.INGRESS;
        Branch branch = branch(location, GROUPS, plan.group().name());
        Place group = branch.get(GROUPS, plan.group().name());
        Place list = group.find(direction);
        if (list == null) {
            List<String> rules = plan.after().stream()
                    .map(rule -> Words.rule(rule, isIngress))
                    .toList();
            Elements entries = Elements.entries(group);
            entries.append(direction, new Fresh.Items(rules));
            entries.splice();
        } else {
            new RuleSplice(branch.splices(), Elements.items(list), isIngress).splice(plan);
        }
        save(location, branch);
    }

    /** Sets the groups of an interface. */
    void groups(Interface iface, List<String> groups) throws EditException {
        Branch branch = branch(iface.location(), INTERFACES, iface.name());
        Elements items = Elements.items(branch.get(INTERFACES, iface.name()).get(GROUPS));
        change(
                branch,
                items,
                iface.securityGroups(),
                new HashSet<>(groups),
                groups.stream()
                        .filter(name -> !iface.securityGroups().contains(name))
                        .map(Words::text)
                        .toList());
        save(iface.location(), branch);
    }

    /** Changes the blocks of a prefix list. */
    void entries(PrefixList list, Set<Cidr> removed, List<Cidr> added) throws EditException {
        Branch branch = branch(list.location(), LISTS, list.name());
        Place place = branch.get(LISTS, list.name());
        Elements items = Elements.items(place.entry().value() instanceof Node.Entries ? place.get(ENTRIES) : place);
        Set<Cidr> kept = new HashSet<>(list.entries());
        kept.removeAll(removed);
        change(
                branch,
                items,
                list.entries(),
                kept,
                added.stream().map(Words::block).toList());
        save(list.location(), branch);
    }

    private static <T> void change(Branch branch, Elements items, List<T> before, Set<T> kept, List<String> added)
            throws EditException {
        if (items.size() != before.size()) {
            throw branch.splices().refuse(0, "the items of a list cannot be told apart");
        }
        int index = 0;
        for (T each : before) {
            if (!kept.contains(each)) {
                items.drop(index);
            }
            index++;
        }
        added.forEach(items::append);
        items.splice();
    }

    /** Sets the network ACL of an interface; null: removes the key. */
    void acl(Interface iface, @Nullable String acl) throws EditException {
        Branch branch = branch(iface.location(), INTERFACES, iface.name());
        Place place = branch.get(INTERFACES, iface.name());
        Place key = place.find("network-acl");
        Elements entries = Elements.entries(place);
        if (key == null && acl != null) {
            entries.append("network-acl", new Fresh.Line(Words.text(acl)));
        } else if (key != null && acl != null) {
            Node value = key.entry().value();
            branch.splices().replace(value.start(), value.end(), Words.text(acl));
        } else if (key != null) {
            entries.drop(key.parent().entries().indexOf(key.entry()));
        }
        entries.splice();
        save(iface.location(), branch);
    }

    /** Adds an entry to a network ACL, behind the last one with a lower number. */
    void addEntry(NetworkAcl acl, Direction direction, Edit.NumberedEntry entry) throws EditException {
        Branch branch = branch(acl.location(), ACLS, acl.name());
        Place place = branch.get(ACLS, acl.name());
        Place list = place.find(direction.label());
        String yaml = Words.entry(entry, direction == Direction.INGRESS);
        if (list == null) {
            Elements entries = Elements.entries(place);
            entries.append(direction.label(), new Fresh.Items(List.of(yaml)));
            entries.splice();
        } else {
            Elements items = Elements.items(list);
            int behind = -1;
            for (int index = 0; index < items.size(); index++) {
                behind = number(branch, items.node(index)) < entry.number() ? index : behind;
            }
            if (behind < 0) {
                items.append(yaml);
            } else {
                items.insert(behind, yaml);
            }
            items.splice();
        }
        save(acl.location(), branch);
    }

    /** Replaces the entry of a number; null: removes it. */
    void setEntry(NetworkAcl acl, Direction direction, int number, Edit.@Nullable NumberedEntry entry)
            throws EditException {
        Branch branch = branch(acl.location(), ACLS, acl.name());
        Elements items = Elements.items(branch.get(ACLS, acl.name()).get(direction.label()));
        for (int index = 0; index < items.size(); index++) {
            if (number(branch, items.node(index)) == number && entry == null) {
                items.drop(index);
            } else if (number(branch, items.node(index)) == number && entry != null) {
                items.replace(index, Words.entry(entry, direction == Direction.INGRESS));
            }
        }
        items.splice();
        save(acl.location(), branch);
    }

    private static long number(Branch branch, Node item) throws EditException {
        Place.requirePlain(branch.splices(), item, "the entry");
        Place rule = item instanceof Node.Entries map ? Place.of(branch.splices(), map, "rule") : null;
        Optional<Long> number = rule != null && rule.entry().value() instanceof Node.Scalar scalar
                ? Value.numberIn(scalar.value(), 1, Integer.MAX_VALUE)
                : Optional.empty();
        return number.orElseThrow(
                () -> branch.splices().refuse(item.start(), "the entry's number cannot be read here"));
    }

    /** Adds a name to a section of a file, which is created if it does not exist. */
    void add(String file, String section, String name, Fresh value) throws EditException {
        if (!texts.containsKey(file)) {
            Fresh all = new Fresh.Entries(Map.of(name, value));
            texts.put(file, HEADER + String.join("\n", all.lines(section, "", "  ")) + "\n");
            return;
        }
        Branch branch = branch(file, section, name);
        Place place = Place.of(branch.splices(), branch.top(), section);
        Elements entries = place == null ? Elements.entries(branch.splices(), branch.top()) : Elements.entries(place);
        entries.append(place == null ? section : name, place == null ? new Fresh.Entries(Map.of(name, value)) : value);
        entries.splice();
        save(Location.of(file), branch);
    }

    void addGroup(String file, Edit.AddGroup added) throws EditException {
        Map<String, Fresh> keys = keys(added.id());
        if (!added.description().isEmpty()) {
            keys.put("description", new Fresh.Line(Words.text(added.description())));
        }
        keys.put("ingress", new Fresh.Items(List.of()));
        add(file, GROUPS, added.name(), new Fresh.Entries(keys));
    }

    void addList(String file, Edit.AddPrefixList added) throws EditException {
        Fresh blocks =
                new Fresh.Items(added.entries().stream().map(Words::block).toList());
        Map<String, Fresh> keys = keys(added.id());
        keys.put(ENTRIES, blocks);
        add(file, LISTS, added.name(), added.id() == null ? blocks : new Fresh.Entries(keys));
    }

    void addAcl(String file, Edit.AddAcl added) throws EditException {
        Fresh none = new Fresh.Items(List.of());
        Map<String, Fresh> keys = keys(added.id());
        keys.put("ingress", none);
        keys.put("egress", none);
        add(file, ACLS, added.name(), new Fresh.Entries(keys));
    }

    /** The first keys of what is added. */
    private static Map<String, Fresh> keys(@Nullable String id) {
        Map<String, Fresh> keys = new LinkedHashMap<>();
        if (id != null) {
            keys.put("id", new Fresh.Line(Words.text(id)));
        }
        return keys;
    }

    void removeGroup(Location location, String name) throws EditException {
        remove(location, GROUPS, name);
    }

    void removeList(Location location, String name) throws EditException {
        remove(location, LISTS, name);
    }

    void removeAcl(Location location, String name) throws EditException {
        remove(location, ACLS, name);
    }

    private void remove(Location location, String section, String name) throws EditException {
        Branch branch = branch(location, section, name);
        Place entry = branch.get(section, name);
        Place place = Place.of(branch.splices(), branch.top(), section);
        if (place == null) {
            throw new IllegalStateException(section);
        }
        Elements entries = Elements.entries(place);
        entries.drop(entry.parent().entries().indexOf(entry.entry()));
        entries.splice();
        save(location, branch);
    }

    /** Adds a file to those that the main file includes. */
    void include(String main, String pattern) throws EditException {
        Branch branch = branch(main, "include");
        Place place = Place.of(branch.splices(), branch.top(), "include");
        Elements changed = place == null ? Elements.entries(branch.splices(), branch.top()) : Elements.items(place);
        Node.Entry version = branch.top().find("version");
        if (place != null) {
            changed.append(Words.text(pattern));
        } else if (version != null) {
            Fresh list = new Fresh.Line("[" + Words.text(pattern) + "]");
            changed.insert(branch.top().entries().indexOf(version), "include", list);
        }
        changed.splice();
        save(Location.of(main), branch);
    }
}
