package io.portcullis.policy;

import io.portcullis.config.Rule;
import io.portcullis.net.PortRange;
import java.util.ArrayList;
import java.util.List;

/** Protocols and selectors as text. */
public final class SelectorText {
    private SelectorText() {}

    /** {@code tcp 443}, {@code icmp type 8 code 0}, {@code gre}. */
    public static String packet(boolean isV6, int protocol, int selector) {
        String name = Rule.protocolName(protocol);
        if (Selectors.domain(isV6, protocol).equals(Selectors.ZERO)) {
            return name;
        }
        return Rule.hasTypes(protocol)
                ? name + " type " + (selector >> 8) + " code " + (selector & 0xff)
                : name + " " + selector;
    }

    /** {@code 80, 443-444}, {@code type 8}, {@code type 3 code 4}; empty for all selectors of a protocol. */
    public static String of(Selectors selectors, boolean isV6, int protocol) {
        if (selectors.equals(Selectors.domain(isV6, protocol))) {
            return "";
        }
        List<String> parts = new ArrayList<>();
        for (PortRange range : selectors.ranges()) {
            if (Rule.hasTypes(protocol)) {
                types(range.low(), range.high(), parts);
            } else {
                parts.add(range.toString());
            }
        }
        return String.join(", ", parts);
    }

    /** Whole types as ranges of types, parts of a type as codes. */
    private static void types(int low, int high, List<String> parts) {
        int at = low;
        while (at <= high) {
            int type = at >> 8;
            if ((at & 0xff) == 0 && (type << 8 | 0xff) <= high) {
                int last = ((high + 1) >> 8) - 1;
                parts.add(type == last ? "type " + type : "types " + type + "-" + last);
                at = last + 1 << 8;
            } else {
                int end = Math.min(high, type << 8 | 0xff);
                parts.add("type " + type + " code " + new PortRange(at & 0xff, end & 0xff));
                at = end + 1;
            }
        }
    }
}
