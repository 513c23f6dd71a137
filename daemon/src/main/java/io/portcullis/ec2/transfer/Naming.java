package io.portcullis.ec2.transfer;

import io.portcullis.config.Location;
import io.portcullis.config.read.ConfigReader;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Gives the objects of one kind names that differ in more than case: EC2's names of groups are unique within a VPC only, and other
 * objects need none.
 */
final class Naming {
    private static final int LONGEST_BASE = 200;
    private static final int SHORT_ID = 8;

    private final Report report;
    private final Map<String, String> names = new LinkedHashMap<>();
    private final Set<String> taken = new HashSet<>();

    Naming(Report report) {
        this.report = report;
    }

    /** The names so far, by id. */
    Map<String, String> names() {
        return names;
    }

    /**
     * Names an object. Objects are named in the order of their ids, so that the names do not depend on the files.
     *
     * @param wanted empty: it has no name
     * @param unnamed the name of an object without one
     */
    void add(String id, String wanted, String unnamed, Location location) {
        String valid = wanted.isEmpty() ? unnamed : valid(wanted);
        String name = unique(valid, id.substring(id.indexOf('-') + 1));
        names.put(id, name);
        if (wanted.isEmpty()) {
            report.note(location, id + ": has no name in these files, called " + name);
        } else if (!valid.equals(wanted)) {
            report.note(location, id + ": \"" + wanted + "\" is not valid as a name, called " + name);
        } else if (!name.equals(wanted)) {
            report.note(location, id + ": another object is called " + wanted + " already, called " + name);
        }
    }

    private String unique(String wanted, String digits) {
        if (taken.add(folded(wanted))) {
            return wanted;
        }
        String suffix = digits.substring(Math.max(0, digits.length() - SHORT_ID));
        for (int attempt = 1; ; attempt++) {
            String name = wanted + "-" + suffix + (attempt == 1 ? "" : "-" + attempt);
            if (taken.add(folded(name))) {
                return name;
            }
        }
    }

    private static String folded(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    private static String valid(String wanted) {
        if (ConfigReader.isName(wanted)) {
            return wanted;
        }
        StringBuilder valid = new StringBuilder();
        wanted.codePoints()
                .limit(LONGEST_BASE)
                .mapToObj(Character::toString)
                .forEach(each -> valid.append(ConfigReader.isName(each) ? each : "-"));
        return valid.toString();
    }
}
