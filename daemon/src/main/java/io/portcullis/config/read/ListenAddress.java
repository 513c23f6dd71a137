package io.portcullis.config.read;

import io.portcullis.config.yaml.Value;
import io.portcullis.net.Address;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The address of a server.
 *
 * @param host address or host name, an IPv6 address without brackets
 * @param port 0 to 65535; 0: any free one
 */
record ListenAddress(String host, int port) {
    private static final Pattern WRITTEN = Pattern.compile("(\\[[0-9a-fA-F:.]+]|[A-Za-z0-9.-]+):([0-9]{1,5})");

    /** Empty, with an error, if it is not valid; {@code usual} is the port in the error's examples. */
    static Optional<ListenAddress> read(Value value, int usual) {
        String expected = "an address and a port such as 127.0.0.1:" + usual + " or \"[::1]:" + usual + "\"";
        Optional<String> text = value.text(expected);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        Matcher matcher = WRITTEN.matcher(text.get());
        if (!matcher.matches()) {
            value.error("must be " + expected + " (0.0.0.0 for all of IPv4, [::] for all)");
            return Optional.empty();
        }
        String host = matcher.group(1);
        int port = Integer.parseInt(matcher.group(2));
        if (port > 65535) {
            value.error("ports go from 0 to 65535");
            return Optional.empty();
        }
        boolean isV6 = host.startsWith("[");
        if (isV6) {
            host = host.substring(1, host.length() - 1);
        }
        boolean isNumeric = isV6 || host.chars().allMatch(c -> "0123456789.".indexOf(c) >= 0);
        if (isNumeric) {
            try {
                if (Address.parse(host).isV6() != isV6) {
                    throw new IllegalArgumentException(host);
                }
            } catch (IllegalArgumentException _) {
                value.error("not an address: must be " + expected);
                return Optional.empty();
            }
        }
        return Optional.of(new ListenAddress(host, port));
    }
}
