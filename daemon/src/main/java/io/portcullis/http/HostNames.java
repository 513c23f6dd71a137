package io.portcullis.http;

import io.netty.util.NetUtil;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The {@code Host} headers that a server on a TCP port accepts: addresses, {@code localhost} and the configured name. DNS rebinding:
 * a page of a foreign site resolves its own name to a server of the visitor's network, and the visitor's browser sends requests there
 * with the foreign name.
 */
public final class HostNames implements Routes.Admission {
    private static final Pattern HOST = Pattern.compile("(\\[[^\\]]*\\]|[^:\\[]*)(?::[0-9]*)?");

    private final String configured;

    /** @param configured the name or address that the server listens at; an IPv6 address without brackets */
    public HostNames(String configured) {
        this.configured = configured;
    }

    @Override
    public Optional<Response> refusal(Request request) {
        List<String> hosts = request.hosts();
        if (hosts.isEmpty() && !request.needsHost()) {
            return Optional.empty();
        }
        // RFC 9112, section 3.2
        if (hosts.size() != 1) {
            return Optional.of(
                    Response.error(400, "a request of HTTP/1.1 needs one Host header, this one has " + hosts.size()));
        }
        String host = hosts.getFirst();
        return isOurs(host)
                ? Optional.empty()
                : Optional.of(Response.error(
                        421,
                        "Host " + host
                                + " is not answered (DNS rebinding): use an address, localhost, or the name that the"
                                + " server is configured with"));
    }

    private boolean isOurs(String host) {
        Matcher parts = HOST.matcher(host);
        if (!parts.matches()) {
            return false;
        }
        String name = parts.group(1);
        boolean literal = name.startsWith("[")
                ? NetUtil.isValidIpV6Address(name.substring(1, name.length() - 1))
                : NetUtil.isValidIpV4Address(name);
        return literal || name.equalsIgnoreCase("localhost") || name.equalsIgnoreCase(configured);
    }
}
