package io.portcullis.config.yaml;

import io.portcullis.config.ConfigError;
import io.portcullis.config.Location;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * What is found out while a configuration is read: every fault, in the order of finding, and how much has been looked at.
 *
 * <p>Aliases let a small file describe an endless one. So all lists and maps are counted as they are walked through, and
 * past {@link #MOST_VALUES} the walk comes to an end by itself: lists and maps are empty from there on, and one fault
 * says so.
 */
public final class Diagnostics {
    /** Values of a configuration, with every alias replaced by what it stands for; 100,000 rules are about 1,000,000. */
    static final int MOST_VALUES = 5_000_000;

    /** Looking for a similar name takes time in a file of many: the first faults get theirs, which is enough to start. */
    private static final int MOST_HINTS = 100;

    /** Faults that are told: whoever has more has one mistake in many places, and no memory is spent on them. */
    private static final int MOST_ERRORS = 10_000;

    private final List<ConfigError> errors = new ArrayList<>();
    private int suppressed;
    private int hints;
    private int values;

    /** Notes a fault. */
    public void error(Location location, String text) {
        error(new ConfigError(location, text));
    }

    /** Notes a fault. */
    public void error(ConfigError error) {
        if (values <= MOST_VALUES && errors.size() < MOST_ERRORS) {
            errors.add(error);
        } else {
            suppressed++;
        }
    }

    /** Faults so far. */
    public List<ConfigError> errors() {
        return errors;
    }

    /** How many faults are not told. */
    public int untold() {
        return values <= MOST_VALUES ? suppressed : 0;
    }

    /** Number of faults so far, with those that only follow from the end of the walk. */
    public int count() {
        return errors.size() + suppressed;
    }

    /** True while {@code count} further values of a list or map at {@code place} may be walked through. */
    boolean mayWalk(int count, Location location) {
        if (values > MOST_VALUES) {
            return false;
        }
        if (values + (long) count > MOST_VALUES) {
            error(location, String.format("too large: more than %,d values, aliases included", MOST_VALUES));
            values = MOST_VALUES + 1;
            return false;
        }
        values += count;
        return true;
    }

    /** {@code ; did you mean "web"?}, or nothing where no name is near. */
    public String hint(String written, Collection<String> names) {
        if (hints == MOST_HINTS) {
            return "";
        }
        hints++;
        return NearestName.to(written, names)
                .map(name -> "; did you mean \"" + name + "\"?")
                .orElse("");
    }
}
