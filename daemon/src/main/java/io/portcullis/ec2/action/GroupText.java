package io.portcullis.ec2.action;

import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import java.util.Locale;
import java.util.regex.Pattern;

/** Names and descriptions that EC2 allows for groups and rules (CreateSecurityGroup, EC2 API Reference). A file may have others. */
final class GroupText {
    private static final Pattern ALLOWED = Pattern.compile("[a-zA-Z0-9. _\\-:/()#,@\\[\\]+=&;{}!$*]{0,255}");

    private GroupText() {}

    /** True: at most 255 characters, all of EC2's set. */
    static boolean isAllowed(String text) {
        return ALLOWED.matcher(text).matches();
    }

    /**
     * The name of a new group, without the blanks at its end.
     *
     * @throws ApiException no group may have it
     */
    static String name(String written) throws ApiException {
        String name = written.stripTrailing();
        if (name.isEmpty()) {
            throw ApiError.MISSING_PARAMETER.of("GroupName");
        }
        requireAscii(name, "GroupName");
        if (!isAllowed(name)) {
            throw ApiError.GROUP_NAME.of();
        }
        String small = name.toLowerCase(Locale.ROOT);
        if (small.startsWith("sg-")) {
            throw ApiError.GROUP_NAME_OF_ID.of(name);
        }
        return name;
    }

    /**
     * Checks the description of a new group.
     *
     * @throws ApiException no group may have it
     */
    static void requireDescription(String description) throws ApiException {
        if (description.isEmpty()) {
            throw ApiError.MISSING_PARAMETER.of("GroupDescription");
        }
        requireAscii(description, "GroupDescription");
        if (!isAllowed(description)) {
            throw ApiError.GROUP_DESCRIPTION.of();
        }
    }

    /**
     * The description of a rule in a request; empty: none.
     *
     * @param described has a {@code Description}
     * @throws ApiException no rule may have it
     */
    static String ofRule(Arguments described) throws ApiException {
        String description = described.string("Description").orElse("");
        if (!isAllowed(description)) {
            throw ApiError.RULE_DESCRIPTION.of();
        }
        return description;
    }

    private static void requireAscii(String text, String parameter) throws ApiException {
        if (text.chars().anyMatch(c -> c > 0x7f)) {
            throw ApiError.NOT_ASCII.of(text, parameter);
        }
    }
}
