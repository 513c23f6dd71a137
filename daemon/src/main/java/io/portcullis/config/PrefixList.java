package io.portcullis.config;

import io.portcullis.net.Cidr;
import io.portcullis.net.PackedBlocks;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Named address blocks that rules refer to. Lists do not nest.
 *
 * @param id of EC2, {@code pl-} and 8 or 17 hexadecimal digits; null: derived from the name
 */
public record PrefixList(
        String name, List<Cidr> entries, @Nullable String id, Location location) {
    public PrefixList {
        if (name.isEmpty()) {
            throw new IllegalArgumentException("a list without a name");
        }
        entries = PackedBlocks.of(entries);
    }
}
