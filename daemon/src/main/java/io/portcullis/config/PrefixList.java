package io.portcullis.config;

import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.List;

/** Named address blocks that rules refer to. Lists do not nest. */
public record PrefixList(String name, List<Cidr> entries, Location location) {
    public PrefixList {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a list without a name");
        }
        entries = PackedBlocks.of(entries);
    }
}
