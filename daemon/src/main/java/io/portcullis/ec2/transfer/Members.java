package io.portcullis.ec2.transfer;

import io.portcullis.config.Location;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads the members of an object. A member that is null counts as absent; one of another type is an error, and counts as absent. */
final class Members {
    private static final Pattern INTEGER = Pattern.compile("-?[0-9]{1,9}");

    private final Json.Entries object;
    private final Report report;

    Members(Json.Entries object, Report report) {
        this.object = object;
        this.report = report;
    }

    Json.Entries object() {
        return object;
    }

    Location location() {
        return object.location();
    }

    /** The location of a member's key, or of the object. */
    Location location(String key) {
        Json.Member member = object.members().get(key);
        return member == null ? location() : member.key();
    }

    /** The names of the members that are not null. */
    Set<String> keys() {
        Set<String> keys = new LinkedHashSet<>();
        object.members().forEach((key, member) -> {
            if (!(member.value() instanceof Json.Nothing)) {
                keys.add(key);
            }
        });
        return keys;
    }

    boolean has(String key) {
        return value(key).isPresent();
    }

    Optional<Json> value(String key) {
        return Optional.ofNullable(object.members().get(key))
                .map(Json.Member::value)
                .filter(value -> !(value instanceof Json.Nothing));
    }

    Optional<String> text(String key) {
        return typed(key, Json.Text.class, "a string").map(Json.Text::value);
    }

    /** As {@link #text}; absent is an error. */
    Optional<String> requiredText(String key) {
        if (!has(key)) {
            report.error(location(), key + " is missing");
        }
        return text(key);
    }

    Optional<Boolean> flag(String key) {
        return typed(key, Json.Flag.class, "true or false").map(Json.Flag::value);
    }

    /** An integer of at most nine digits. */
    Optional<Integer> number(String key) {
        Optional<String> text = typed(key, Json.Numeral.class, "a number").map(Json.Numeral::value);
        if (text.isPresent() && !INTEGER.matcher(text.get()).matches()) {
            report.error(location(key), key + " " + text.get() + ": must be a whole number of at most nine digits");
            return Optional.empty();
        }
        return text.map(Integer::valueOf);
    }

    /** An object; empty: absent. */
    Optional<Members> inner(String key) {
        return typed(key, Json.Entries.class, "an object").map(value -> new Members(value, report));
    }

    /** The objects of an array. */
    List<Members> objects(String key) {
        List<Members> objects = new ArrayList<>();
        for (Json item : items(key)) {
            if (item instanceof Json.Entries entries) {
                objects.add(new Members(entries, report));
            } else {
                report.error(item.location(), "is " + item.type() + ": " + key + " has objects");
            }
        }
        return objects;
    }

    /** The strings of an array. */
    List<Json.Text> texts(String key) {
        List<Json.Text> texts = new ArrayList<>();
        for (Json item : items(key)) {
            if (item instanceof Json.Text text) {
                texts.add(text);
            } else {
                report.error(item.location(), "is " + item.type() + ": " + key + " has strings");
            }
        }
        return texts;
    }

    private List<Json> items(String key) {
        return typed(key, Json.Items.class, "an array").map(Json.Items::items).orElse(List.of());
    }

    private <T extends Json> Optional<T> typed(String key, Class<T> as, String expected) {
        Optional<Json> value = value(key);
        if (value.isPresent() && !as.isInstance(value.get())) {
            report.error(value.get().location(), key + " is " + value.get().type() + ": must be " + expected);
            return Optional.empty();
        }
        return value.map(as::cast);
    }
}
