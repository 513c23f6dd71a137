package io.portcullis.config.yaml;

import io.portcullis.config.ConfigError;
import io.portcullis.config.Location;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * The errors found while a configuration is read, in the order of finding, and the number of values visited.
 *
 * <p>With aliases a small file can describe an endless one. Therefore the values of all lists and maps are counted when they are
 * visited. Past {@link #MOST_VALUES} all further lists and maps are empty, and one error reports it.
 */
public final class Diagnostics {
    /** Limit of values in a configuration, aliases expanded; 100,000 rules are about 1,000,000. */
    static final int MOST_VALUES = 5_000_000;

    /** Errors that get a hint: the search for a similar name is slow in a file with many names. */
    private static final int MOST_HINTS = 100;

    /** Errors that are kept: more of them are mostly one mistake in many places, and cost memory. */
    private static final int MOST_ERRORS = 10_000;

    private final List<ConfigError> errors = new ArrayList<>();
    private int suppressed;
    private int hints;
    private int values;

    /** Adds an error. */
    public void error(Location location, String text) {
        error(new ConfigError(location, text));
    }

    /** Adds an error. */
    public void error(ConfigError error) {
        if (values <= MOST_VALUES && errors.size() < MOST_ERRORS) {
            errors.add(error);
        } else {
            suppressed++;
        }
    }

    /** The errors that are kept. */
    public List<ConfigError> errors() {
        return errors;
    }

    /** The number of errors that are not kept. */
    public int omitted() {
        return values <= MOST_VALUES ? suppressed : 0;
    }

    /** The number of all errors so far, including those that only follow from {@link #MOST_VALUES}. */
    public int count() {
        return errors.size() + suppressed;
    }

    /** Counts {@code count} values of a list or map at a location; false: past the limit, they must not be visited. */
    boolean mayVisit(int count, Location location) {
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

    /** {@code ; did you mean "web"?}, or empty if no name is similar. */
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
