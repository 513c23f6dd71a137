package io.portcullis.config;

import java.util.List;

/** Address blocks under one name; rules refer to it. Lists do not nest. */
public record PrefixList(String name, List<Cidr> entries, Place place) {
    public PrefixList {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a list without a name");
        }
        entries = PackedBlocks.of(entries);
    }
}
