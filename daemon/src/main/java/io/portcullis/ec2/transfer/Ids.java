package io.portcullis.ec2.transfer;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** EC2's ids: a prefix, a hyphen, and 8 or 17 hexadecimal digits. */
final class Ids {
    private static final String DIGITS = "-(?:[0-9a-f]{17}|[0-9a-f]{8})";
    private static final Pattern LIST_IN_A_NAME = Pattern.compile("(?<![0-9A-Za-z])pl" + DIGITS + "(?![0-9a-z])");

    private Ids() {}

    static Optional<String> group(Members object, String key, String id, Report report) {
        return of("sg", object, key, id, report);
    }

    /** The id, if it is one of that prefix; empty, with an error, if it is not. */
    static Optional<String> of(String prefix, Members object, String key, String id, Report report) {
        if (!is(prefix, id)) {
            report.error(
                    object.location(key), key + " " + id + ": must be " + prefix + "- and 8 or 17 hexadecimal digits");
            return Optional.empty();
        }
        return Optional.of(id);
    }

    static boolean is(String prefix, String id) {
        return id.matches(prefix + DIGITS);
    }

    /** The id of a prefix list in the name of a file. */
    static Optional<String> listIn(String fileName) {
        Matcher matcher = LIST_IN_A_NAME.matcher(fileName);
        return matcher.find() ? Optional.of(matcher.group()) : Optional.empty();
    }
}
