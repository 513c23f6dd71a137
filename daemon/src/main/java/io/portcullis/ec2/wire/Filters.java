package io.portcullis.ec2.wire;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * The filters of a describe action: an object passes if it passes each filter, and a filter lets it pass if one of its values matches
 * (Filtering, EC2 API Reference). Values are case-sensitive and may have wildcards.
 */
public final class Filters {
    /** {@code tag:KEY} is a filter for any key. */
    public static final String TAG = "tag:";

    /** The most filters of a request, and the most values of all of them: EC2's are 50 and 200. */
    static final int MOST_FILTERS = 50;

    static final int MOST_VALUES = 200;
    private static final int LONGEST_VALUE = 1_024;

    private record Filter(String name, List<Wildcard> values) {}

    private final List<Filter> filters;

    private Filters(List<Filter> filters) {
        this.filters = List.copyOf(filters);
    }

    /**
     * Reads the parameters {@code Filter.N.Name} and {@code Filter.N.Value.M}.
     *
     * @param names all names that the action knows; with {@link #TAG} each name that begins so
     * @throws ApiException an unknown name, no name, no value, or too many
     */
    public static Filters of(Arguments arguments, Set<String> names) throws ApiException {
        List<Arguments> written = arguments.structures("Filter");
        if (written.size() > MOST_FILTERS) {
            throw ApiError.FILTER_LIMIT_EXCEEDED.of(MOST_FILTERS, "filters");
        }
        List<Filter> filters = new ArrayList<>();
        int all = 0;
        for (Arguments each : written) {
            String name = each.required("Name");
            if (!names.contains(name) && !(name.startsWith(TAG) && names.contains(TAG))) {
                throw ApiError.INVALID_FILTER.of(name);
            }
            List<String> values = each.strings("Value");
            if (values.isEmpty()) {
                throw ApiError.MISSING_PARAMETER.of(each.path("Value"));
            }
            all += values.size();
            if (all > MOST_VALUES) {
                throw ApiError.FILTER_LIMIT_EXCEEDED.of(MOST_VALUES, "values of filters");
            }
            filters.add(new Filter(name, wildcards(each, values)));
        }
        return new Filters(filters);
    }

    private static List<Wildcard> wildcards(Arguments filter, List<String> values) throws ApiException {
        List<Wildcard> wildcards = new ArrayList<>();
        for (String value : values) {
            if (value.length() > LONGEST_VALUE) {
                throw ApiError.INVALID_VALUE.of(
                        value, filter.path("Value"), "Expecting at most " + LONGEST_VALUE + " characters.");
            }
            wildcards.add(new Wildcard(value));
        }
        return wildcards;
    }

    /**
     * True: an object passes.
     *
     * @param property the object's values for a filter of this name; several: one of them must match
     */
    public boolean pass(Function<String, ? extends Collection<String>> property) {
        for (Filter filter : filters) {
            Collection<String> values = property.apply(filter.name);
            if (filter.values.stream().noneMatch(wanted -> values.stream().anyMatch(wanted::matches))) {
                return false;
            }
        }
        return true;
    }
}
