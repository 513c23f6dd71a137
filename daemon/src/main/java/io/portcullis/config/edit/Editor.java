package io.portcullis.config.edit;

import io.portcullis.config.AclEntry;
import io.portcullis.config.Config;
import io.portcullis.config.ConfigError;
import io.portcullis.config.ConfigException;
import io.portcullis.config.Interface;
import io.portcullis.config.Location;
import io.portcullis.config.NetworkAcl;
import io.portcullis.config.PrefixList;
import io.portcullis.config.edit.Outcome.Cause;
import io.portcullis.config.files.Overlay;
import io.portcullis.config.files.SourceFiles;
import io.portcullis.config.files.SourceText;
import io.portcullis.config.read.ConfigReader;
import io.portcullis.net.Cidr;
import io.portcullis.net.Direction;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Puts edits into the texts of a configuration. No file is read or written; only the names in the folders of included files are looked
 * up. All bytes outside of what an edit changes stay as they are.
 */
public final class Editor {
    /** The file of what is added, relative to the main file's folder. */
    public static final String FILE = "rules.d/ec2.yaml";

    private final String main;
    private final Map<String, String> before;
    private final Map<String, String> texts;
    private final TextEditor text;
    private final Model model;

    private Editor(Map<String, String> before, Config config) {
        this.main = before.keySet().iterator().next();
        this.before = before;
        this.texts = new LinkedHashMap<>(before);
        this.text = new TextEditor(texts);
        this.model = new Model(config);
    }

    /**
     * Makes all edits, one after the other, or none.
     *
     * @param files from {@link SourceFiles#texts}: the main file first, and every file that it includes
     * @return the new texts; or why they are refused, at the first edit that is not possible
     */
    public static Outcome apply(List<SourceText> files, List<Edit> edits) {
        Map<String, String> before = new LinkedHashMap<>();
        files.forEach(file -> before.put(file.name(), file.yaml()));
        if (before.isEmpty()) {
            return new Outcome.Refused(Cause.INVALID, Location.of(""), "there is no configuration to edit");
        }
        try {
            Editor editor = new Editor(before, read(before));
            for (Edit edit : edits) {
                editor.make(edit);
            }
            return editor.checked();
        } catch (EditException e) {
            Outcome.Refused refused = e.refused();
            boolean isSomewhere = !refused.location().file().isEmpty();
            return isSomewhere
                    ? refused
                    : new Outcome.Refused(
                            refused.cause(), Location.of(files.getFirst().name()), refused.reason());
        } catch (InvalidPathException e) {
            return new Outcome.Refused(
                    Cause.INVALID, Location.of(files.getFirst().name()), "not a file name: " + e.getMessage());
        }
    }

    private static Config read(Map<String, String> texts) throws EditException {
        SourceFiles sources = new SourceFiles();
        try {
            Config config = ConfigReader.load(main(texts), overlay(texts), sources);
            Set<String> names = new HashSet<>();
            sources.texts().forEach(file -> names.add(file.name()));
            if (!names.equals(texts.keySet())) {
                Set<String> others = new LinkedHashSet<>(texts.keySet());
                others.removeAll(names);
                throw new EditException(
                        Cause.INVALID,
                        Location.of(others.isEmpty() ? "" : others.iterator().next()),
                        "the configuration does not include this file");
            }
            return config;
        } catch (ConfigException e) {
            ConfigError first = e.errors().getFirst();
            throw new EditException(Cause.INVALID, first.location(), first.text());
        }
    }

    private static Path main(Map<String, String> texts) {
        return Path.of(texts.keySet().iterator().next());
    }

    /** Nothing but the texts: every other file counts as missing. */
    private static Overlay overlay(Map<String, String> texts) {
        Map<Path, String> byPath = new LinkedHashMap<>();
        texts.forEach((name, text) -> byPath.put(Overlay.key(Path.of(name)), text));
        return new Overlay(byPath, Overlay.key(main(texts)).getRoot(), Set.of());
    }

    /** The result, if the new texts say what the records say. */
    private Outcome checked() throws EditException {
        Config config = read(texts);
        if (!Meaning.of(config).equals(Meaning.of(model.config()))) {
            throw new EditException(
                    Cause.TEXT, Location.of(main), "the text cannot be changed without changing its meaning elsewhere");
        }
        List<SourceText> all = new ArrayList<>();
        List<Outcome.FileChange> changed = new ArrayList<>();
        texts.forEach((name, now) -> {
            all.add(new SourceText(name, now));
            if (!now.equals(before.get(name))) {
                changed.add(new Outcome.FileChange(name, before.get(name), now));
            }
        });
        return new Outcome.Edited(config, all, changed);
    }

    private void make(Edit edit) throws EditException {
        switch (edit) {
            case Edit.AddRules(var group, var direction, var rules) ->
                change(RulePlan.add(model.group(group), direction, rules));
            case Edit.RemoveRules(var group, var direction, var rules) ->
                change(RulePlan.remove(model.group(group), direction, rules));
            case Edit.DescribeRules(var group, var direction, var rules) ->
                change(RulePlan.describe(model.group(group), direction, rules));
            case Edit.ReplaceRule(var group, var direction, var old, var next) ->
                change(RulePlan.replace(model.group(group), direction, old, next));
            case Edit.AddGroup add -> {
                text.addGroup(addedFile(), add);
                include();
                model.addGroup(add, added());
            }
            case Edit.RemoveGroup(var name) -> {
                text.removeGroup(model.group(name).location(), name);
                model.removeGroup(name);
            }
            case Edit.SetGroups(var name, var groups) -> setGroups(model.iface(name), groups);
            case Edit.AddPrefixList add -> {
                text.addList(addedFile(), add);
                include();
                model.addList(add, added());
            }
            case Edit.RemovePrefixList(var name) -> {
                text.removeList(model.list(name).location(), name);
                model.removeList(name);
            }
            case Edit.ChangeEntries(var list, var added, var removed) ->
                changeEntries(model.list(list), added, removed);
            case Edit.AddAcl add -> {
                text.addAcl(addedFile(), add);
                include();
                model.addAcl(add, added());
            }
            case Edit.RemoveAcl(var name) -> {
                text.removeAcl(model.acl(name).location(), name);
                model.removeAcl(name);
            }
            case Edit.AddEntry(var acl, var direction, var entry) -> addEntry(model.acl(acl), direction, entry);
            case Edit.ReplaceEntry(var acl, var direction, var entry) -> replaceEntry(model.acl(acl), direction, entry);
            case Edit.RemoveEntry(var acl, var direction, int number) -> removeEntry(model.acl(acl), direction, number);
            case Edit.SetAcl(var name, var acl) -> {
                Interface iface = model.iface(name);
                text.acl(iface, acl);
                model.setInterface(iface, iface.securityGroups(), acl);
            }
        }
    }

    private void change(RulePlan plan) throws EditException {
        if (plan.isEmpty()) {
            return;
        }
        text.rules(plan);
        model.apply(plan);
    }

    private void setGroups(Interface iface, List<String> groups) throws EditException {
        if (groups.isEmpty()) {
            throw new EditException(Cause.INVALID, iface.location(), "an interface needs at least one group");
        }
        Set<String> next = new LinkedHashSet<>(iface.securityGroups());
        next.retainAll(new HashSet<>(groups));
        next.addAll(groups);
        text.groups(iface, List.copyOf(next));
        model.setInterface(iface, List.copyOf(next), iface.networkAcl());
    }

    private void changeEntries(PrefixList list, List<Cidr> added, List<Cidr> removed) throws EditException {
        List<Cidr> next = new ArrayList<>(list.entries());
        Set<Cidr> gone = new LinkedHashSet<>(removed);
        Set<Cidr> present = new HashSet<>(next);
        for (Cidr each : gone) {
            if (!present.remove(each)) {
                throw new EditException(Cause.MISSING, list.location(), list.name() + ": has no entry " + each);
            }
        }
        next.removeAll(gone);
        for (Cidr each : added) {
            if (!present.add(each)) {
                throw new EditException(
                        Cause.DUPLICATE, list.location(), list.name() + ": has the entry " + each + " already");
            }
            next.add(each);
        }
        text.entries(list, gone, added);
        model.setEntries(list, next);
    }

    private void addEntry(NetworkAcl acl, Direction direction, Edit.NumberedEntry entry) throws EditException {
        if (has(acl, direction, entry.number())) {
            throw new EditException(
                    Cause.DUPLICATE, acl.location(), acl.name() + ": has an entry " + entry.number() + " already");
        }
        AclEntry next = entry.entry();
        text.addEntry(acl, direction, entry);
        model.changeAcl(acl, direction, entries -> {
            entries.add(next);
            return entries;
        });
    }

    private void replaceEntry(NetworkAcl acl, Direction direction, Edit.NumberedEntry entry) throws EditException {
        requireEntry(acl, direction, entry.number());
        AclEntry next = entry.entry();
        text.setEntry(acl, direction, entry.number(), entry);
        model.changeAcl(acl, direction, entries -> {
            entries.replaceAll(each -> each.number() == next.number() ? next : each);
            return entries;
        });
    }

    private void removeEntry(NetworkAcl acl, Direction direction, int number) throws EditException {
        requireEntry(acl, direction, number);
        text.setEntry(acl, direction, number, null);
        model.changeAcl(acl, direction, entries -> {
            entries.removeIf(each -> each.number() == number);
            return entries;
        });
    }

    private static boolean has(NetworkAcl acl, Direction direction, int number) {
        List<AclEntry> entries = direction == Direction.INGRESS ? acl.ingress() : acl.egress();
        return entries.stream().anyMatch(entry -> entry.number() == number);
    }

    private static void requireEntry(NetworkAcl acl, Direction direction, int number) throws EditException {
        if (!has(acl, direction, number)) {
            throw new EditException(
                    Cause.MISSING, acl.location(), acl.name() + ": has no " + direction.label() + " entry " + number);
        }
    }

    private Location added() {
        return Location.of(addedFile());
    }

    /** The name of {@link #FILE}, as the reader gives it. */
    private String addedFile() {
        Path file = main(texts).resolveSibling(FILE);
        Path key = Overlay.key(file);
        return texts.keySet().stream()
                .filter(name -> Overlay.key(Path.of(name)).equals(key))
                .findFirst()
                .orElse(file.toString());
    }

    /** Includes {@link #FILE} unless it is included already. */
    private void include() throws EditException {
        if (before.containsKey(addedFile())) {
            return;
        }
        SourceFiles sources = new SourceFiles();
        try {
            ConfigReader.load(main(texts), overlay(texts), sources);
        } catch (ConfigException _) {
            // Only the files count: the texts between two edits may be invalid.
        }
        String guess = addedFile();
        Path key = Overlay.key(Path.of(guess));
        Optional<String> name = sources.texts().stream()
                .map(SourceText::name)
                .filter(each -> Overlay.key(Path.of(each)).equals(key))
                .findFirst();
        if (name.isEmpty()) {
            text.include(main, FILE);
        } else if (!name.get().equals(guess)) {
            // The include leads to the file in another way.
            texts.put(name.get(), texts.getOrDefault(guess, ""));
            texts.remove(guess);
        }
    }
}
