package io.portcullis.ec2.transfer;

import java.util.Set;
import java.util.stream.Collectors;

/** Notes about members that have no counterpart. */
final class Notes {
    private static final int LONGEST_VALUE = 60;

    private Notes() {}

    /** A note about each member that is not known. Tags have one note together. */
    static void unknown(Members object, Set<String> known, Report report) {
        for (String key : object.keys()) {
            if (known.contains(key)) {
                continue;
            }
            if (key.equals("Tags") || key.equals("TagSet")) {
                tags(object, key, "", report);
            } else {
                report.note(object.location(key), key + value(object, key) + ": not known here, left out");
            }
        }
    }

    /**
     * A note about the tags that have no counterpart.
     *
     * @param used the key of the tag that has one
     */
    static void tags(Members object, String key, String used, Report report) {
        String tags = object.objects(key).stream()
                .filter(tag -> used.isEmpty() || !tag.text("Key").orElse("").equals(used))
                .map(tag -> tag.text("Key").orElse("") + "=" + tag.text("Value").orElse(""))
                .collect(Collectors.joining(", "));
        if (!tags.isEmpty()) {
            report.note(object.location(key), "tags " + tags + ": the configuration has no tags");
        }
    }

    /** A short value behind a blank; nothing of another one. */
    static String value(Members object, String key) {
        return object.value(key)
                .map(value -> switch (value) {
                    case Json.Text(var text, var _) -> text;
                    case Json.Numeral(var text, var _) -> text;
                    case Json.Flag(var flag, var _) -> String.valueOf(flag);
                    default -> "";
                })
                .filter(text -> !text.isEmpty() && text.length() <= LONGEST_VALUE)
                .map(text -> " " + text)
                .orElse("");
    }
}
