package io.portcullis.cli;

import io.portcullis.config.Rule;
import io.portcullis.config.read.WellKnown;
import io.portcullis.net.Address;
import io.portcullis.operations.ExplainRequest;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The options that describe a packet. */
final class PacketOptions {
    /** The direction; one of the two options is required. */
    private static final class DirectionOption {
        @Option(names = "--ingress", required = true, description = "It comes from outside.")
        private boolean ingress;

        @Option(names = "--egress", required = true, description = "It comes from inside.")
        private boolean egress;
    }

    /** An address, and a port if the option has one. */
    private record End(Address address, @Nullable String port) {}

    @Option(
            names = "--interface",
            paramLabel = "NAME",
            required = true,
            description = "An interface of the configuration.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String interfaceName;

    @ArgGroup(multiplicity = "1")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private DirectionOption direction;

    @Option(
            names = "--protocol",
            paramLabel = "NAME",
            required = true,
            description = "tcp, udp, icmp, icmpv6, … or a number.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String protocol;

    @Option(
            names = "--from",
            paramLabel = "ADDRESS[:PORT]",
            required = true,
            description =
                    "Source; an IPv6 address with a port in brackets. Rules do not use the port (default: 40000).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String from;

    @Option(
            names = "--to",
            paramLabel = "ADDRESS[:PORT]",
            required = true,
            description = "Destination; with tcp, udp and sctp the port, or the name of its service, belongs to it.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String to;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "echo-request",
            description = "Of icmp and icmpv6: name or number (default: ${DEFAULT-VALUE}).")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String type;

    @Option(names = "--code", paramLabel = "CODE", defaultValue = "0", description = "Of icmp and icmpv6 (default: 0).")
    private int code;

    @Option(names = "--vlan", paramLabel = "ID[.ID]", description = "VLAN tags, the outer one first.")
    private @Nullable String vlan;

    private static ParameterException misuse(CommandLine command, String what) {
        return new ParameterException(command, what);
    }

    /**
     * The question about the packet.
     *
     * @param command whose options they are
     * @throws ParameterException if they make no sense together
     */
    ExplainRequest request(CommandLine command) {
        int number = WellKnown.protocol(protocol)
                .orElseThrow(() -> misuse(
                        command,
                        "--protocol " + protocol + ": no such protocol (tcp, udp, icmp, icmpv6, … or 0 to 255)"));
        End source = end(command, "--from", from);
        End destination = end(command, "--to", to);
        boolean ports = Rule.hasPorts(number);
        if (!ports && (source.port != null || destination.port != null)) {
            throw misuse(command, protocol + " has no ports: write the addresses alone");
        }
        if (ports && destination.port == null) {
            throw misuse(
                    command,
                    "--to " + to + ": the port is missing: write "
                            + (destination.address.isV6() ? "[" + destination.address + "]" : destination.address)
                            + ":PORT");
        }
        if (source.address.isV6() != destination.address.isV6()) {
            throw misuse(command, from + " and " + to + " are of different families");
        }
        int icmpType = Rule.hasTypes(number)
                ? WellKnown.icmpType(number, type)
                        .orElseThrow(() -> misuse(command, "--type " + type + ": " + protocol + " has no such type"))
                : 0;
        if (code < 0 || code > 255) {
            throw misuse(command, "--code " + code + ": 0 to 255");
        }
        return new ExplainRequest(
                interfaceName,
                direction.ingress && !direction.egress,
                number,
                source.address.toString(),
                !ports ? 0 : source.port == null ? 40_000 : port(command, number, "--from", source.port),
                destination.address.toString(),
                destination.port == null ? 0 : port(command, number, "--to", destination.port),
                icmpType,
                Rule.hasTypes(number) ? code : 0,
                vlans(command));
    }

    private int port(CommandLine command, int number, String option, String text) {
        return WellKnown.port(number, text)
                .orElseThrow(() -> misuse(command, option + ": " + text + " is no port and no service of " + protocol));
    }

    private static End end(CommandLine command, String option, String text) {
        String address = text;
        String port = null;
        int close = text.indexOf(']');
        if (text.startsWith("[") && close > 0) {
            address = text.substring(1, close);
            String rest = text.substring(close + 1);
            port = rest.startsWith(":") ? rest.substring(1) : rest.isEmpty() ? null : "";
        } else if (text.indexOf(':') == text.lastIndexOf(':') && text.indexOf(':') > 0) {
            address = text.substring(0, text.indexOf(':'));
            port = text.substring(text.indexOf(':') + 1);
        }
        try {
            return new End(Address.parse(address), port);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    command,
                    option + " " + text + ": not an address such as 198.51.100.7:40000 or [2001:db8::7]:443",
                    e);
        }
    }

    private int vlans(CommandLine command) {
        if (vlan == null) {
            return 0;
        }
        Optional<int[]> ids = vlan.matches("[0-9]{1,4}([.][0-9]{1,4})?")
                ? Optional.of(Stream.of(vlan.split("[.]", -1))
                        .mapToInt(Integer::parseInt)
                        .toArray())
                : Optional.empty();
        int[] all = ids.orElseThrow(() -> misuse(command, "--vlan " + vlan + ": one or two ids, 0 to 4095"));
        int tags = 0;
        for (int id : all) {
            if (id > 4095) {
                throw misuse(command, "--vlan " + vlan + ": one or two ids, 0 to 4095");
            }
            tags = tags << 12 | id;
        }
        return tags;
    }
}
