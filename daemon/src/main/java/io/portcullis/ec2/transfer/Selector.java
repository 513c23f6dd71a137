package io.portcullis.ec2.transfer;

import io.portcullis.config.Rule;
import io.portcullis.config.edit.Permission;
import io.portcullis.config.read.WellKnown;
import io.portcullis.net.Cidr;
import io.portcullis.net.IpProtocol;
import io.portcullis.net.PortRange;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The packets of a rule, without addresses; the same values as in {@link Permission}.
 *
 * @param ports null: all
 */
record Selector(int protocol, @Nullable PortRange ports, int icmpType, int icmpCode) {
    private static final int HIGHEST_PORT = 65_535;
    private static final int HIGHEST_TYPE = 255;

    /**
     * Of a protocol and two numbers. EC2 reads them by protocol: ports, or type and code of ICMP; other protocols have none. Only
     * an SCTP rule of this program has ports: as port 0 is not in use, 0 to 0 is EC2's "all".
     *
     * @param key of the protocol
     * @param from first port, or type; null or -1: all
     * @param to last port, or code; null or -1: all
     * @return empty, with an error, if it is not valid
     */
    static Optional<Selector> of(
            Members object, String key, @Nullable Integer from, @Nullable Integer to, Report report) {
        Optional<Integer> protocol = protocol(object, key, report);
        if (protocol.isEmpty()) {
            return Optional.empty();
        }
        int number = protocol.get();
        int first = from == null ? Rule.ALL : from;
        int last = to == null ? Rule.ALL : to;
        if (Rule.hasTypes(number)) {
            return types(number, first, last, object, report);
        }
        boolean isAll = !Rule.hasPorts(number)
                || first == Rule.ALL && last == Rule.ALL
                || number == IpProtocol.SCTP && first == 0 && last == 0;
        if (!isAll && (first < 0 || last > HIGHEST_PORT || first > last)) {
            report.error(
                    object.location(),
                    "ports " + first + " to " + last + ": must be 0 to " + HIGHEST_PORT + ", the lower one first");
            return Optional.empty();
        }
        return Optional.of(new Selector(number, isAll ? null : new PortRange(first, last), Rule.ALL, Rule.ALL));
    }

    private static Optional<Selector> types(int protocol, int type, int code, Members object, Report report) {
        if (type < Rule.ALL || type > HIGHEST_TYPE || code < Rule.ALL || code > HIGHEST_TYPE) {
            report.error(
                    object.location(),
                    "ICMP type " + type + ", code " + code + ": must be 0 to " + HIGHEST_TYPE + ", or -1 for all");
            return Optional.empty();
        }
        return Optional.of(new Selector(protocol, null, type, type == Rule.ALL ? Rule.ALL : code));
    }

    private static Optional<Integer> protocol(Members object, String key, Report report) {
        Optional<String> text = object.requiredText(key);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Optional<Integer> number = text.get().equals("-1")
                ? Optional.of(Rule.ALL)
                : WellKnown.protocol(text.get().toLowerCase(Locale.ROOT));
        if (number.isEmpty()) {
            report.error(object.location(key), key + " " + text.get() + ": must be -1, a protocol's name or 0 to 255");
        }
        return number;
    }

    /** Why no packet matches the selector and a block; null: one can. */
    @Nullable
    String conflict(Cidr block) {
        if (Blocks.isMapped(block)) {
            return block + " is IPv4-mapped, and packets with such addresses are dropped";
        }
        if (Rule.hasTypes(protocol) && block.isV6() != (protocol == IpProtocol.ICMPV6)) {
            return Rule.protocolName(protocol) + " has no packets of " + (block.isV6() ? "IPv6" : "IPv4") + ", "
                    + block;
        }
        return null;
    }

    @Override
    public String toString() {
        return Rule.protocolName(protocol)
                + (ports == null ? "" : " " + ports)
                + (icmpType == Rule.ALL ? "" : " type " + icmpType)
                + (icmpCode == Rule.ALL ? "" : " code " + icmpCode);
    }
}
