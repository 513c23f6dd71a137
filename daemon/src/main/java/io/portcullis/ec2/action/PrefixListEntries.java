package io.portcullis.ec2.action;

import io.portcullis.ec2.model.ManagedList;
import io.portcullis.ec2.wire.ApiError;
import io.portcullis.ec2.wire.ApiException;
import io.portcullis.ec2.wire.Arguments;
import io.portcullis.net.Cidr;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Entries of managed prefix lists in requests. */
final class PrefixListEntries {
    private static final int LONGEST_DESCRIPTION = 255;

    private PrefixListEntries() {}

    /**
     * Entries to add with their descriptions, in their order.
     *
     * @param written structures with {@code Cidr} and {@code Description}
     * @throws ApiException a block that is none of this family, or comes twice, or a long description
     */
    static Map<Cidr, String> read(List<Arguments> written, boolean isV6) throws ApiException {
        Map<Cidr, String> entries = new LinkedHashMap<>();
        for (Arguments each : written) {
            Cidr block = Blocks.read(each.required("Cidr"), isV6);
            String description = each.string("Description").orElse("");
            if (description.codePointCount(0, description.length()) > LONGEST_DESCRIPTION) {
                throw ApiError.INVALID_VALUE.of(
                        description,
                        each.path("Description"),
                        "Expecting at most " + LONGEST_DESCRIPTION + " characters.");
            }
            if (entries.put(block, description) != null) {
                throw twice(block);
            }
        }
        return entries;
    }

    /**
     * The blocks of entries that are to go.
     *
     * @throws ApiException a block that is not in the list, or comes twice
     */
    static Set<Cidr> removed(List<Arguments> written, ManagedList list) throws ApiException {
        Set<Cidr> present = new HashSet<>(list.entries());
        Set<Cidr> removed = new HashSet<>();
        for (Arguments each : written) {
            Cidr block = Blocks.read(each.required("Cidr"), list.isV6());
            if (!removed.add(block)) {
                throw twice(block);
            }
            if (!present.contains(block)) {
                throw ApiError.PREFIX_LIST_CHANGE.of("The entry " + block + " of the prefix list does not exist.");
            }
        }
        return removed;
    }

    private static ApiException twice(Cidr block) {
        return ApiError.INVALID_PARAMETER.of("The request has the entry " + block + " twice");
    }

    /** Sets the description of a block, or removes it where it is empty. */
    static void describe(Map<String, String> descriptions, Cidr block, String description) {
        if (description.isEmpty()) {
            descriptions.remove(block.toString());
        } else {
            descriptions.put(block.toString(), description);
        }
    }

    /**
     * Checks {@code MaxEntries}.
     *
     * @throws ApiException it is less than 1
     */
    static int maxEntries(int most) throws ApiException {
        if (most < 1) {
            throw ApiError.INVALID_VALUE.of(most, "MaxEntries", "Expecting a value of at least 1.");
        }
        return most;
    }

    /** @throws ApiException PrefixListMaxEntriesExceeded: there would be more entries than the list may have */
    static void requireSpace(int size, int most) throws ApiException {
        if (size > most) {
            throw ApiError.PREFIX_LIST_FULL.of(size, most);
        }
    }
}
