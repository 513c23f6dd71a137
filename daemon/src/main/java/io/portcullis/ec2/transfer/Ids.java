package io.portcullis.ec2.transfer;

import io.portcullis.config.Ec2Api.Kind;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads ids. */
final class Ids {
    private static final Pattern WORD = Pattern.compile("(?<![0-9A-Za-z])pl-[0-9A-Za-z]+");

    private Ids() {}

    /** The id in a member; empty, with an error, if it is absent or none of that kind. */
    static Optional<String> of(Kind kind, Members object, String key, Report report) {
        Optional<String> id = object.requiredText(key);
        if (id.isPresent() && !kind.isId(id.get())) {
            report.error(
                    object.location(key),
                    key + " " + id.get() + ": must be " + kind.prefix() + " and 8 or 17 digits (0 to 9, a to f)");
            return Optional.empty();
        }
        return id;
    }

    /** The id of a prefix list in the name of a file. */
    static Optional<String> listIn(String fileName) {
        Matcher matcher = WORD.matcher(fileName);
        while (matcher.find()) {
            if (Kind.PREFIX_LIST.isId(matcher.group())) {
                return Optional.of(matcher.group());
            }
        }
        return Optional.empty();
    }
}
